-- Fills database bench. A stand-alone backend reads this file, so a semicolon and an empty line end each statement.

CREATE EXTENSION pg_stat_statements;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO bench;

-- Half of each page stays free. An updated row then stays on its page (HOT), and no index changes.
CREATE TABLE items (
  id integer PRIMARY KEY,
  name text NOT NULL,
  cents integer NOT NULL,
  stock integer NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE items OWNER TO bench;

INSERT INTO items
SELECT i, 'Item ' || i, i * 37 % 100000, 0 FROM generate_series(1, 10000) AS i;

-- Afterwards the first reads need not write hint bits, and the planner has statistics of the table.
VACUUM (FREEZE, ANALYZE) items;

