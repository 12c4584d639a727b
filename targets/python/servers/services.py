"""What the routes of the ASGI servers stand on: opened with the server, closed with it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from servers.settings import Settings
from servers.tasks.audience import Audience
from servers.tasks.dashboard import Dashboard
from servers.tasks.parallel import Pools
from servers.tasks.upstream.async_client import AsyncUpstream, open_upstream

if TYPE_CHECKING:
    from servers.tasks.database.async_client import AsyncDatabase

# How long a member or viewer who does not read may hold up a server that stops.
STOP_SECONDS = 2


@dataclass
class Services:
    settings: Settings
    upstream: AsyncUpstream
    pools: Pools
    room: Audience[str]
    dashboard: Dashboard
    stopping: asyncio.Future[None]
    _database: AsyncDatabase | None = None

    @property
    def database(self) -> AsyncDatabase:
        if self._database is None:
            # Not before: a worker that is never asked does not carry the driver.
            from servers.tasks.database.async_client import AsyncDatabase  # noqa: PLC0415

            self._database = AsyncDatabase(self.settings.database_url, self.settings.db_pool_size)
        return self._database

    def stop(self) -> None:
        """End the event streams; uvicorn itself ends the room's connections, with 1012."""
        if not self.stopping.done():
            self.stopping.set_result(None)
            self.room.hurry(STOP_SECONDS)
            self.dashboard.hurry(STOP_SECONDS)

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()
        await asyncio.to_thread(self.pools.close)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    loop = asyncio.get_running_loop()
    stopping: asyncio.Future[None] = loop.create_future()
    async with open_upstream(settings.upstream_url) as upstream:
        services = Services(
            settings=settings,
            upstream=upstream,
            pools=Pools(),
            room=Audience(),
            dashboard=Dashboard(stopping),
            stopping=stopping,
        )
        when_told_to_stop(lambda: loop.call_soon_threadsafe(services.stop))
        try:
            yield services
        finally:
            await services.close()


def when_told_to_stop(call: Callable[[], object]) -> None:
    """Call, and leave the rest to uvicorn, which has no such hook: it tells an app to stop only
    when all answers are out, and an event stream would never be.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        uvicorns = signal.getsignal(number)

        def handle(
            number: int,
            frame: FrameType | None,
            uvicorns: Callable[[int, FrameType | None], object] | int | None = uvicorns,
        ) -> None:
            call()
            if callable(uvicorns):
                uvicorns(number, frame)

        signal.signal(number, handle)
