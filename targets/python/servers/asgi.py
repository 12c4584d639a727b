"""Raw ASGI: the contract with no framework, the floor that FastAPI stands on."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from servers.about import about
from servers.settings import settings
from servers.tasks.compute import GRID, compute
from servers.tasks.items import items
from servers.tasks.upstream import CALLS, WAIT_MS, UpstreamError
from servers.tasks.upstream.async_client import AsyncUpstream, open_upstream
from servers.whole_number import BadNumberError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

to_json = json.JSONEncoder(separators=(",", ":")).encode


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
        return

    status, value = await answer(scope)
    body = to_json(value).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # lifespan.startup
    async with open_upstream(settings.upstream_url) as upstream:
        scope["state"]["upstream"] = upstream  # the server puts it into every request's scope
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
    await send({"type": "lifespan.shutdown.complete"})


async def answer(scope: Scope) -> tuple[int, object]:
    route = ROUTES.get(scope["path"]) if scope["method"] == "GET" else None
    if route is None:
        return 404, {"error": "not found"}
    try:
        return 200, await route(scope)
    except BadNumberError as error:
        return 400, {"error": str(error)}
    except UpstreamError:
        return 502, {"error": "upstream failed"}


async def get_healthz(_: Scope) -> object:
    return {"ok": True}


async def get_about(scope: Scope) -> object:
    return about(
        framework="asgi",
        framework_version=scope["asgi"]["version"],
        server="uvicorn",
        threads=None,
    )


async def get_json(_: Scope) -> object:
    return {"items": items()}


async def get_upstream(scope: Scope) -> object:
    query = query_of(scope)
    ms = WAIT_MS.read(query.get("ms"))
    n = CALLS.read(query.get("n"))
    upstream: AsyncUpstream = scope["state"]["upstream"]
    return {"ok": True, "calls": n, "waited_ms": await upstream.wait(ms, n)}


async def get_compute(scope: Scope) -> object:
    n = GRID.read(query_of(scope).get("n"))
    # In the event loop, which serves nobody else meanwhile: under the GIL a thread would not make
    # it faster, and Node.js's one thread does the same.
    return {"n": n, "result": compute(n)}


def query_of(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


ROUTES: dict[str, Callable[[Scope], Awaitable[object]]] = {
    "/healthz": get_healthz,
    "/about": get_about,
    "/json": get_json,
    "/upstream": get_upstream,
    "/compute": get_compute,
}
