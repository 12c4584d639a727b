import { next } from './sequence.js';

/** The body of /objects: groups records by name, sorts the groups and writes them as text. R is its checksum. */
export function objects({ n }) {
  const text = [...group(records(n)).values()]
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
    .map(({ name, total, count }) => `${name.toUpperCase()}=${total}/${count}`)
    .join(';');
  return { n, result: sum(text) };
}

function records(n) {
  const list = [];
  let x = 1;
  for (let i = 0; i < n; i++) {
    x = next(x);
    list.push({ id: i, name: `user-${x % 997}`, score: x % 1009 });
  }
  return list;
}

function group(list) {
  const groups = new Map();
  for (const { name, score } of list) {
    const known = groups.get(name);
    if (known) {
      known.count += 1;
      known.total += score;
    } else {
      groups.set(name, { name, count: 1, total: score });
    }
  }
  return groups;
}

function sum(text) {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) % 1_000_003;
  return h;
}
