-- For database bench, read by a stand-alone backend: statements end with a semicolon and an empty line.

CREATE EXTENSION pg_stat_statements;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO bench;

-- Half of each page is left free, so that an updated row stays on its page (HOT) and no index changes.
CREATE TABLE items (
  id integer PRIMARY KEY,
  name text NOT NULL,
  cents integer NOT NULL,
  stock integer NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE items OWNER TO bench;

INSERT INTO items
SELECT i, 'Item ' || i, i * 37 % 100000, 0 FROM generate_series(1, 10000) AS i;

-- The first reads need not write hint bits, and the planner knows the table.
VACUUM (FREEZE, ANALYZE) items;

