import { setTimeout as sleep } from 'node:timers/promises';
import { compute } from './compute.js';
import { hash } from './hash.js';

/** The kinds of work of /parallel: each computes a number from n. */
export const works = {
  compute: (n) => compute({ n }).result,
  hash: (n) => parseInt(hash({ kib: n }).result.slice(0, 6), 16),
  wait: (n) => sleep(n, n),
};
