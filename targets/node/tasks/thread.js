// A worker thread of /parallel.
import { parentPort } from 'node:worker_threads';
import { works } from './works.js';

parentPort.on('message', async ({ work, n }) => {
  parentPort.postMessage(await works[work](n));
});
