import { draining } from '../draining.js';
import { BACKLOG, GRACE } from '../limits.js';

const streams = new Set();

/** Opens an event stream, which closes at SIGTERM at the latest. */
export function openEvents(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  streams.add(response);
  response.once('close', () => streams.delete(response));
  if (draining.signal.aborted) process.nextTick(end, response);
}

/** Writes to an event stream, and disconnects a client that does not read. */
export function writeEvent(response, event) {
  if (response.writableEnded) return;
  response.write(event);
  if (response.writableLength > BACKLOG) response.destroy();
}

draining.signal.addEventListener('abort', () => {
  for (const response of streams) end(response);
});

function end(response) {
  response.end();
  setTimeout(() => { if (streams.has(response)) response.destroy(); }, GRACE);
}
