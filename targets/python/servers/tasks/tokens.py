"""The work of /tokens: events on a schedule, like the tokens of a language model."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator

from servers.parameters import WholeNumber

TOKENS = WholeNumber("n", default=50, least=1, most=1000)
INTERVAL_MS = WholeNumber("ms", default=20, least=0, most=1000)

EVENT_STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache"}


def tokens(n: int, ms: int, stopping: asyncio.Future[None]) -> AsyncGenerator[bytes, None]:
    """Yield event i `i * ms` milliseconds from now, and finish early once `stopping` is done.

    The times count from the request, not from event to event, so a late event delays no other.
    """
    return events(n, ms / 1000, time.monotonic(), stopping)


async def events(
    n: int, interval: float, came: float, stopping: asyncio.Future[None]
) -> AsyncGenerator[bytes, None]:
    for i in range(n):
        # uvloop counts whole milliseconds. Its clock may be 1 ms late, and its timers 1 ms early.
        while (wait := came + i * interval - time.monotonic()) > 0 and not stopping.done():
            await asyncio.wait([stopping], timeout=math.ceil(wait * 1000) / 1000)
        if stopping.done():
            return
        yield b'data: {"i":%d,"token":"token-%d"}\n\n' % (i, i)
