import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { realTimeServers, servers, start, startUpstream } from './processes.js';

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

// CPython computed these with its complex type:
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

// CPython computed the other results from the text of the contract, with hashlib, zlib and whole numbers.
const answered = {
  objects: { 1: 537907, 2: 691399, 10: 140541, 2000: 699043, 100000: 652519 },
  hash: {
    1: '"2bce1ba628720664be4b9fdd77aae0678e5f0f3f02fc6ff641ec879094f6a404"',
    64: '"4b640d85ab3ba30fd02c9fc9db4a8928f416322ad27022ea58a65aaee68a4df2"',
    1024: '"631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769"',
  },
  compress: { 1: 1153022763, 2: 3873975178, 256: 152267075 },
  matrix: { 1: 0, 2: 251, 3: 874, 10: 29672, 256: 503294946 },
};
const defaults = { objects: 2000, hash: 1024, compress: 256, matrix: 256 };
const works = {
  'work=compute&n=10': 1864,
  'work=compute': 283846,
  'work=hash&n=64': 4940813,
  'work=hash': 16691684,
  'work=wait&n=30': 30,
};
const streamed = { // SHA-256
  1: '2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a',
  65: '2dace5302110e1a15cef7754895c44f0a80b6f04836015d376fd9df4cdb330c4',
  1024: 'ac4802e1518b8b702312cafcf3a5b3a835ab0b7e73051124bd202eff3ee567c5',
  2000: '71fb4c30e25e6dc4b9a8ceb8260d3b696a7196466e82bef1678c1cbc714f7278',
};

// Ranges of the routes that use no service, and of /db, which refuses bad values before it queries the database.
const ranges = {
  '/stream': { kib: [1, 65536] },
  '/objects': { n: [1, 100000] },
  '/hash': { kib: [1, 65536] },
  '/compress': { kib: [1, 16384] },
  '/matrix': { n: [1, 1024] },
  '/db/read': { id: [1, 10000] },
  '/db/reads': { id: [1, 10000], n: [1, 100] },
};
const realTimeRanges = { '/tokens': { n: [1, 1000], ms: [0, 1000] } };

const badNumbers = ['', 'x', '-1', '+5', '1.0', '1e1', '0x10', '%205', '5%0A', '1_0', '%D9%A3', '1&n=2', '99999999999999999999'];

const headerNames = ['connection', 'content-length', 'content-type', 'date', 'keep-alive'];
const streamHeaderNames = ['connection', 'content-type', 'date', 'keep-alive', 'transfer-encoding'];

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

    it('serves /healthz', () => check('/healthz', 200, '{"ok":true}'));

    it('serves /json', () => check('/json', 200, json));

    it('serves /compute', async () => {
      for (const [n, result] of Object.entries(computed)) {
        await check(`/compute?n=${n}`, 200, `{"n":${n},"result":${result}}`);
      }
      await check('/compute', 200, `{"n":256,"result":${computed[256]}}`);
      await check('/compute?n=003', 200, `{"n":3,"result":${computed[3]}}`);
    });

    for (const [route, results] of Object.entries(answered)) {
      it(`serves /${route}`, async () => {
        const name = route === 'hash' || route === 'compress' ? 'kib' : 'n';
        for (const [value, result] of Object.entries(results)) {
          // Twice, to check that the first request did not change the kept data.
          await check(`/${route}?${name}=${value}`, 200, `{"${name}":${value},"result":${result}}`);
          await check(`/${route}?${name}=${value}`, 200, `{"${name}":${value},"result":${result}}`);
        }
        await check(`/${route}`, 200, `{"${name}":${defaults[route]},"result":${results[defaults[route]]}}`);
      });
    }

    for (const mode of ['inline', 'threads', 'processes']) {
      it(`serves /parallel by ${mode}`, { timeout: 20_000 }, async () => {
        for (const [work, result] of Object.entries(works)) {
          await check(`/parallel?mode=${mode}&${work}&k=3`, 200, `{"mode":"${mode}","k":3,"result":${3 * result}}`);
          await check(`/parallel?mode=${mode}&${work}`, 200, `{"mode":"${mode}","k":2,"result":${2 * result}}`);
        }
      });

      it(`keeps serving while ${mode} waits`, { timeout: 20_000 }, async () => {
        const waiting = check(`/parallel?mode=${mode}&k=2&work=wait&n=1000`, 200, `{"mode":"${mode}","k":2,"result":2000}`);
        let done = false;
        waiting.finally(() => { done = true; });
        await check('/healthz', 200, '{"ok":true}');
        assert.ok(!done);
        await waiting;
      });
    }

    it('queues tasks if all workers of a pool are busy', { timeout: 20_000 }, async () => {
      const body = '{"mode":"threads","k":16,"result":160}';
      await Promise.all(Array.from({ length: 5 }, () => check('/parallel?mode=threads&k=16&work=wait&n=10', 200, body)));
    });

    it('has no interpreters', () =>
      check('/parallel?mode=interpreters&work=wait', 501, '{"error":"no interpreters"}'));

    it('names the first bad parameter of /parallel', async () => {
      const good = { mode: 'inline', k: 2, work: 'wait', n: 1 };
      const bad = {
        mode: ['', 'Inline', 'constructor', 'inline&mode=inline', undefined],
        k: [...badNumbers.filter((k) => !k.includes('&')), '0', '17'],
        work: ['', 'x', 'toString', 'wait&work=wait', undefined],
        n: ['x', '0', '65537', '1&n=1'],
      };
      const names = Object.keys(good);
      for (const [index, name] of names.entries()) {
        for (const value of bad[name]) {
          // The later parameters are bad too.
          const all = { ...good, [name]: value };
          for (const later of names.slice(index + 1)) all[later] = 'x';
          const query = Object.entries(all).filter(([, text]) => text !== undefined).map(([key, text]) => `${key}=${text}`);
          await check(`/parallel?${query.join('&')}`, 400, `{"error":"bad ${name}"}`);
        }
      }
      for (const mode of ['inline', 'threads', 'interpreters']) {
        await check(`/parallel?mode=${mode}&work=compute&n=2001`, 400, '{"error":"bad n"}');
      }
    });

    it('serves /stream', async () => {
      for (const [kib, digest] of [...Object.entries(streamed), ['', streamed[1024]]]) {
        const response = await fetch(`${target.url}/stream${kib && `?kib=${kib}`}`);
        const bytes = Buffer.from(await response.arrayBuffer());
        assert.equal(bytes.length, (kib || 1024) * 1024);
        assert.equal(createHash('sha256').update(bytes).digest('hex'), digest);
        assert.match(response.headers.get('content-type'), /^text\/plain(; charset=utf-8)?$/);
        assert.deepEqual([...response.headers.keys()].sort(), streamHeaderNames);
      }
    });

    it('keeps serving after a client leaves in the middle of a stream', async () => {
      const response = await fetch(`${target.url}/stream?kib=65536`);
      await response.body.cancel();
      await check('/healthz', 200, '{"ok":true}');
    });

    it('serves /about', async () => {
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
      it(`responds 502 if the upstream fails: ${fault}`, async () => {
        upstream.state.fault = fault;
        await check('/upstream?ms=1&n=4', 502, '{"error":"upstream failed"}');
        upstream.state.fault = null;
        await check('/upstream?ms=1&n=4', 200, '{"ok":true,"calls":4,"waited_ms":4}');
      });
    }

    it('responds 502 if there is no upstream', async () => {
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

    it('refuses bad parameters of the other routes', async () => {
      const all = { ...ranges, ...(realTimeServers.includes(server) && realTimeRanges) };
      for (const [path, names] of Object.entries(all)) {
        for (const [name, [least, most]] of Object.entries(names)) {
          for (const value of [...badNumbers, String(most + 1), ...(least > 0 ? ['0'] : [])]) {
            await check(`${path}?${name}=${value}`.replace('&n=', `&${name}=`), 400, `{"error":"bad ${name}"}`);
          }
        }
        const [first] = Object.keys(names);
        const bad = Object.keys(names).reverse().map((name) => `${name}=x`);
        await check(`${path}?${bad.join('&')}`, 400, `{"error":"bad ${first}"}`);
      }
    });

    it('responds 404 to anything else', async () => {
      for (const path of ['/', '/jso', '/json/', '/JSON', '/json/1', '/constructor', '/%zz']) {
        await check(path, 404, '{"error":"not found"}');
      }
      await check('/json', 404, '{"error":"not found"}', { method: 'POST', body: 'x' });
      await check('/json', 404, '{"error":"not found"}', { method: 'DELETE' });
      await check('/dashboard', 404, '{"error":"not found"}', { method: 'PUT', body: '{}' });
      await check('/room', 404, '{"error":"not found"}');
      for (const path of ['/json', '/dashboard']) {
        assert.equal((await fetch(target.url + path, { method: 'HEAD' })).status, 404);
      }
      const long = await fetch(`${target.url}/json`, { method: 'POST', body: 'x'.repeat(100_000) });
      assert.deepEqual([long.status, await long.text()], [404, '{"error":"not found"}']);
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
