import { Refusal } from '../refusal.js';
import { openEvents, writeEvent } from './events.js';

const viewers = new Set();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The event stream of /dashboard. */
export function view(response) {
  openEvents(response);
  writeEvent(response, ': welcome\n\n');
  viewers.add(response);
  response.once('close', () => viewers.delete(response));
}

/** The body of POST /dashboard: the update goes to all viewers. */
export function post(body) {
  const event = Buffer.from(`data: ${JSON.stringify(parse(body))}\n\n`); // the same bytes for all
  for (const viewer of viewers) writeEvent(viewer, event);
  return { viewers: viewers.size };
}

function parse(body) {
  let value;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new Refusal(400, 'bad body', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(400, 'bad body');
  return value;
}
