import { openEvents, writeEvent } from './events.js';

/** The event stream of /tokens. Event i is due i * ms after the request arrived, even if an earlier event was late. */
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
