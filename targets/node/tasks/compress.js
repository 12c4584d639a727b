import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { keepLast } from './keep.js';
import { next } from './sequence.js';

const text = keepLast((kib) => {
  const bytes = Buffer.allocUnsafe(kib * 1024);
  let x = 1;
  for (let i = 0; i < bytes.length; i++) {
    x = next(x);
    bytes[i] = 97 + (Math.floor(x / 65_536) % 13);
  }
  return bytes;
});

/** The body of /compress: deflates and inflates K KiB of text. It runs in the event loop, as the contract requires. */
export function compress({ kib }) {
  return { kib, result: crc32(inflateSync(deflateSync(text(kib), { level: 6 }))) };
}
