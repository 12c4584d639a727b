import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, servers, start, startUpstream } from './processes.js';

const clean = { code: 0, signal: null, stdout: '', stderr: '' };

let upstream;
before(async () => { upstream = await startUpstream(); });
after(() => upstream.close());

/** Starts a server and kills it after the test, even if the test fails. */
async function startFor(t, server, env) {
  const target = await start(server, { UPSTREAM_URL: upstream.url, ...env });
  t.after(() => target.child.kill('SIGKILL'));
  return target;
}

for (const server of servers) {
  describe(server, () => {
    for (const workers of [1, 2]) {
      it(`drains on SIGTERM with ${workers} worker(s)`, { timeout: 20_000 }, async (t) => {
        const target = await startFor(t, server, { WORKERS: String(workers) });

        // Besides the request in progress there is a connection that never sends anything, and an idle one.
        const silent = connect(target.port, '127.0.0.1');
        await once(silent, 'connect');
        const agent = new Agent({ keepAlive: true });
        await read(`${target.url}/healthz`, agent);

        const slow = read(`${target.url}/upstream?ms=1500&n=2`, new Agent({ keepAlive: true }));
        await sleep(300);
        const ended = target.stop();
        await sleep(300);
        await assert.rejects(read(`${target.url}/healthz`), { code: 'ECONNREFUSED' });

        assert.equal(await slow, '{"ok":true,"calls":2,"waited_ms":3000}');
        const answered = performance.now();
        assert.deepEqual(await ended, clean);
        assert.ok(performance.now() - answered < 2000);
        silent.destroy();
      });
    }

    it('responds to a request that arrives over an open connection while it drains', { timeout: 20_000 }, async (t) => {
      const target = await startFor(t, server);
      const socket = connect(target.port, '127.0.0.1').setEncoding('latin1');
      let received = '';
      socket.on('data', (text) => { received += text; });
      // Pipelined: the server reads the second request only after it has received SIGTERM.
      socket.write('GET /upstream?ms=500 HTTP/1.1\r\nhost: x\r\n\r\n');
      await sleep(200);
      target.child.kill('SIGTERM');
      await sleep(100);
      socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
      await once(socket, 'close');
      assert.equal(received.match(/HTTP\/1\.1 200 OK/g).length, 2);
      assert.deepEqual(await target.ended, clean);
    });

    it('fails the request of a pool process that is lost, and keeps serving', { timeout: 20_000 }, async (t) => {
      const target = await startFor(t, server);
      const lost = fetch(`${target.url}/parallel?mode=processes&k=2&work=wait&n=60000`);
      const pids = await children(target.child.pid, 2);
      await sleep(200);
      process.kill(pids[0], 'SIGKILL');
      const response = await lost;
      assert.deepEqual([response.status, await response.text()], [500, '{"error":"worker lost"}']);
      const body = await read(`${target.url}/parallel?mode=processes&k=2&work=wait&n=1`);
      assert.equal(body, '{"mode":"processes","k":2,"result":2}');
      assert.deepEqual(await target.stop(), clean);
    });

    it('stops its pools on SIGTERM, after they have responded', { timeout: 20_000 }, async (t) => {
      const target = await startFor(t, server);
      const answers = Promise.all(['threads', 'processes'].map((mode) =>
        read(`${target.url}/parallel?mode=${mode}&k=3&work=wait&n=1500`, new Agent({ keepAlive: true }))));
      const pids = await children(target.child.pid, 3);
      await sleep(300);
      for (const pid of pids) process.kill(pid, 'SIGTERM'); // like a terminal, which signals the whole process group
      const ended = target.stop();
      assert.deepEqual(await answers, [
        '{"mode":"threads","k":3,"result":4500}',
        '{"mode":"processes","k":3,"result":4500}',
      ]);
      assert.deepEqual(await ended, clean);
      await sleep(100);
      assert.deepEqual(pids.filter(isRunning), []);
    });

    it('leaves no process behind when it is killed', { timeout: 20_000 }, async (t) => {
      const target = await startFor(t, server);
      const lost = read(`${target.url}/parallel?mode=processes&k=3&work=wait&n=60000`);
      const pids = await children(target.child.pid, 3);
      await sleep(300);
      target.child.kill('SIGKILL');
      await assert.rejects(lost);
      await sleep(500);
      assert.deepEqual(pids.filter(isRunning), []);
    });

    it('serves from two workers', { timeout: 20_000 }, async (t) => {
      const target = await startFor(t, server, { WORKERS: '2' });
      const pids = new Set();
      while (pids.size < 2) {
        const { pid, workers } = JSON.parse(await read(`${target.url}/about`));
        assert.equal(workers, 2);
        pids.add(pid);
      }
      assert.ok(!pids.has(target.child.pid));
      assert.deepEqual(await target.stop(), clean);
    });

    it('fails as a whole when a worker is lost', { timeout: 20_000 }, async (t) => {
      const target = await startFor(t, server, { WORKERS: '2' });
      const { pid } = JSON.parse(await read(`${target.url}/about`));
      process.kill(pid, 'SIGKILL');
      const { code, stderr } = await target.ended;
      assert.equal(code, 1);
      assert.match(stderr, /worker \d+ exited unexpectedly \(SIGKILL\)/);
      await assert.rejects(read(`${target.url}/healthz`), { code: 'ECONNREFUSED' });
    });

    it('exits at start on a bad setting', { timeout: 20_000 }, async () => {
      const bad = [
        ...['', '0', '-1', '1.5', '8e3', 'x', '65536'].map((PORT) => ({ PORT })),
        ...['', '0', 'two'].map((WORKERS) => ({ WORKERS })),
        ...['0', '-1', 'x'].map((DB_CONNECTIONS) => ({ DB_CONNECTIONS })),
      ];
      for (const env of bad) {
        const { code, stdout, stderr } = await run(server, env).ended;
        const [name] = Object.keys(env);
        assert.deepEqual({ env, code, stdout }, { env, code: 1, stdout: '' });
        assert.match(stderr, new RegExp(`^${name} must be a positive whole number`));
      }
    });

    it('exits at start if it cannot listen or has no upstream address', { timeout: 20_000 }, async (t) => {
      const target = await startFor(t, server);
      const PORT = String(target.port);
      assert.equal((await run(server, { PORT }).ended).code, 1);
      assert.equal((await run(server, { PORT, WORKERS: '2' }).ended).code, 1);
      await target.stop();

      const { code, stderr } = await run(server, { PORT, UPSTREAM_URL: 'nowhere' }).ended;
      assert.equal(code, 1);
      assert.match(stderr, /invalid url/i);
    });
  });
}

/** Returns the ids of a process's children, once there are at least `count`. */
async function children(pid, count) {
  for (;;) {
    const ids = processes().filter(({ parent }) => parent === pid).map(({ id }) => id);
    if (ids.length >= count) return ids;
    await sleep(20);
  }
}

function isRunning(pid) {
  return processes().some(({ id, state }) => id === pid && state !== 'Z');
}

function processes() {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [id, parent, state] = line.trim().split(/\s+/);
    return { id: Number(id), parent: Number(parent), state };
  });
}

async function read(url, agent = new Agent()) {
  const [response] = await once(get(url, { agent }), 'response');
  const chunks = await response.setEncoding('utf8').toArray();
  return chunks.join('');
}
