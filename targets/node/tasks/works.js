import { setTimeout as sleep } from 'node:timers/promises';
import { compute } from './compute.js';
import { hash } from './hash.js';

/** The works of /parallel: what each makes of n. */
export const works = {
  compute: (n) => compute({ n }).result,
  hash: (n) => parseInt(hash({ kib: n }).result.slice(0, 6), 16),
  wait: (n) => sleep(n, n),
};
