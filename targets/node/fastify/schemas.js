import { computeParams, upstreamParams } from '../params.js';

const text = { type: 'string' };
const whole = { type: 'integer' };
const flag = { type: 'boolean' };
const none = { type: 'null' };

const object = (properties) => ({ type: 'object', properties });
const array = (entries) => ({ type: 'array', items: entries });

const error = object({ error: text });
const answers = (properties) => ({ 200: object(properties), '4xx': error, '5xx': error });

// "integer" alone would coerce 1e2 and 0x10 as well: the text has to be digits before it is read as a number.
const param = ({ default: value, ...range }) => ({
  default: value,
  allOf: [{ type: 'string', pattern: '^\\d+$' }, { type: 'integer', ...range }],
});
const query = (params) =>
  object(Object.fromEntries(Object.entries(params).map(([name, range]) => [name, param(range)])));

export const healthz = { response: answers({ ok: flag }) };

export const about = {
  response: answers({
    runtime: text,
    runtime_version: text,
    framework: text,
    framework_version: text,
    server: text,
    server_version: text,
    workers: whole,
    threads: none,
    gil: none,
    pid: whole,
  }),
};

export const items = {
  response: answers({
    items: array(object({ id: whole, name: text, sku: text, cents: whole, tags: array(text), available: flag })),
  }),
};

export const upstream = {
  querystring: query(upstreamParams),
  response: answers({ ok: flag, calls: whole, waited_ms: whole }),
};

export const compute = {
  querystring: query(computeParams),
  response: answers({ n: whole, result: whole }),
};
