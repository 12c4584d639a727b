"""The work of /upstream: calls of a slow service, over a pool of kept-alive connections.

Each way to wait has one client in its own file. A Flask worker therefore does not load aiohttp's
twelve megabytes, and an ASGI worker does not load urllib3.
"""

import json

from servers.parameters import WholeNumber
from servers.refusal import Refusal

WAIT_MS = WholeNumber("ms", default=20, least=0, most=10_000)
CALLS = WholeNumber("n", default=1, least=1, most=100)

# For both clients: how many connections a process may open, and how long it waits.
POOL_SIZE = 1024
CONNECT_SECONDS = 5
READ_SECONDS = 12  # longer than the longest wait that a request may ask for


class UpstreamError(Refusal):
    """A call failed, or its response is not as expected."""

    status = 502
    error = "upstream failed"


def wait_url(base_url: str, ms: int) -> str:
    return f"{base_url.rstrip('/')}/wait?ms={ms}"


def waited_ms(status: int, body: bytes) -> int:
    """Read the upstream's response, `{"waited_ms":M}`."""
    if status != 200:
        raise UpstreamError(f"status {status}")
    try:
        return int(json.loads(body)["waited_ms"])
    except (ValueError, KeyError, TypeError) as error:
        raise UpstreamError(f"unexpected response {body[:100]!r}") from error
