import fastify from 'fastify';
import { about } from '../about.js';
import { serve } from '../serve.js';
import { compute } from '../tasks/compute.js';
import { items } from '../tasks/items.js';
import { upstream } from '../tasks/upstream.js';
import * as schemas from './schemas.js';

const notFound = (_request, reply) => reply.code(404).send({ error: 'not found' });

const app = fastify({
  return503OnClosing: false, // what has been accepted is answered, also while draining
  frameworkErrors: (_error, request, reply) => notFound(request, reply), // a path that cannot be decoded
});

app.get('/healthz', { schema: schemas.healthz }, () => ({ ok: true }));
app.get('/about', { schema: schemas.about }, () => about('fastify', app.version));
app.get('/json', { schema: schemas.items }, () => items());
app.get('/upstream', { schema: schemas.upstream }, (request) => upstream(request.query));
app.get('/compute', { schema: schemas.compute }, (request) => compute(request.query));

app.setNotFoundHandler(notFound);

app.setErrorHandler((error, _request, reply) => {
  if (error.validation) {
    const [{ instancePath }] = error.validation; // "/ms" or "/n"
    return reply.code(400).send({ error: `bad ${instancePath.slice(1)}` });
  }
  return reply.code(error.statusCode ?? 500).send({ error: error.message });
});

await app.ready(); // schemas are compiled before any worker listens
serve(app, app.server);
