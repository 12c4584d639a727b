"""uvicorn's HTTP protocol, with the connection's transport in the state of each request.

/room and /dashboard need the transport. Without it, an ASGI app can neither see how much waits for
a client that does not read, nor close the client's connection.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class TransportProtocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        # Runs once per connection. A WebSocket takes the state over, and each request copies it.
        self.app_state = self.app_state | {"transport": transport}
