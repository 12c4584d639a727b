import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { pipeline } from 'node:stream';
import express from 'express';
import { about } from '../about.js';
import { params, read } from '../params.js';
import { serve } from '../serve.js';
import { compress } from '../tasks/compress.js';
import { compute } from '../tasks/compute.js';
import { dbRead, dbReads, dbUpdate } from '../tasks/database.js';
import { hash } from '../tasks/hash.js';
import { items } from '../tasks/items.js';
import { matrix } from '../tasks/matrix.js';
import { objects } from '../tasks/objects.js';
import { parallel } from '../tasks/parallel.js';
import { stream } from '../tasks/stream.js';
import { upstream } from '../tasks/upstream.js';

const { version } = createRequire(import.meta.url)('express/package.json');

const app = express();
app.disable('etag');
app.disable('x-powered-by');
app.enable('case sensitive routing');
app.enable('strict routing');

const notFound = (res) => res.status(404).json({ error: 'not found' });

// Without this, Express would respond to HEAD with the GET routes.
app.use((req, res, next) => {
  if (req.method === 'HEAD') notFound(res);
  else next();
});

app.get('/healthz', (_req, res) => {
  res.json({ ok: true });
});

app.get('/about', (_req, res) => {
  res.json(about('express', version));
});

app.get('/json', (_req, res) => {
  res.json(items());
});

app.get('/upstream', async (req, res) => {
  res.json(await upstream(read(req.query, params.upstream)));
});

app.get('/stream', (req, res) => {
  const text = stream(read(req.query, params.stream));
  pipeline(text, res.type('text/plain'), () => {}); // it is not a failure if a client leaves early
});

app.get('/compute', (req, res) => {
  res.json(compute(read(req.query, params.compute)));
});

app.get('/objects', (req, res) => {
  res.json(objects(read(req.query, params.objects)));
});

app.get('/hash', (req, res) => {
  res.json(hash(read(req.query, params.hash)));
});

app.get('/compress', (req, res) => {
  res.json(compress(read(req.query, params.compress)));
});

app.get('/matrix', (req, res) => {
  res.json(matrix(read(req.query, params.matrix)));
});

app.get('/parallel', async (req, res) => {
  res.json(await parallel(read(req.query, params.parallel)));
});

app.get('/db/read', async (req, res) => {
  res.json(await dbRead(read(req.query, params.dbRead)));
});

app.get('/db/reads', async (req, res) => {
  res.json(await dbReads(read(req.query, params.dbReads)));
});

app.get('/db/update', async (_req, res) => {
  res.json(await dbUpdate());
});

app.use((_req, res) => {
  notFound(res);
});

// Express recognizes an error handler by its four parameters.
app.use((error, _req, res, _next) => {
  res.status(error.statusCode ?? 500).json({ error: error.message });
});

serve(createServer(app));
