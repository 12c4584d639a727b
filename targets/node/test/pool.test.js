import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createPool } from '../tasks/pool.js';

// Echoes its task after ten milliseconds, or dies if the task says so.
const echo = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (task) => {
    if (task === 'die') process.exit(1);
    if (task === 'throw') throw new Error('thrown');
    setTimeout(() => parentPort.postMessage(task), 10);
  });
`;

function poolFor(t, limit) {
  const made = [];
  const run = createPool({
    limit,
    make() {
      const worker = new Worker(echo, { eval: true });
      made.push(worker);
      return worker;
    },
    post: (worker, task) => worker.postMessage(task),
  });
  t.after(() => Promise.all(made.map((worker) => worker.terminate())));
  return { made, run };
}

it('makes workers on demand, up to its limit', async (t) => {
  const { made, run } = poolFor(t, 3);
  assert.equal(await run(1), 1);
  assert.equal(await run(2), 2);
  assert.equal(made.length, 1);
  const tasks = Array.from({ length: 20 }, (_, i) => i);
  assert.deepEqual(await Promise.all(tasks.map(run)), tasks);
  assert.equal(made.length, 3);
});

for (const task of ['die', 'throw']) {
  it(`fails the task of a lost worker, and makes another worker: ${task}`, async (t) => {
    const { made, run } = poolFor(t, 2);
    const results = await Promise.allSettled([run(task), run(task), run(1), run(2), run(3)]);
    assert.deepEqual(results.map(({ status, value }) => value ?? status), ['rejected', 'rejected', 1, 2, 3]);
    assert.equal(made.length, 4);
  });
}

it('replaces a worker that is lost while it is idle', async (t) => {
  const { made, run } = poolFor(t, 1);
  await run(1);
  await made[0].terminate();
  await sleep(10);
  assert.equal(await run(2), 2);
});
