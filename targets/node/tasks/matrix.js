import { keepLast } from './keep.js';

const operands = keepLast((n) => ({
  a: fill(n, (i, j) => (3 * i + 7 * j) % 11),
  b: fill(n, (i, j) => (5 * i + 2 * j) % 13),
  weights: fill(n, (i, j) => (i + j) % 3),
}));

/** The body of /matrix: the weighted sum of the product of two n by n matrices. */
export function matrix({ n }) {
  const { a, b, weights } = operands(n);
  const c = multiply(a, b, n);
  let result = 0;
  for (let i = 0; i < c.length; i++) result += c[i] * weights[i];
  return { n, result };
}

// The inner loop runs over rows of B, so it reads B and C in the order of memory.
function multiply(a, b, n) {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let k = 0; k < n; k++) {
      const factor = a[row + k];
      const other = k * n;
      for (let j = 0; j < n; j++) c[row + j] += factor * b[other + j];
    }
  }
  return c;
}

function fill(n, cell) {
  const cells = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) cells[i * n + j] = cell(i, j);
  }
  return cells;
}
