const LIMIT = 50;

/** The body of /compute: the sum of Mandelbrot iteration counts over an n by n grid. */
export function compute({ n }) {
  let result = 0;
  for (let y = 0; y < n; y++) {
    const ci = (2.0 * y) / n - 1.0;
    for (let x = 0; x < n; x++) {
      result += steps((3.0 * x) / n - 2.0, ci);
    }
  }
  return { n, result };
}

function steps(cr, ci) {
  let zr = 0.0;
  let zi = 0.0;
  let count = 0;
  while (count < LIMIT && zr * zr + zi * zi <= 4.0) {
    const next = zr * zr - zi * zi + cr;
    zi = 2.0 * zr * zi + ci;
    zr = next;
    count++;
  }
  return count;
}
