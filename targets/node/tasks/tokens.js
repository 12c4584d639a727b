import { openEvents, writeEvent } from './events.js';

/** The event stream of /tokens: event i at i * ms after the request came, whenever the one before it was written. */
export function tokens({ n, ms }, response) {
  const start = performance.now();
  let i = 0;
  let timer;

  const write = () => {
    const passed = performance.now() - start;
    for (; i < n && i * ms <= passed; i++) writeEvent(response, `data: {"i":${i},"token":"token-${i}"}\n\n`);
    if (i === n) response.end();
    else timer = setTimeout(write, Math.ceil(start + i * ms - performance.now()));
  };

  openEvents(response);
  response.once('close', () => clearTimeout(timer));
  write();
}
