import { Refusal } from './refusal.js';

// The parameters of each route, in the order in which a response names bad ones. The words are those of JSON Schema, so
// that Fastify can build its schemas from the same rules.
export const params = {
  upstream: {
    ms: { minimum: 0, maximum: 10_000, default: 20 },
    n: { minimum: 1, maximum: 100, default: 1 },
  },
  stream: { kib: { minimum: 1, maximum: 65_536, default: 1024 } },
  compute: { n: { minimum: 1, maximum: 2000, default: 256 } },
  objects: { n: { minimum: 1, maximum: 100_000, default: 2000 } },
  hash: { kib: { minimum: 1, maximum: 65_536, default: 1024 } },
  compress: { kib: { minimum: 1, maximum: 16_384, default: 256 } },
  matrix: { n: { minimum: 1, maximum: 1024, default: 256 } },
  parallel: {
    mode: { enum: ['inline', 'threads', 'processes', 'interpreters'] },
    k: { minimum: 1, maximum: 16, default: 2 },
    work: { enum: ['compute', 'hash', 'wait'] },
    n: { minimum: 1, maximum: 65_536, default: 128 },
  },
  dbRead: { id: { minimum: 1, maximum: 10_000, default: 1 } },
  dbReads: {
    id: { minimum: 1, maximum: 10_000, default: 1 },
    n: { minimum: 1, maximum: 100, default: 20 },
  },
  tokens: {
    n: { minimum: 1, maximum: 1000, default: 50 },
    ms: { minimum: 0, maximum: 1000, default: 20 },
  },
};

/** Reads a route's parameters from a parsed query string. It refuses a name given twice, which is an array there. */
export function read(query, rules) {
  const values = {};
  for (const [name, rule] of Object.entries(rules)) {
    const value = rule.enum ? query[name] : whole(query[name] ?? String(rule.default));
    const good = rule.enum ? rule.enum.includes(value) : value >= rule.minimum && value <= rule.maximum;
    if (!good) throw new Refusal(400, `bad ${name}`);
    values[name] = value;
  }
  return values;
}

function whole(text) {
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : NaN;
}
