import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './processes.js';

const nobody = 65534;
// PostgreSQL refuses to run as root.
const user = process.getuid() === 0 ? { uid: nobody, gid: nobody } : {};

/** The folder of initdb and postgres, in the PATH or where Debian has them. It is undefined if there is none. */
export const bin = [...process.env.PATH.split(':'), ...debian()].find((folder) => {
  try {
    execFileSync(join(folder, 'initdb'), ['--version'], { stdio: 'ignore' });
    execFileSync(join(folder, 'postgres'), ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

function debian() {
  const root = '/usr/lib/postgresql';
  try {
    return readdirSync(root).map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
}

/** Starts a PostgreSQL for these tests, with the table of the contract. Tests can stop it and launch it again. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'targets-node-postgres-'));
  if (user.uid) chownSync(folder, user.uid, user.gid);
  const options = { cwd: folder, stdio: 'ignore', ...user };
  execFileSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options);

  const port = await freePort();
  const url = (name) => `postgres://bench@127.0.0.1:${port}/${name}`;
  let child;

  async function launch() {
    child = spawn(join(bin, 'postgres'), ['-D', join(folder, 'data'), '-p', String(port), '-k', folder,
      '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'max_connections=40'], options);
    const deadline = Date.now() + 20_000;
    for (;;) {
      try {
        return await query('postgres', 'SELECT 1');
      } catch (error) {
        if (Date.now() > deadline || child.exitCode !== null) throw error;
        await sleep(50);
      }
    }
  }

  async function query(name, text) {
    const client = new pg.Client({ connectionString: url(name) });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Stops it at once, as a crash would. */
  async function stop() {
    const ended = once(child, 'exit');
    child.kill('SIGQUIT');
    await ended;
  }

  await launch();
  await query('postgres', 'CREATE DATABASE bench');
  await query('bench', `
    CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, cents integer NOT NULL, stock integer NOT NULL);
    INSERT INTO items SELECT i, 'Item ' || i, i * 37 % 100000, 0 FROM generate_series(1, 10000) AS i;
  `);
  return {
    url: url('bench'),
    query: (text) => query('bench', text),
    launch,
    stop,
    async remove() {
      if (child.exitCode === null && child.signalCode === null) await stop();
      rmSync(folder, { recursive: true });
    },
  };
}
