"""The work of /dashboard: each posted update goes to all viewers as a server-sent event."""

import asyncio
import json
from collections.abc import AsyncIterator

from servers.asgi_types import Receive, Scope, Send
from servers.refusal import Refusal
from servers.tasks.audience import Audience, Member
from servers.tasks.tokens import EVENT_STREAM

MOST_BYTES = 64 * 1024

HEADERS = [(name.encode(), value.encode()) for name, value in EVENT_STREAM.items()]

to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Dashboard:
    def __init__(self, stopping: asyncio.Future[None]) -> None:
        self._stopping = stopping
        self._viewers = Audience[bytes]()

    async def watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream as an ASGI app, until the viewer leaves or the server stops."""

        async def send_bytes(body: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": more})

        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send_bytes(b": welcome\n\n")
        with self._viewers.joined(Member(send_bytes, scope["state"]["transport"])):
            gone = asyncio.ensure_future(disconnected(receive))
            await asyncio.wait([gone, self._stopping], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        await send_bytes(b"", more=False)

    async def post(self, update: str) -> int:
        """Send an update to all viewers, and return their number."""
        # All viewers get the same bytes. JSON can write half a surrogate pair only as an escape.
        event = f"data: {update}\n\n".encode("utf-8", "backslashreplace")
        return await self._viewers.send_to_all(event)

    def hurry(self, seconds: float) -> None:
        self._viewers.hurry(seconds)


class BadBodyError(Refusal):
    """The body is not a JSON object, or is too long."""

    status = 400
    error = "bad body"


async def read_update(chunks: AsyncIterator[bytes]) -> str:
    """Read a JSON object, and write it again in compact form."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MOST_BYTES:
            raise BadBodyError
    try:
        update = json.loads(body.decode(), parse_constant=refuse)
        text = to_json(update)
    except (ValueError, RecursionError):
        raise BadBodyError from None
    if not isinstance(update, dict):
        raise BadBodyError
    return text


def refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads but JSON does not allow."""
    raise ValueError(constant)


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
