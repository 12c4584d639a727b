import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { bin, startPostgres } from './postgres.js';
import { servers, start } from './processes.js';

const clean = { code: 0, signal: null, stdout: '', stderr: '' };
const failed = [502, '{"error":"database failed"}'];
const item = (id) => `{"id":${id},"name":"Item ${id}","cents":${(id * 37) % 100_000}}`;

async function read(url) {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

for (const server of servers) {
  describe(server, { skip: !bin && 'PostgreSQL is not installed', timeout: 120_000 }, () => {
    let postgres;
    before(async () => { postgres = await startPostgres(); });
    after(() => postgres?.remove());

    /** Starts a server and kills it after the test, even if the test fails. */
    async function startFor(t, env) {
      const target = await start(server, { DATABASE_URL: postgres.url, ...env });
      t.after(() => target.child.kill('SIGKILL'));
      return target;
    }

    const connections = async () => {
      const [{ count }] = await postgres.query(`
        SELECT count(*)::integer FROM pg_stat_activity WHERE datname = 'bench' AND pid <> pg_backend_pid()`);
      return count;
    };

    it('reads', async (t) => {
      const target = await startFor(t);
      for (const id of [1, 2, 2703, 10_000]) {
        assert.deepEqual(await read(`${target.url}/db/read?id=${id}`), [200, item(id)]);
      }
      assert.deepEqual(await read(`${target.url}/db/read`), [200, item(1)]);

      const list = (ids) => [200, `{"items":[${ids.map(item).join(',')}]}`];
      const twenty = Array.from({ length: 20 }, (_, j) => j + 1);
      assert.deepEqual(await read(`${target.url}/db/reads`), list(twenty));
      assert.deepEqual(await read(`${target.url}/db/reads?id=9999&n=4`), list([9999, 10_000, 1, 2]));
      assert.deepEqual(await read(`${target.url}/db/reads?id=10000&n=1`), list([10_000]));
      assert.deepEqual(await target.stop(), clean);
    });

    it('updates rows in the order of the contract', async (t) => {
      const target = await startFor(t);
      await postgres.query('UPDATE items SET stock = 0');
      for (let r = 0; r < 5; r++) assert.deepEqual(await read(`${target.url}/db/update`), [200, '{"updated":1}']);
      const rows = await postgres.query('SELECT id, stock FROM items WHERE stock > 0 ORDER BY id');
      assert.deepEqual(rows, [1, 1677, 3758, 5839, 7920].map((id) => ({ id, stock: 1 })));
      assert.deepEqual(await target.stop(), clean);
    });

    for (const [workers, most] of [['1', 5], ['2', 4], ['8', 8]]) {
      it(`shares DB_CONNECTIONS=5 among ${workers} worker(s)`, async (t) => {
        const target = await startFor(t, { DB_CONNECTIONS: '5', WORKERS: workers });
        const answers = await Promise.all(Array.from({ length: 200 }, () => read(`${target.url}/db/reads`)));
        assert.ok(answers.every(([status]) => status === 200));
        const open = await connections();
        assert.ok(open <= most && open >= (workers === '1' ? most : 1), `${open} connections`);
        assert.deepEqual(await target.stop(), clean);
      });
    }

    it('responds 502 while the database is gone, and 200 when it is back', async (t) => {
      const target = await startFor(t);
      const paths = ['/db/read', '/db/reads', '/db/update'];
      const all = () => Promise.all(paths.map((path) => read(target.url + path)));
      const statuses = async () => (await all()).map(([status]) => status);

      assert.deepEqual(await statuses(), [200, 200, 200]);
      // The database dies while queries are in progress.
      const seen = [];
      let going = true;
      const load = Promise.all(Array.from({ length: 8 }, async () => {
        while (going) seen.push((await read(`${target.url}/db/reads?n=100`))[0]);
      }));
      t.after(() => { going = false; });
      while (seen.length < 8) await sleep(5);
      await postgres.stop();
      assert.deepEqual(await all(), [failed, failed, failed]);
      going = false;
      await load;
      assert.deepEqual(new Set(seen), new Set([200, 502]));
      assert.deepEqual(await read(`${target.url}/healthz`), [200, '{"ok":true}']);

      await postgres.launch();
      assert.deepEqual(await statuses(), [200, 200, 200]);

      // It also dies while connections are idle.
      await postgres.stop();
      assert.deepEqual(await all(), [failed, failed, failed]);
      await postgres.launch();
      assert.deepEqual(await statuses(), [200, 200, 200]);
      assert.deepEqual(await target.stop(), clean);
    });

    it('responds 502 within seconds if the database is silent', async (t) => {
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      t.after(() => silent.close());
      const target = await startFor(t, { DATABASE_URL: `postgres://bench@127.0.0.1:${silent.address().port}/bench` });
      const started = performance.now();
      assert.deepEqual(await read(`${target.url}/db/read`), failed);
      assert.ok(performance.now() - started < 4500);
      assert.deepEqual(await target.stop(), clean);
    });

    it('responds 502 within seconds if a query hangs', async (t) => {
      const target = await startFor(t);
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      await client.query('BEGIN; LOCK TABLE items');
      const started = performance.now();
      const paths = ['/db/read', '/db/reads', '/db/update'];
      const answers = await Promise.all(paths.map((path) => read(target.url + path)));
      assert.deepEqual(answers, [failed, failed, failed]);
      assert.ok(performance.now() - started < 4500);
      await client.end();
      assert.deepEqual(await read(`${target.url}/db/read`), [200, item(1)]);
      assert.deepEqual(await target.stop(), clean);
    });

    it('responds 502 if a row or the table is missing', async (t) => {
      const target = await startFor(t);
      await postgres.query('DELETE FROM items WHERE id = 7');
      assert.deepEqual(await read(`${target.url}/db/read?id=7`), failed);
      await postgres.query("INSERT INTO items VALUES (7, 'Item 7', 259, 0)");
      assert.deepEqual(await read(`${target.url}/db/read?id=7`), [200, item(7)]);
      await postgres.query('ALTER TABLE items RENAME TO things');
      assert.deepEqual(await read(`${target.url}/db/reads`), failed);
      await postgres.query('ALTER TABLE things RENAME TO items');
      assert.equal((await read(`${target.url}/db/reads`))[0], 200);
      assert.deepEqual(await target.stop(), clean);
    });
  });
}
