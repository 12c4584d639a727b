import { createHash } from 'node:crypto';
import { keepLast } from './keep.js';

const data = keepLast((kib) => {
  const bytes = Buffer.allocUnsafe(kib * 1024);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 251;
  return bytes;
});

/** The body of /hash: the SHA-256 of K KiB. */
export function hash({ kib }) {
  return { kib, result: createHash('sha256').update(data(kib)).digest('hex') };
}
