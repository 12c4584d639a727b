"""The database client of the ASGI servers: asyncpg, which prepares and keeps each statement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from servers.tasks.database import SECONDS, DatabaseError, Row, ids_from, ids_to_update

READ = "SELECT id, name, cents FROM items WHERE id = $1"
UPDATE = "UPDATE items SET stock = stock + 1 WHERE id = $1"

FAREWELL_SECONDS = 1

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class AsyncDatabase:
    def __init__(self, url: str, size: int) -> None:
        # This opens no connection yet. Connections open one by one, on demand.
        self._pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=size,
            timeout=SECONDS,
            command_timeout=SECONDS,
            reset=leave_as_it_is,
        )
        self._starting = asyncio.Lock()
        self._started = False
        self._ids = ids_to_update()

    async def read(self, item: int) -> Row:
        async with self._connection() as connection:
            return await fetch(connection, item)

    async def reads(self, first: int, n: int) -> list[Row]:
        async with self._connection() as connection:
            return [await fetch(connection, item) for item in ids_from(first, n)]

    async def update(self) -> int:
        async with self._connection() as connection:
            status = await connection.execute(UPDATE, next(self._ids))
            return int(status.removeprefix("UPDATE "))

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._pool.close(), FAREWELL_SECONDS)
        except FAILURES:
            self._pool.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. After a failure it is not used again."""
        try:
            async with self._starting:
                if not self._started:
                    await self._pool
                    self._started = True
            connection = await self._pool.acquire()
            try:
                yield connection
            except BaseException:
                connection.terminate()
                raise
            finally:
                await self._pool.release(connection)
        except FAILURES as error:
            raise DatabaseError(str(error)) from error


async def fetch(connection: Connection, item: int) -> Row:
    row = await connection.fetchrow(READ, item)
    if row is None:
        raise DatabaseError(f"no item {item}")
    return {"id": row["id"], "name": row["name"], "cents": row["cents"]}


async def leave_as_it_is(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Skip the query with which asyncpg's pool resets a connection. Our queries change no state."""
