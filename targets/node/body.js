import { MESSAGE } from './limits.js';
import { Refusal } from './refusal.js';

/** Reads the body of a request. It reads a body that is too long to its end, so that the client gets the response. */
export async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MESSAGE) chunks.push(chunk);
  }
  if (size > MESSAGE) throw new Refusal(400, 'bad body');
  return Buffer.concat(chunks);
}
