import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { realTimeServers, start } from './processes.js';

const clean = { code: 0, signal: null, stdout: '', stderr: '' };
const kib = 1024;

/** Joins the room, and collects the messages that arrive. */
async function join({ port }) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/room`);
  const heard = [];
  socket.on('message', (data, isBinary) => heard.push(isBinary ? data : data.toString()));
  socket.on('error', () => {});
  const closed = once(socket, 'close').then(([code]) => code);
  await once(socket, 'open');
  assert.equal(socket.extensions, '');
  return { closed, heard, socket };
}

/** Waits until a condition holds. */
async function until(condition, ms = 10_000) {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `timed out waiting for ${condition}`);
    await sleep(10);
  }
}

/** Opens an event stream, and collects its text. */
async function view(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream(; charset=utf-8)?$/);
  assert.equal(response.headers.get('cache-control'), 'no-cache');
  assert.deepEqual([...response.headers.keys()].sort(),
    ['cache-control', 'connection', 'content-type', 'date', 'keep-alive', 'transfer-encoding']);
  const viewer = { text: '' };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  viewer.ended = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) viewer.text += part.value;
    return viewer.text;
  })();
  viewer.leave = () => reader.cancel();
  return viewer;
}

/** Connects, sends a request, and never reads. */
async function ignore({ port }, head) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET ${head.join('\r\n')}\r\nHost: x\r\n\r\n`);
  await sleep(200);
  return socket;
}

const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];

for (const server of realTimeServers) {
  describe(server, { timeout: 60_000 }, () => {
    let target;
    before(async () => { target = await start(server); });
    after(async () => { assert.deepEqual(await target.stop(), clean); });

    async function post(body, headers = { 'content-type': 'application/json' }) {
      const response = await fetch(`${target.url}/dashboard`, { method: 'POST', body, headers });
      return { status: response.status, text: await response.text() };
    }

    /** Returns the number of viewers, as the dashboard reports it. */
    const viewers = async () => JSON.parse((await post('{}')).text).viewers;

    it('sends each message to all members, in one order', async () => {
      const members = await Promise.all(Array.from({ length: 4 }, () => join(target)));
      const expected = new Set();
      for (let i = 0; i < 300; i++) {
        for (const [m, { socket }] of members.entries()) {
          const text = `${m} ${i} ä€😀`;
          expected.add(text);
          socket.send(text);
        }
        if (i % 50 === 0) await sleep(1);
      }
      await until(() => members.every(({ heard }) => heard.length === 1200));
      const [{ heard }] = members;
      assert.deepEqual(new Set(heard), expected);
      for (const other of members) assert.deepEqual(other.heard, heard);
      for (const m of members.keys()) {
        const own = heard.filter((text) => text.startsWith(`${m} `)).map((text) => Number(text.split(' ')[1]));
        assert.deepEqual(own, Array.from({ length: 300 }, (_, i) => i));
      }

      members[0].socket.close();
      assert.equal(await members[0].closed, 1005);
      members[1].socket.send('');
      await until(() => members.slice(1).every((member) => member.heard.at(-1) === ''));
      for (const { socket } of members) socket.close();
    });

    it('passes 64 KiB on, refuses more, and ignores binary messages', async () => {
      const [a, b, c] = await Promise.all([join(target), join(target), join(target)]);
      a.socket.send(Buffer.from('binary'));
      a.socket.send('x'.repeat(64 * kib));
      await until(() => b.heard.length > 0);
      assert.deepEqual(b.heard, ['x'.repeat(64 * kib)]);
      c.socket.send('x'.repeat(64 * kib + 1));
      assert.equal(await c.closed, 1009);
      a.socket.terminate();
      b.socket.send('still here');
      await until(() => b.heard.length === 2);
      b.socket.close();
    });

    it('disconnects a member that does not read', async () => {
      const [a, b] = await Promise.all([join(target), join(target)]);
      const deaf = await ignore(target, ['/room HTTP/1.1', ...upgrade]);
      const text = 'x'.repeat(64 * kib);
      // This is far more than the kernel buffers for it. It sends a few at a time, so that the others can keep up.
      for (let i = 1; i <= 400; i++) {
        a.socket.send(text);
        if (i % 8 === 0) await until(() => a.heard.length === i && b.heard.length === i);
      }
      assert.deepEqual([a, b].map(({ heard }) => heard.length), [400, 400]);
      deaf.resume();
      await once(deaf, 'close');
      assert.ok(deaf.bytesRead < 400 * text.length);
      a.socket.close();
      b.socket.close();
    });

    it('accepts WebSockets only at /room', async () => {
      for (const path of ['/', '/rooms', '/room/', '/json']) {
        const socket = new WebSocket(`ws://127.0.0.1:${target.port}${path}`);
        const [, response] = await once(socket, 'unexpected-response');
        assert.equal(response.statusCode, 404);
        assert.deepEqual((await response.toArray()).join(''), '{"error":"not found"}');
      }
    });

    it('sends updates to all viewers', async () => {
      assert.deepEqual(await post('{}'), { status: 200, text: '{"viewers":0}' });
      const two = await Promise.all([view(`${target.url}/dashboard`), view(`${target.url}/dashboard`)]);
      await until(() => two.every(({ text }) => text === ': welcome\n\n'));
      const sent = [];
      for (let i = 0; i < 200; i++) {
        sent.push(`data: {"i":${i},"text":"ä€😀\\n","list":[1,{"a":null}]}\n\n`);
        const body = ` { "i" : ${i},\n "text": "\\u00e4€😀\\n", "list": [1, {"a": null}] } `;
        assert.deepEqual(await post(body), { status: 200, text: '{"viewers":2}' });
      }
      const expected = `: welcome\n\n${sent.join('')}`;
      await until(() => two.every(({ text }) => text.length >= expected.length));
      for (const { text } of two) assert.equal(text, expected);

      await two[0].leave();
      await until(async () => await viewers() === 1);
      await two[1].leave();
      await until(async () => await viewers() === 0);
    });

    it('checks the content of a body, not its declared type', async () => {
      for (const type of ['application/json', 'text/plain', 'image/png', 'application/x-www-form-urlencoded']) {
        assert.equal((await post('{"a":1}', { 'content-type': type })).status, 200);
      }
      assert.equal((await post(Buffer.from('{"a":1}'), {})).status, 200); // no type at all
      const fitting = JSON.stringify({ text: 'x'.repeat(64 * kib - 11) });
      assert.equal(fitting.length, 64 * kib);
      assert.equal((await post(fitting)).status, 200);
      assert.equal((await post('{"__proto__":{"a":1},"constructor":{"prototype":1}}')).status, 200);

      const bad = ['', ' ', 'x', '{', '{}x', '[]', '[{}]', '1', '"x"', 'null', 'true', '{"a":NaN}', "{'a':1}",
        `${fitting} `, 'x'.repeat(1024 * kib), Buffer.from('{"a":"\xff"}', 'latin1')];
      for (const body of bad) {
        assert.deepEqual(await post(body), { status: 400, text: '{"error":"bad body"}' });
      }
      assert.deepEqual(await post(undefined), { status: 400, text: '{"error":"bad body"}' });
      assert.deepEqual(await chunked(), { status: 400, text: '{"error":"bad body"}' });
    });

    // Posts a body of unknown length, which turns out to be too long.
    async function chunked() {
      const request = httpRequest(`${target.url}/dashboard`, { method: 'POST' });
      for (let i = 0; i < 3; i++) request.write(' '.repeat(32 * kib));
      request.end('{}');
      const [response] = await once(request, 'response');
      return { status: response.statusCode, text: (await response.toArray()).join('') };
    }

    it('disconnects a viewer that does not read', async () => {
      const viewer = await view(`${target.url}/dashboard`);
      const deaf = await ignore(target, ['/dashboard HTTP/1.1']);
      assert.equal(await viewers(), 2);
      const body = JSON.stringify({ text: 'x'.repeat(60 * kib) });
      let posts = 0;
      for (; await viewers() === 2; posts++) {
        assert.ok(posts < 1000);
        assert.equal((await post(body)).status, 200);
      }
      await until(() => viewer.text.split(body).length - 1 === posts);
      deaf.destroy();
      await viewer.leave();
      await until(async () => await viewers() === 0);
    });

    it('sends tokens', async () => {
      const events = (n) => Array.from({ length: n }, (_, i) => `data: {"i":${i},"token":"token-${i}"}\n\n`).join('');
      for (const [query, n] of [['?n=1&ms=1000', 1], ['?n=1000&ms=0', 1000], ['?n=20&ms=3', 20], ['', 50]]) {
        const started = performance.now();
        const viewer = await view(`${target.url}/tokens${query}`);
        assert.equal(await viewer.ended, events(n));
        if (query === '') assert.ok(performance.now() - started >= 49 * 20 - 1);
      }
      const early = await view(`${target.url}/tokens?n=1000&ms=1000`);
      await early.leave();
    });

    it('closes rooms and streams on SIGTERM', async (t) => {
      const other = await start(server);
      t.after(() => other.child.kill('SIGKILL'));
      const members = await Promise.all([join(other), join(other)]);
      const dashboard = await view(`${other.url}/dashboard`);
      const tokens = await view(`${other.url}/tokens?n=1000&ms=1000`);
      const deaf = await Promise.all([
        ignore(other, ['/room HTTP/1.1', ...upgrade]),
        ignore(other, ['/dashboard HTTP/1.1']),
        ignore(other, ['/tokens?n=1000&ms=1000 HTTP/1.1']),
      ]);
      await until(() => dashboard.text !== '' && tokens.text !== '');
      const stopped = performance.now();
      const ended = other.stop();
      assert.deepEqual(await Promise.all(members.map(({ closed }) => closed)), [1001, 1001]);
      assert.equal(await dashboard.ended, ': welcome\n\n');
      assert.equal(await tokens.ended, 'data: {"i":0,"token":"token-0"}\n\n');
      assert.deepEqual(await ended, clean);
      assert.ok(performance.now() - stopped < 5000);
      for (const socket of deaf) socket.destroy();
    });
  });
}

describe('express', { timeout: 60_000 }, () => {
  it('has no real-time routes', async (t) => {
    const target = await start('express');
    t.after(() => target.child.kill('SIGKILL'));
    for (const [path, method] of [['/room', 'GET'], ['/dashboard', 'GET'], ['/dashboard', 'POST'], ['/tokens', 'GET']]) {
      const response = await fetch(target.url + path, { method });
      assert.deepEqual([response.status, await response.text()], [404, '{"error":"not found"}']);
    }
    const socket = new WebSocket(`ws://127.0.0.1:${target.port}/room`);
    const [, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 404);
    assert.equal((await response.toArray()).join(''), '{"error":"not found"}');
    assert.deepEqual(await target.stop(), clean);
  });
});
