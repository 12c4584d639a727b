import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { servers, start, startUpstream } from './processes.js';

const tag = '"tags":["a","b"]';
const json = `{"items":[${[
  `{"id":1,"name":"Item 1","sku":"SKU-00001","cents":1099,${tag},"available":true}`,
  `{"id":2,"name":"Item 2","sku":"SKU-00002","cents":1198,${tag},"available":false}`,
  `{"id":3,"name":"Item 3","sku":"SKU-00003","cents":1297,${tag},"available":true}`,
  `{"id":4,"name":"Item 4","sku":"SKU-00004","cents":1396,${tag},"available":false}`,
  `{"id":5,"name":"Item 5","sku":"SKU-00005","cents":1495,${tag},"available":true}`,
  `{"id":6,"name":"Item 6","sku":"SKU-00006","cents":1594,${tag},"available":false}`,
  `{"id":7,"name":"Item 7","sku":"SKU-00007","cents":1693,${tag},"available":true}`,
  `{"id":8,"name":"Item 8","sku":"SKU-00008","cents":1792,${tag},"available":false}`,
  `{"id":9,"name":"Item 9","sku":"SKU-00009","cents":1891,${tag},"available":true}`,
  `{"id":10,"name":"Item 10","sku":"SKU-00010","cents":1990,${tag},"available":false}`,
].join(',')}]}`;

// Computed by CPython with its complex type:
//
//   def compute(n):
//       total = 0
//       for y in range(n):
//           for x in range(n):
//               c, z = complex(3.0 * x / n - 2.0, 2.0 * y / n - 1.0), 0j
//               for _ in range(50):
//                   if z.real * z.real + z.imag * z.imag > 4: break
//                   z = z * z + c
//                   total += 1
//       return total
const computed = { 1: 1, 2: 105, 3: 178, 10: 1864, 64: 71171, 256: 1134272 };

const badNumbers = ['', 'x', '-1', '+5', '1.0', '1e1', '0x10', '%205', '5%0A', '1_0', '%D9%A3', '1&n=2', '99999999999999999999'];

const headerNames = ['connection', 'content-length', 'content-type', 'date', 'keep-alive'];

for (const server of servers) {
  describe(server, () => {
    let upstream;
    let target;
    before(async () => {
      upstream = await startUpstream();
      target = await start(server, { UPSTREAM_URL: upstream.url });
    });
    beforeEach(() => {
      Object.assign(upstream.state, { calls: 0, fault: null, peak: 0 });
    });
    after(async () => {
      await target.stop();
      upstream.close();
    });

    async function check(path, status, body, options) {
      const response = await fetch(target.url + path, options);
      const text = await response.text();
      assert.deepEqual({ path, status: response.status, text }, { path, status, text: body });
      checkHeaders(response.headers, text);
    }

    it('answers /healthz', () => check('/healthz', 200, '{"ok":true}'));

    it('answers /json', () => check('/json', 200, json));

    it('answers /compute', async () => {
      for (const [n, result] of Object.entries(computed)) {
        await check(`/compute?n=${n}`, 200, `{"n":${n},"result":${result}}`);
      }
      await check('/compute', 200, `{"n":256,"result":${computed[256]}}`);
      await check('/compute?n=003', 200, `{"n":3,"result":${computed[3]}}`);
    });

    it('answers /about', async () => {
      const response = await fetch(`${target.url}/about`);
      const text = await response.text();
      checkHeaders(response.headers, text);
      const { framework, framework_version: version, ...rest } = JSON.parse(text);
      assert.equal(framework, server === 'http' ? 'node:http' : server);
      assert.match(version, /^\d+\.\d+\.\d+/);
      assert.deepEqual(rest, {
        runtime: 'node',
        runtime_version: process.versions.node,
        server: 'node:http',
        server_version: process.versions.node,
        workers: 1,
        threads: null,
        gil: null,
        pid: target.child.pid,
      });
    });

    it('calls the upstream n times at once', async () => {
      await check('/upstream?ms=200&n=100', 200, '{"ok":true,"calls":100,"waited_ms":20000}');
      assert.equal(upstream.state.calls, 100);
      assert.equal(upstream.state.peak, 100);
    });

    it('has defaults for the upstream', async () => {
      await check('/upstream', 200, '{"ok":true,"calls":1,"waited_ms":20}');
      await check('/upstream?ms=0&n=3', 200, '{"ok":true,"calls":3,"waited_ms":0}');
    });

    it('keeps its connections to the upstream', async () => {
      await check('/upstream?ms=0&n=5', 200, '{"ok":true,"calls":5,"waited_ms":0}');
      const { connections } = upstream.state;
      for (let i = 0; i < 5; i++) await check('/upstream?ms=0&n=5', 200, '{"ok":true,"calls":5,"waited_ms":0}');
      assert.equal(upstream.state.connections, connections);
    });

    for (const fault of ['reset', 'status', 'text']) {
      it(`answers 502 when the upstream fails: ${fault}`, async () => {
        upstream.state.fault = fault;
        await check('/upstream?ms=1&n=4', 502, '{"error":"upstream failed"}');
        upstream.state.fault = null;
        await check('/upstream?ms=1&n=4', 200, '{"ok":true,"calls":4,"waited_ms":4}');
      });
    }

    it('answers 502 when there is no upstream', async () => {
      const alone = await start(server, { UPSTREAM_URL: 'http://127.0.0.1:1' });
      const response = await fetch(`${alone.url}/upstream`);
      assert.equal(response.status, 502);
      assert.equal(await response.text(), '{"error":"upstream failed"}');
      await alone.stop();
    });

    it('refuses bad parameters', async () => {
      for (const n of [...badNumbers, '0']) {
        await check(`/compute?n=${n}`, 400, '{"error":"bad n"}');
        await check(`/upstream?n=${n}`, 400, '{"error":"bad n"}');
      }
      await check('/compute?n=2001', 400, '{"error":"bad n"}');
      await check('/upstream?n=101', 400, '{"error":"bad n"}');
      for (const ms of [...badNumbers, '10001']) {
        await check(`/upstream?ms=${ms}`.replace('&n=', '&ms='), 400, '{"error":"bad ms"}');
      }
      await check('/upstream?n=0&ms=x', 400, '{"error":"bad ms"}');
      assert.equal(upstream.state.calls, 0);
    });

    it('answers 404 to anything else', async () => {
      for (const path of ['/', '/jso', '/json/', '/JSON', '/json/1', '/constructor', '/%zz']) {
        await check(path, 404, '{"error":"not found"}');
      }
      await check('/json', 404, '{"error":"not found"}', { method: 'POST', body: 'x' });
      await check('/json', 404, '{"error":"not found"}', { method: 'DELETE' });
    });
  });
}

function checkHeaders(headers, body) {
  assert.match(headers.get('content-type'), /^application\/json(; charset=utf-8)?$/);
  assert.equal(headers.get('content-length'), String(Buffer.byteLength(body)));
  assert.equal(headers.get('connection'), 'keep-alive');
  assert.equal(headers.get('keep-alive'), 'timeout=75');
  assert.deepEqual([...headers.keys()].sort(), headerNames);
}
