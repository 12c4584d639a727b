"""The upstream client of the ASGI servers: coroutines on one aiohttp session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from servers.settings import KEEP_ALIVE_SECONDS
from servers.tasks.upstream import (
    CONNECT_SECONDS,
    POOL_SIZE,
    READ_SECONDS,
    UpstreamError,
    wait_url,
    waited_ms,
)


class AsyncUpstream:
    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self._base_url = base_url
        self._session = session

    async def wait(self, ms: int, n: int) -> int:
        """Make n calls at once, and add up the times that the responses report."""
        url = wait_url(self._base_url, ms)
        return sum(await asyncio.gather(*(self._call(url) for _ in range(n))))

    async def _call(self, url: str) -> int:
        try:
            async with self._session.get(url, allow_redirects=False) as response:
                return waited_ms(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UpstreamError(str(error)) from error


@asynccontextmanager
async def open_upstream(base_url: str) -> AsyncIterator[AsyncUpstream]:
    """Open the only session of this process. It belongs to the event loop that runs this."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=POOL_SIZE, keepalive_timeout=KEEP_ALIVE_SECONDS),
        timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),  # calls between services need no cookies
    ) as session:
        yield AsyncUpstream(base_url, session)
