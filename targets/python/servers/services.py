"""The clients and pools that the routes of the ASGI servers use, for the server's lifetime."""

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

# How long a member or viewer that does not read may delay the stop of a server.
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
            # The driver is imported here, so a worker that never needs it does not load it.
            from servers.tasks.database.async_client import AsyncDatabase  # noqa: PLC0415

            self._database = AsyncDatabase(self.settings.database_url, self.settings.db_pool_size)
        return self._database

    def stop(self) -> None:
        """Close the event streams. uvicorn itself closes the room's connections, with 1012."""
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
        on_stop_signal(lambda: loop.call_soon_threadsafe(services.stop))
        try:
            yield services
        finally:
            await services.close()


def on_stop_signal(call: Callable[[], object]) -> None:
    """Run `call` on SIGTERM or SIGINT, and then uvicorn's own handler.

    uvicorn has no hook for this. It notifies an app only when all responses are finished, and an
    event stream would never finish.
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
