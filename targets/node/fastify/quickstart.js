// The server of a newcomer who follows fastify.dev's "Getting Started": its logger is on, and nothing else is set.
import Fastify from 'fastify';
import { about } from '../about.js';
import { params, read } from '../params.js';
import { settings } from '../settings.js';
import { compute } from '../tasks/compute.js';
import { items } from '../tasks/items.js';
import { upstream } from '../tasks/upstream.js';

const fastify = Fastify({
  logger: true,
});

fastify.get('/healthz', (request, reply) => {
  reply.send({ ok: true });
});

fastify.get('/about', (request, reply) => {
  reply.send({ ...about('fastify', fastify.version), workers: 1 });
});

fastify.get('/json', (request, reply) => {
  reply.send(items());
});

fastify.get('/upstream', async (request) => {
  return await upstream(read(request.query, params.upstream));
});

fastify.get('/compute', (request, reply) => {
  reply.send(compute(read(request.query, params.compute)));
});

fastify.listen({ port: settings.port, host: settings.host }, (err) => {
  if (err) {
    fastify.log.error(err);
    process.exit(1);
  }
});
