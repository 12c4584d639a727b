"""The upstream client of the threaded server: urllib3, and threads for concurrent calls."""

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import urllib3

from servers.tasks.upstream import (
    CONNECT_SECONDS,
    POOL_SIZE,
    READ_SECONDS,
    UpstreamError,
    wait_url,
    waited_ms,
)


class SyncUpstream:
    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._pool = urllib3.PoolManager(
            maxsize=POOL_SIZE,
            block=True,  # a real limit, as in aiohttp; by default urllib3 only discards the surplus
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            # Retry once, as aiohttp does, if the upstream has just closed a kept-alive connection.
            retries=urllib3.Retry(total=1, redirect=False),
        )
        self._threads = ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="upstream")

    def wait(self, ms: int, n: int) -> int:
        """Make n calls at once, and add up the times that the responses report."""
        url = wait_url(self._base_url, ms)
        if n == 1:
            return self._call(url)  # the request's own thread makes a single call
        return sum(self._threads.map(self._call, repeat(url, n)))

    def _call(self, url: str) -> int:
        try:
            response = self._pool.request("GET", url)
        except urllib3.exceptions.HTTPError as error:
            raise UpstreamError(str(error)) from error
        return waited_ms(response.status, response.data)
