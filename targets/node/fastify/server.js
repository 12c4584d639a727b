import fastify from 'fastify';
import { about } from '../about.js';
import { MESSAGE } from '../limits.js';
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
import * as schemas from './schemas.js';

const notFound = (_request, reply) => reply.code(404).send({ error: 'not found' });

const app = fastify({
  bodyLimit: MESSAGE,
  exposeHeadRoutes: false,
  return503OnClosing: false, // while draining, respond normally to everything that has been accepted
  frameworkErrors: (_error, request, reply) => notFound(request, reply), // a path that cannot be decoded
});

// The task parses the body, whatever its declared type.
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

app.get('/healthz', { schema: schemas.healthz }, () => ({ ok: true }));
app.get('/about', { schema: schemas.about }, () => about('fastify', app.version));
app.get('/json', { schema: schemas.items }, () => items());
app.get('/upstream', { schema: schemas.upstream }, (request) => upstream(request.query));
app.get('/stream', { schema: schemas.stream }, (request, reply) => reply.type('text/plain').send(stream(request.query)));
app.get('/compute', { schema: schemas.compute }, (request) => compute(request.query));
app.get('/objects', { schema: schemas.objects }, (request) => objects(request.query));
app.get('/hash', { schema: schemas.hash }, (request) => hash(request.query));
app.get('/compress', { schema: schemas.compress }, (request) => compress(request.query));
app.get('/matrix', { schema: schemas.matrix }, (request) => matrix(request.query));
app.get('/parallel', { schema: schemas.parallel }, (request) => parallel(request.query));
app.get('/db/read', { schema: schemas.dbRead }, (request) => dbRead(request.query));
app.get('/db/reads', { schema: schemas.dbReads }, (request) => dbReads(request.query));
app.get('/db/update', { schema: schemas.dbUpdate }, () => dbUpdate());
app.get('/dashboard', (_request, reply) => {
  reply.hijack();
  view(reply.raw);
});
app.post('/dashboard', { schema: schemas.post }, (request) => post(request.body));
app.get('/tokens', { schema: schemas.tokens }, (request, reply) => {
  reply.hijack();
  tokens(request.query, reply.raw);
});

app.setNotFoundHandler(notFound);

app.setErrorHandler((error, request, reply) => {
  if (request.is404) return notFound(request, reply);
  if (error.validation) {
    const [{ instancePath }] = error.validation; // "/ms" or "/n"
    return reply.code(400).send({ error: `bad ${instancePath.slice(1)}` });
  }
  if (error.code?.startsWith('FST_ERR_CTP_')) return reply.code(400).send({ error: 'bad body' });
  return reply.code(error.statusCode ?? 500).send({ error: error.message });
});

openRoom(app.server);
await app.ready(); // compiles the schemas before any worker listens
serve(app, app.server);
