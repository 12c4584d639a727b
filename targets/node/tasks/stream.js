import { Readable } from 'node:stream';

const PIECE = 64 * 1024;

/** The text of /stream. It makes each piece when the client is ready for it. */
export function stream({ kib }) {
  return Readable.from(pieces(kib * 1024));
}

function* pieces(size) {
  for (let p = 0; p * PIECE < size; p++) {
    yield Buffer.alloc(Math.min(PIECE, size - p * PIECE), 97 + (p % 26));
  }
}
