"""Raw ASGI: the contract without a framework, on the same layer that FastAPI uses."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import parse_qsl

from servers.about import about
from servers.asgi_types import Receive, Scope, Send
from servers.refusal import Refusal
from servers.services import Services, open_services
from servers.settings import settings
from servers.tasks.audience import Member
from servers.tasks.compress import TEXT_KIB, compress
from servers.tasks.compute import GRID, compute
from servers.tasks.dashboard import disconnected, read_update
from servers.tasks.database import ITEM, READS
from servers.tasks.hashing import HASH_KIB, sha256
from servers.tasks.items import items
from servers.tasks.matrix import SIDE, matrix
from servers.tasks.objects import RECORDS, objects
from servers.tasks.parallel import (
    MODE,
    SIZE,
    TASKS,
    WORK,
    check_size,
    inline_async,
)
from servers.tasks.stream import STREAM_KIB, pieces
from servers.tasks.tokens import EVENT_STREAM, INTERVAL_MS, TOKENS, tokens
from servers.tasks.upstream import CALLS, WAIT_MS

to_json = json.JSONEncoder(separators=(",", ":")).encode

NOT_FOUND = {"error": "not found"}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
    elif scope["type"] == "websocket":
        await websocket(scope, receive, send)
    elif stream := STREAMS.get((scope["method"], scope["path"])):
        try:
            await stream(scope, receive, send)
        except Refusal as refusal:  # before anything is sent
            await send_json(send, refusal.status, {"error": refusal.error})
    else:
        await send_json(send, *await answer(scope, receive))


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # lifespan.startup
    async with open_services(settings) as services:
        scope["state"]["services"] = services  # the server puts it into every request's scope
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
    await send({"type": "lifespan.shutdown.complete"})


async def answer(scope: Scope, receive: Receive) -> tuple[int, object]:
    route = ROUTES.get((scope["method"], scope["path"]))
    if route is None:
        return 404, NOT_FOUND
    try:
        return 200, await route(scope, receive)
    except Refusal as refusal:
        return refusal.status, {"error": refusal.error}


async def send_json(send: Send, status: int, value: object, kind: str = "http") -> None:
    body = to_json(value).encode()
    await send(
        {
            "type": f"{kind}.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": f"{kind}.response.body", "body": body})


async def get_healthz(_scope: Scope, _receive: Receive) -> object:
    return {"ok": True}


async def get_about(scope: Scope, _: Receive) -> object:
    return about(
        framework="asgi",
        framework_version=scope["asgi"]["version"],
        server="uvicorn",
        threads=None,
    )


async def get_json(_scope: Scope, _receive: Receive) -> object:
    return {"items": items()}


async def get_upstream(scope: Scope, _: Receive) -> object:
    query = query_of(scope)
    ms = WAIT_MS.read(query.get("ms"))
    n = CALLS.read(query.get("n"))
    return {"ok": True, "calls": n, "waited_ms": await services_of(scope).upstream.wait(ms, n)}


# These routes compute in the event loop, which serves no other request meanwhile. Under the GIL a
# thread would not make it faster, and Node.js computes in its one thread too.
async def get_compute(scope: Scope, _: Receive) -> object:
    n = GRID.read(query_of(scope).get("n"))
    return {"n": n, "result": compute(n)}


async def get_objects(scope: Scope, _: Receive) -> object:
    n = RECORDS.read(query_of(scope).get("n"))
    return {"n": n, "result": objects(n)}


async def get_hash(scope: Scope, _: Receive) -> object:
    kib = HASH_KIB.read(query_of(scope).get("kib"))
    return {"kib": kib, "result": sha256(kib)}


async def get_compress(scope: Scope, _: Receive) -> object:
    kib = TEXT_KIB.read(query_of(scope).get("kib"))
    return {"kib": kib, "result": compress(kib)}


async def get_matrix(scope: Scope, _: Receive) -> object:
    n = SIDE.read(query_of(scope).get("n"))
    return {"n": n, "result": matrix(n)}


async def get_parallel(scope: Scope, _: Receive) -> object:
    query = query_of(scope)
    mode = MODE.read(query.get("mode"))
    k = TASKS.read(query.get("k"))
    work = WORK.read(query.get("work"))
    n = check_size(work, SIZE.read(query.get("n")))
    if mode == "inline":
        result = await inline_async(k, work, n)
    else:
        result = await services_of(scope).pools.run_async(mode, k, work, n)
    return {"mode": mode, "k": k, "result": result}


async def get_db_read(scope: Scope, _: Receive) -> object:
    item = ITEM.read(query_of(scope).get("id"))
    return await services_of(scope).database.read(item)


async def get_db_reads(scope: Scope, _: Receive) -> object:
    query = query_of(scope)
    first = ITEM.read(query.get("id"))
    n = READS.read(query.get("n"))
    return {"items": await services_of(scope).database.reads(first, n)}


async def get_db_update(scope: Scope, _: Receive) -> object:
    return {"updated": await services_of(scope).database.update()}


async def post_dashboard(scope: Scope, receive: Receive) -> object:
    update = await read_update(body_of(receive))
    return {"viewers": await services_of(scope).dashboard.post(update)}


async def get_stream(scope: Scope, _: Receive, send: Send) -> None:
    kib = STREAM_KIB.read(query_of(scope).get("kib"))
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in pieces(kib):  # `send` waits for a client that does not read
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def get_dashboard(scope: Scope, receive: Receive, send: Send) -> None:
    await services_of(scope).dashboard.watch(scope, receive, send)


async def get_tokens(scope: Scope, receive: Receive, send: Send) -> None:
    query = query_of(scope)
    n = TOKENS.read(query.get("n"))
    ms = INTERVAL_MS.read(query.get("ms"))
    events = tokens(n, ms, services_of(scope).stopping)

    async def write() -> None:
        headers = [(name.encode(), value.encode()) for name, value in EVENT_STREAM.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for event in events:
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    writing = asyncio.create_task(write())
    await disconnected(receive)  # returns also after everything is written
    writing.cancel()
    await asyncio.wait([writing])


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    if scope["path"] != "/room":
        await send_json(send, 404, NOT_FOUND, "websocket.http")
        return

    async def send_text(text: str) -> None:
        await send({"type": "websocket.send", "text": text})

    room = services_of(scope).room
    await send({"type": "websocket.accept"})
    with room.joined(Member(send_text, scope["state"]["transport"])):
        while (message := await receive())["type"] != "websocket.disconnect":
            if (text := message.get("text")) is not None:
                await room.send_to_all(text)


def services_of(scope: Scope) -> Services:
    services: Services = scope["state"]["services"]
    return services


def query_of(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


async def body_of(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        yield message.get("body", b"")
        more = message.get("more_body", False)


ROUTES: dict[tuple[str, str], Callable[[Scope, Receive], Awaitable[object]]] = {
    ("GET", "/healthz"): get_healthz,
    ("GET", "/about"): get_about,
    ("GET", "/json"): get_json,
    ("GET", "/upstream"): get_upstream,
    ("GET", "/compute"): get_compute,
    ("GET", "/objects"): get_objects,
    ("GET", "/hash"): get_hash,
    ("GET", "/compress"): get_compress,
    ("GET", "/matrix"): get_matrix,
    ("GET", "/parallel"): get_parallel,
    ("GET", "/db/read"): get_db_read,
    ("GET", "/db/reads"): get_db_reads,
    ("GET", "/db/update"): get_db_update,
    ("POST", "/dashboard"): post_dashboard,
}

STREAMS: dict[tuple[str, str], Callable[[Scope, Receive, Send], Awaitable[None]]] = {
    ("GET", "/stream"): get_stream,
    ("GET", "/dashboard"): get_dashboard,
    ("GET", "/tokens"): get_tokens,
}
