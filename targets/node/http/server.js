import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import { about } from '../about.js';
import { computeParams, read, upstreamParams } from '../params.js';
import { Refusal } from '../refusal.js';
import { serve } from '../serve.js';
import { compute } from '../tasks/compute.js';
import { items } from '../tasks/items.js';
import { upstream } from '../tasks/upstream.js';

const routes = new Map([
  ['/healthz', () => ({ ok: true })],
  ['/about', () => about('node:http', process.versions.node)],
  ['/json', () => items()],
  ['/upstream', (search) => upstream(read(parse(search), upstreamParams))],
  ['/compute', (search) => compute(read(parse(search), computeParams))],
]);

serve(createServer(async (request, response) => {
  try {
    send(response, 200, await answer(request));
  } catch (error) {
    send(response, error.statusCode ?? 500, { error: error.message });
  }
}));

function answer({ method, url }) {
  const mark = url.indexOf('?');
  const route = routes.get(mark < 0 ? url : url.slice(0, mark));
  if (!route || method !== 'GET') throw new Refusal(404, 'not found');
  return route(mark < 0 ? '' : url.slice(mark + 1));
}

function send(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
