import { Refusal } from './refusal.js';

// The names are those of JSON Schema, so that Fastify can build its schemas from the same ranges.
export const upstreamParams = {
  ms: { minimum: 0, maximum: 10_000, default: 20 },
  n: { minimum: 1, maximum: 100, default: 1 },
};

export const computeParams = {
  n: { minimum: 1, maximum: 2000, default: 256 },
};

/** Reads whole numbers from a parsed query string. A name given twice is an array there, and refused. */
export function read(query, params) {
  const values = {};
  for (const [name, range] of Object.entries(params)) {
    const text = query[name] ?? String(range.default);
    const value = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= range.minimum && value <= range.maximum)) throw new Refusal(400, `bad ${name}`);
    values[name] = value;
  }
  return values;
}
