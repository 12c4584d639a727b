"""The database client of the threaded server: psycopg and its pool."""

import select
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from servers.tasks.database import SECONDS, DatabaseError, Row, ids_from, ids_to_update

READ = "SELECT id, name, cents FROM items WHERE id = %s"
UPDATE = "UPDATE items SET stock = stock + 1 WHERE id = %s"


class Connection(psycopg.Connection[DictRow]):
    """psycopg's connection with a time limit. By default it waits until the connection closes."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = SECONDS) -> RV:
        return super().wait(gen, interval, timeout)


class SyncDatabase:
    def __init__(self, url: str, size: int) -> None:
        # This opens no connection yet. Connections open one by one, on demand.
        self._pool = ConnectionPool(
            url,
            connection_class=Connection,
            kwargs={"autocommit": True, "connect_timeout": SECONDS, "row_factory": dict_row},
            min_size=0,
            max_size=size,
            timeout=SECONDS,
            # The next request tries to connect. By default the pool retries itself, less and less.
            reconnect_timeout=0,
            open=True,
        )
        self._ids = ids_to_update()

    def read(self, item: int) -> Row:
        with self._connection() as connection:
            return fetch(connection, item)

    def reads(self, first: int, n: int) -> list[Row]:
        with self._connection() as connection:
            return [fetch(connection, item) for item in ids_from(first, n)]

    def update(self) -> int:
        with self._connection() as connection:
            return connection.execute(UPDATE, (next(self._ids),), prepare=True).rowcount

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Lend a connection. After a failure it is not used again."""
        try:
            connection = self._pool.getconn()
            while closed_by_the_server(connection):
                connection.close()
                self._pool.putconn(connection)
                connection = self._pool.getconn()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            finally:
                self._pool.putconn(connection)
        except (psycopg.Error, PoolTimeout) as error:
            raise DatabaseError(str(error)) from error


def closed_by_the_server(connection: Connection) -> bool:
    """Report whether an idle connection has something to read: a last message, or its end.

    asyncpg notices this through the event loop. The pool's own check would cost another query.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def fetch(connection: Connection, item: int) -> Row:
    row = connection.execute(READ, (item,), prepare=True).fetchone()
    if row is None:
        raise DatabaseError(f"no item {item}")
    return {"id": row["id"], "name": row["name"], "cents": row["cents"]}
