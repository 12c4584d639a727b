import { Refusal } from '../refusal.js';
import { settings } from '../settings.js';

const ROWS = 10_000;

let opened;

/** Returns the only pool of this process. The first call loads the driver. Connections open on demand and stay open. */
function getPool() {
  opened ??= openPool();
  return opened;
}

async function openPool() {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: settings.databaseUrl,
    max: Math.max(1, Math.floor(settings.dbConnections / settings.workers)),
    connectionTimeoutMillis: 3000,
    query_timeout: 3000, // a database that no longer responds counts as unreachable
    idleTimeoutMillis: 0,
  });

  // Without a listener, a broken connection would stop the process. The pool drops the connection and opens another.
  const ignore = () => {};
  pool.on('error', ignore); // while it is idle
  pool.on('connect', (client) => client.on('error', ignore)); // while it is in use: the query fails
  return pool;
}

// The name makes it a prepared statement, prepared once per connection.
const read = (id) => ({ name: 'read', text: 'SELECT id, name, cents FROM items WHERE id = $1', values: [id] });
const update = (id) => ({ name: 'update', text: 'UPDATE items SET stock = stock + 1 WHERE id = $1', values: [id] });

/** The body of /db/read: one row by its key. */
export function dbRead({ id }) {
  return answer(async (pool) => row(await pool.query(read(id))));
}

/** The body of /db/reads: n rows, read by one query after the other over one connection. */
export function dbReads({ id, n }) {
  return answer(async (pool) => {
    const client = await pool.connect();
    try {
      const items = [];
      for (let j = 0; j < n; j++) items.push(row(await client.query(read(((id - 1 + j) % ROWS) + 1))));
      client.release();
      return { items };
    } catch (error) {
      client.release(error); // the pool must not use this connection again
      throw error;
    }
  });
}

let updates = 0;

/** The body of /db/update: changes one row. */
export function dbUpdate() {
  return answer(async (pool) => {
    const { rowCount } = await pool.query(update(((updates++ * 7919) % ROWS) + 1));
    return { updated: rowCount };
  });
}

function row({ rows: [first] }) {
  if (!first) throw new Error('no such row');
  return first;
}

async function answer(query) {
  try {
    return await query(await getPool());
  } catch (cause) {
    throw new Refusal(502, 'database failed', { cause });
  }
}
