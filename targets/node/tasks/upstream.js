import { Pool } from 'undici';
import { Refusal } from '../refusal.js';
import { settings } from '../settings.js';

// There is one upstream, so there is one pool per process. Connections open on demand and stay open.
const pool = new Pool(settings.upstreamUrl, {
  connections: 1024,
  pipelining: 1, // no response may wait behind a slow one
  headersTimeout: 30_000, // the longest wait is 10 s; the default is five minutes
  bodyTimeout: 30_000,
});

/** The body of /upstream: makes n calls at once, each of which waits ms milliseconds. */
export async function upstream({ ms, n }) {
  try {
    const waits = await Promise.all(Array.from({ length: n }, () => wait(ms)));
    return { ok: true, calls: n, waited_ms: waits.reduce((sum, waited) => sum + waited, 0) };
  } catch (cause) {
    throw new Refusal(502, 'upstream failed', { cause });
  }
}

async function wait(ms) {
  const { statusCode, body } = await pool.request({ method: 'GET', path: `/wait?ms=${ms}` });
  const answer = await body.json(); // read it even if the call failed, so that the connection is free again
  if (statusCode !== 200) throw new Error(`upstream responded ${statusCode}`);
  return answer.waited_ms;
}
