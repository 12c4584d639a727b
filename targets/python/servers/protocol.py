"""uvicorn's HTTP protocol, with the connection's transport in the state of each request.

An ASGI app can neither see how much waits for a client that does not read, nor end its connection:
/room and /dashboard have to.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class TransportProtocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        # Made once a connection. A WebSocket takes the state over, and each request copies it.
        self.app_state = self.app_state | {"transport": transport}
