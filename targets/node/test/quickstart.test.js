import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { start, startUpstream } from './processes.js';

for (const framework of ['express', 'fastify']) {
  describe(`${framework}/quickstart`, () => {
    it('serves the routes of a quick start', { timeout: 20_000 }, async (t) => {
      const upstream = await startUpstream();
      t.after(() => upstream.close());
      const target = await start(`${framework}/quickstart`, { UPSTREAM_URL: upstream.url });
      t.after(() => target.child.kill('SIGKILL'));
      const read = async (path) => {
        const response = await fetch(target.url + path);
        assert.equal(response.status, 200);
        assert.match(response.headers.get('content-type'), /^application\/json(; charset=utf-8)?$/);
        return response.text();
      };

      assert.equal(await read('/healthz'), '{"ok":true}');
      assert.equal(JSON.parse(await read('/json')).items.length, 10);
      assert.equal(await read('/upstream?ms=5&n=3'), '{"ok":true,"calls":3,"waited_ms":15}');
      assert.equal(await read('/compute'), '{"n":256,"result":1134272}');
      const about = JSON.parse(await read('/about'));
      assert.deepEqual([about.framework, about.workers, about.pid], [framework, 1, target.child.pid]);
      assert.equal((await fetch(`${target.url}/compute?n=x`)).status, 400);
      assert.equal((await fetch(`${target.url}/nothing`)).status, 404);

      const { stdout } = await target.stop();
      assert.match(stdout, framework === 'express' ? /^Example app listening/ : /"msg":"request completed"/);
    });
  });
}
