import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import { pipeline } from 'node:stream';
import { about } from '../about.js';
import { readBody } from '../body.js';
import { params, read } from '../params.js';
import { Refusal } from '../refusal.js';
import { serve } from '../serve.js';
import { compress } from '../tasks/compress.js';
import { compute } from '../tasks/compute.js';
import { post, view } from '../tasks/dashboard.js';
import { dbRead, dbReads, dbUpdate } from '../tasks/database.js';
import { hash } from '../tasks/hash.js';
import { items } from '../tasks/items.js';
import { matrix } from '../tasks/matrix.js';
import { objects } from '../tasks/objects.js';
import { parallel } from '../tasks/parallel.js';
import { openRoom } from '../tasks/room.js';
import { stream } from '../tasks/stream.js';
import { tokens } from '../tasks/tokens.js';
import { upstream } from '../tasks/upstream.js';

// A route returns the value to send as JSON, or undefined if it sends the response itself.
const routes = {
  GET: new Map([
    ['/healthz', () => ({ ok: true })],
    ['/about', () => about('node:http', process.versions.node)],
    ['/json', () => items()],
    ['/upstream', (search) => upstream(read(parse(search), params.upstream))],
    ['/stream', (search, _request, response) => sendText(response, stream(read(parse(search), params.stream)))],
    ['/compute', (search) => compute(read(parse(search), params.compute))],
    ['/objects', (search) => objects(read(parse(search), params.objects))],
    ['/hash', (search) => hash(read(parse(search), params.hash))],
    ['/compress', (search) => compress(read(parse(search), params.compress))],
    ['/matrix', (search) => matrix(read(parse(search), params.matrix))],
    ['/parallel', (search) => parallel(read(parse(search), params.parallel))],
    ['/db/read', (search) => dbRead(read(parse(search), params.dbRead))],
    ['/db/reads', (search) => dbReads(read(parse(search), params.dbReads))],
    ['/db/update', () => dbUpdate()],
    ['/dashboard', (_search, _request, response) => view(response)],
    ['/tokens', (search, _request, response) => tokens(read(parse(search), params.tokens), response)],
  ]),
  POST: new Map([
    ['/dashboard', async (_search, request) => post(await readBody(request))],
  ]),
};

const server = createServer(async (request, response) => {
  try {
    const value = await answer(request, response);
    if (value !== undefined) send(response, 200, value);
  } catch (error) {
    send(response, error.statusCode ?? 500, { error: error.message });
  }
});
openRoom(server);
serve(server);

function answer(request, response) {
  const { method, url } = request;
  const mark = url.indexOf('?');
  const route = routes[method]?.get(mark < 0 ? url : url.slice(0, mark));
  if (!route) throw new Refusal(404, 'not found');
  return route(mark < 0 ? '' : url.slice(mark + 1), request, response);
}

function send(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function sendText(response, text) {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  pipeline(text, response, () => {}); // it is not a failure if a client leaves early
}
