import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export const servers = ['http', 'express', 'fastify'];
export const realTimeServers = ['http', 'fastify'];

const root = new URL('..', import.meta.url);

/**
 * Runs a server (http for http/server.js) or another file (express/quickstart) with the given environment.
 * `ended` resolves to its exit code or signal, and to its output.
 */
export function run(server, env) {
  const child = spawn(process.execPath, [server.includes('/') ? `${server}.js` : `${server}/server.js`], {
    cwd: root,
    env: { NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => { stdout += text; });
  child.stderr.on('data', (text) => { stderr += text; });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }));
  return { child, ended };
}

/** Runs a server on a free port and waits until it responds. */
export async function start(server, env) {
  const port = await freePort();
  const { child, ended } = run(server, { ...env, PORT: String(port) });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 10_000;
  while (!(await answers(`${url}/healthz`))) {
    if (Date.now() > deadline) child.kill('SIGKILL');
    if (child.exitCode !== null || child.killed) throw new Error(`${server} did not start: ${(await ended).stderr}`);
    await sleep(20);
  }
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { child, ended, port, stop, url };
}

/** The slow service that /upstream calls. Set `fault` to make it fail. */
export async function startUpstream() {
  const state = { calls: 0, connections: 0, fault: null, peak: 0, waiting: 0 };
  const server = createServer(async ({ url, socket }, response) => {
    state.calls += 1;
    if (state.fault === 'reset') return socket.destroy();
    if (state.fault === 'status') return response.writeHead(503).end('{"waited_ms":0}');
    if (state.fault === 'text') return response.end('busy');

    state.peak = Math.max(state.peak, ++state.waiting);
    const ms = Number(/^\/wait\?ms=(\d+)$/.exec(url)[1]);
    await sleep(ms);
    state.waiting -= 1;
    return response.end(JSON.stringify({ waited_ms: ms }));
  });
  server.on('connection', () => { state.connections += 1; });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { close, state, url: `http://127.0.0.1:${server.address().port}` };
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
