// The server of a newcomer who follows expressjs.com's "Hello world": no settings.
import { createRequire } from 'node:module';
import express from 'express';
import { about } from '../about.js';
import { params, read } from '../params.js';
import { settings } from '../settings.js';
import { compute } from '../tasks/compute.js';
import { items } from '../tasks/items.js';
import { upstream } from '../tasks/upstream.js';

const { version } = createRequire(import.meta.url)('express/package.json');

const app = express();

app.get('/healthz', (req, res) => {
  res.json({ ok: true });
});

app.get('/about', (req, res) => {
  res.json({ ...about('express', version), workers: 1 });
});

app.get('/json', (req, res) => {
  res.json(items());
});

app.get('/upstream', async (req, res) => {
  res.json(await upstream(read(req.query, params.upstream)));
});

app.get('/compute', (req, res) => {
  res.json(compute(read(req.query, params.compute)));
});

app.listen(settings.port, settings.host, () => {
  console.log(`Example app listening on port ${settings.port}`);
});
