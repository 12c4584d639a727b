"""The work of /tokens: events on a schedule, as a language model's answer comes."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator

from servers.parameters import WholeNumber

TOKENS = WholeNumber("n", default=50, least=1, most=1000)
INTERVAL_MS = WholeNumber("ms", default=20, least=0, most=1000)

EVENT_STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache"}


def tokens(n: int, ms: int, stopping: asyncio.Future[None]) -> AsyncGenerator[bytes, None]:
    """Give event i `i * ms` milliseconds from now, and end when `stopping` is done.

    The times are counted from the request, not from event to event: a late one delays no other.
    """
    return events(n, ms / 1000, time.monotonic(), stopping)


async def events(
    n: int, interval: float, came: float, stopping: asyncio.Future[None]
) -> AsyncGenerator[bytes, None]:
    for i in range(n):
        # uvloop counts in whole milliseconds: its clock may be late, and its timers early, by one.
        while (wait := came + i * interval - time.monotonic()) > 0 and not stopping.done():
            await asyncio.wait([stopping], timeout=math.ceil(wait * 1000) / 1000)
        if stopping.done():
            return
        yield b'data: {"i":%d,"token":"token-%d"}\n\n' % (i, i)
