import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { params } from '../params.js';
import { Refusal } from '../refusal.js';
import { createPool } from './pool.js';
import { works } from './works.js';

const limit = 16;
const children = new Set();
process.on('exit', () => { for (const child of children) child.kill('SIGKILL'); });

const modes = {
  inline: ({ work, n }) => works[work](n),
  threads: createPool({
    limit,
    make: () => new Worker(new URL('thread.js', import.meta.url)),
    post: (thread, task) => thread.postMessage(task),
  }),
  processes: createPool({
    limit,
    make() {
      const child = fork(new URL('process.js', import.meta.url));
      children.add(child);
      return child.once('exit', () => children.delete(child));
    },
    post: (child, task) => child.send(task),
  }),
};

/** The body of /parallel: the sum of the results of k tasks. */
export async function parallel({ mode, k, work, n }) {
  if (work === 'compute' && n > params.compute.n.maximum) throw new Refusal(400, 'bad n');

  const run = modes[mode];
  if (!run) throw new Refusal(501, `no ${mode}`);

  let result = 0;
  if (mode === 'inline') {
    for (let i = 0; i < k; i++) result += await run({ work, n });
  } else {
    const results = await Promise.all(Array.from({ length: k }, () => run({ work, n })));
    for (const one of results) result += one;
  }
  return { mode, k, result };
}
