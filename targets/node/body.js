import { MESSAGE } from './limits.js';
import { Refusal } from './refusal.js';

/** The body of a request. One that is too long is read to its end, so that the answer finds its way back. */
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
