import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import express from 'express';
import { about } from '../about.js';
import { computeParams, read, upstreamParams } from '../params.js';
import { serve } from '../serve.js';
import { compute } from '../tasks/compute.js';
import { items } from '../tasks/items.js';
import { upstream } from '../tasks/upstream.js';

const { version } = createRequire(import.meta.url)('express/package.json');

const app = express();
app.disable('etag');
app.disable('x-powered-by');
app.enable('case sensitive routing');
app.enable('strict routing');

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
  res.json(await upstream(read(req.query, upstreamParams)));
});

app.get('/compute', (req, res) => {
  res.json(compute(read(req.query, computeParams)));
});

app.use((_req, res) => {
  res.status(404).json({ error: 'not found' });
});

// Express tells an error handler by its four parameters.
app.use((error, _req, res, _next) => {
  res.status(error.statusCode ?? 500).json({ error: error.message });
});

serve(createServer(app));
