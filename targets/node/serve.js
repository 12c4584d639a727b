import cluster from 'node:cluster';
import { once } from 'node:events';
import { draining } from './draining.js';
import { settings } from './settings.js';

const timeouts = {
  keepAliveTimeout: 75_000,
  headersTimeout: 80_000, // above keepAliveTimeout, because otherwise it would close idle connections first
  requestTimeout: 300_000, // Node's default; Fastify turns it off
};

const signals = ['SIGTERM', 'SIGINT'];

/**
 * Serves until SIGTERM with WORKERS processes.
 * `app` has the methods listen and close; `server` is the http.Server in it.
 */
export function serve(app, server = app) {
  return settings.workers > 1 && cluster.isPrimary ? lead(settings.workers) : work(app, server);
}

async function work(app, server) {
  Object.assign(server, timeouts);
  drainOnSignal(app, server);

  if (cluster.isWorker) {
    process.send('ready');
    await once(process, 'message');
  }
  await app.listen({ host: settings.host, port: settings.port });
}

function drainOnSignal(app, server) {
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.once('close', () => process.exit(0));

  // close() only closes connections that are idle at that moment. The sweep also finds connections that became idle
  // later, and connections that never sent a byte, which Node does not count as idle.
  const sweep = () => {
    server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  const drain = () => {
    if (draining.signal.aborted) return;
    draining.abort();
    app.close();
    setInterval(sweep, 500);
  };
  for (const signal of signals) process.on(signal, drain);
}

/** Runs the primary: forks the workers, passes SIGTERM on, and fails as soon as a worker is lost. */
function lead(count) {
  let ready = 0;
  let running = count;
  let stopping = false;

  // All workers listen at once. If one listened first, early keep-alive connections would all stay with it.
  cluster.on('message', () => {
    ready += 1;
    if (ready === count) for (const worker of Object.values(cluster.workers)) worker.send('listen');
  });

  cluster.on('exit', (worker, code, signal) => {
    if (!stopping || code !== 0) {
      console.error(`worker ${worker.process.pid} exited unexpectedly (${signal ?? code})`);
      process.exit(1); // the other workers exit with the primary
    }
    running -= 1;
    if (running === 0) process.exit(0);
  });

  const drain = () => {
    stopping = true;
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
  };
  for (const signal of signals) process.on(signal, drain);

  for (let i = 0; i < count; i++) cluster.fork();
}
