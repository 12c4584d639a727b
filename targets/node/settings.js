// Settings from the environment. On a bad number the process exits here, before it listens.

function whole(name, fallback, max = Number.MAX_SAFE_INTEGER) {
  const text = process.env[name];
  if (text === undefined) return fallback;

  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > max) {
    console.error(`${name} must be a positive whole number${max < Number.MAX_SAFE_INTEGER ? ` up to ${max}` : ''}, not "${text}"`);
    process.exit(1);
  }
  return value;
}

export const settings = {
  host: process.env.HOST ?? '127.0.0.1',
  port: whole('PORT', 8080, 65_535),
  workers: whole('WORKERS', 1),
  upstreamUrl: process.env.UPSTREAM_URL ?? 'http://127.0.0.1:9000',
  databaseUrl: process.env.DATABASE_URL ?? 'postgres://bench@127.0.0.1:5432/bench',
  dbConnections: whole('DB_CONNECTIONS', 16),
};
