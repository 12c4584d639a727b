import { params } from '../params.js';

const text = { type: 'string' };
const whole = { type: 'integer' };
const flag = { type: 'boolean' };
const none = { type: 'null' };

const object = (properties) => ({ type: 'object', properties });
const array = (entries) => ({ type: 'array', items: entries });

const error = object({ error: text });
const answers = (properties) => ({ 200: object(properties), '4xx': error, '5xx': error });

// "integer" alone would also accept 1e2 and 0x10, so the text must consist of digits before it is read as a number.
const number = ({ default: value, ...range }) => ({
  default: value,
  allOf: [{ type: 'string', pattern: '^\\d+$' }, { type: 'integer', ...range }],
});
// The default replaces a missing name. "required" is not used here, because Ajv would check it before all other rules.
const choice = (rule) => ({ type: 'string', default: '', ...rule });
const query = (rules) =>
  object(Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, (rule.enum ? choice : number)(rule)])));

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
  querystring: query(params.upstream),
  response: answers({ ok: flag, calls: whole, waited_ms: whole }),
};

export const stream = { querystring: query(params.stream) };

const computed = { response: answers({ n: whole, result: whole }) };

export const compute = { querystring: query(params.compute), ...computed };

export const objects = { querystring: query(params.objects), ...computed };

export const hash = {
  querystring: query(params.hash),
  response: answers({ kib: whole, result: text }),
};

export const compress = {
  querystring: query(params.compress),
  response: answers({ kib: whole, result: whole }),
};

export const matrix = { querystring: query(params.matrix), ...computed };

export const parallel = {
  querystring: query(params.parallel),
  response: answers({ mode: text, k: whole, result: whole }),
};

const row = { id: whole, name: text, cents: whole };

export const dbRead = {
  querystring: query(params.dbRead),
  response: answers(row),
};

export const dbReads = {
  querystring: query(params.dbReads),
  response: answers({ items: array(object(row)) }),
};

export const dbUpdate = { response: answers({ updated: whole }) };

export const post = { response: answers({ viewers: whole }) };

export const tokens = { querystring: query(params.tokens) };
