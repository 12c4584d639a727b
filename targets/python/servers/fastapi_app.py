"""FastAPI: the contract with Pydantic's parameters and response models."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, TypedDict, cast

import fastapi
from fastapi import Depends, FastAPI, Query, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, BeforeValidator
from starlette.exceptions import HTTPException

from servers.about import About, about
from servers.asgi_types import Receive, Scope, Send
from servers.parameters import WholeNumber, digits_only
from servers.refusal import Refusal
from servers.services import Services, open_services
from servers.settings import settings
from servers.tasks.audience import Member
from servers.tasks.compress import TEXT_KIB, compress
from servers.tasks.compute import GRID, compute
from servers.tasks.dashboard import read_update
from servers.tasks.database import ITEM, READS
from servers.tasks.hashing import HASH_KIB, sha256
from servers.tasks.items import items
from servers.tasks.matrix import SIDE, matrix
from servers.tasks.objects import RECORDS, objects
from servers.tasks.parallel import (
    SIZE,
    TASKS,
    check_size,
    inline_async,
)
from servers.tasks.stream import STREAM_KIB, pieces
from servers.tasks.tokens import EVENT_STREAM, INTERVAL_MS, TOKENS, tokens
from servers.tasks.upstream import CALLS, WAIT_MS

NOT_FOUND = {"error": "not found"}


class Health(BaseModel):
    ok: bool


class Item(BaseModel):
    id: int
    name: str
    sku: str
    cents: int
    tags: list[str]
    available: bool


class ItemList(BaseModel):
    items: list[Item]


class Waited(BaseModel):
    ok: bool
    calls: int
    waited_ms: int


class Computed(BaseModel):
    n: int
    result: int


class Hashed(BaseModel):
    kib: int
    result: str


class Compressed(BaseModel):
    kib: int
    result: int


class Parallel(BaseModel):
    mode: str
    k: int
    result: int


class Row(BaseModel):
    id: int
    name: str
    cents: int


class RowList(BaseModel):
    items: list[Row]


class Updated(BaseModel):
    updated: int


class Posted(BaseModel):
    viewers: int


class State(TypedDict):
    services: Services


class EventStream(StreamingResponse):
    """A response with the media type of the contract, without a charset."""

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, headers=EVENT_STREAM)


class Watching(Response):
    """A viewer's response, which the dashboard writes until the viewer leaves."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._watch = services.dashboard.watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._watch(scope, receive, send)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with open_services(settings) as services:
        yield {"services": services}


async def get_services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.state.services)


def within(number: WholeNumber, alias: str | None = None) -> Any:
    return Query(ge=number.least, le=number.most, alias=alias)


Whole = Annotated[int, BeforeValidator(digits_only)]
Opened = Annotated[Services, Depends(get_services)]

app = FastAPI(
    lifespan=lifespan,
    # Only the routes of the contract: no documentation, and no redirect from "/json/".
    openapi_url=None,
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
)


@app.get("/healthz")
async def get_healthz() -> Health:
    return Health(ok=True)


@app.get("/about")
async def get_about() -> About:
    return about(
        framework="fastapi",
        framework_version=fastapi.__version__,
        server="uvicorn",
        threads=None,
    )


@app.get("/json", response_model=ItemList)
async def get_json() -> Any:
    return {"items": items()}


@app.get("/upstream")
async def get_upstream(
    services: Opened,
    ms: Annotated[Whole, within(WAIT_MS)] = WAIT_MS.default,
    n: Annotated[Whole, within(CALLS)] = CALLS.default,
) -> Waited:
    return Waited(ok=True, calls=n, waited_ms=await services.upstream.wait(ms, n))


@app.get("/stream")
async def get_stream(
    kib: Annotated[Whole, within(STREAM_KIB)] = STREAM_KIB.default,
) -> StreamingResponse:
    async def body() -> AsyncGenerator[bytes, None]:  # a plain generator would run in a thread
        for piece in pieces(kib):
            yield piece

    return StreamingResponse(body(), media_type="text/plain")


# These are `async def`, although they never await. FastAPI would run a plain `def` in its thread
# pool, so it would not compare with raw ASGI and Node.js, which compute in the event loop.
@app.get("/compute")
async def get_compute(n: Annotated[Whole, within(GRID)] = GRID.default) -> Computed:
    return Computed(n=n, result=compute(n))


@app.get("/objects")
async def get_objects(n: Annotated[Whole, within(RECORDS)] = RECORDS.default) -> Computed:
    return Computed(n=n, result=objects(n))


@app.get("/hash")
async def get_hash(kib: Annotated[Whole, within(HASH_KIB)] = HASH_KIB.default) -> Hashed:
    return Hashed(kib=kib, result=sha256(kib))


@app.get("/compress")
async def get_compress(kib: Annotated[Whole, within(TEXT_KIB)] = TEXT_KIB.default) -> Compressed:
    return Compressed(kib=kib, result=compress(kib))


@app.get("/matrix")
async def get_matrix(n: Annotated[Whole, within(SIDE)] = SIDE.default) -> Computed:
    return Computed(n=n, result=matrix(n))


@app.get("/parallel")
async def get_parallel(
    services: Opened,
    mode: Literal["inline", "threads", "processes", "interpreters"],
    *,
    k: Annotated[Whole, within(TASKS)] = TASKS.default,
    work: Literal["compute", "hash", "wait"],
    n: Annotated[Whole, within(SIZE)] = SIZE.default,
) -> Parallel:
    check_size(work, n)
    if mode == "inline":
        result = await inline_async(k, work, n)
    else:
        result = await services.pools.run_async(mode, k, work, n)
    return Parallel(mode=mode, k=k, result=result)


@app.get("/db/read", response_model=Row)
async def get_db_read(
    services: Opened, item: Annotated[Whole, within(ITEM, alias="id")] = ITEM.default
) -> Any:
    return await services.database.read(item)


@app.get("/db/reads", response_model=RowList)
async def get_db_reads(
    services: Opened,
    first: Annotated[Whole, within(ITEM, alias="id")] = ITEM.default,
    n: Annotated[Whole, within(READS)] = READS.default,
) -> Any:
    return {"items": await services.database.reads(first, n)}


@app.get("/db/update")
async def get_db_update(services: Opened) -> Updated:
    return Updated(updated=await services.database.update())


@app.websocket("/room")
async def room(websocket: WebSocket, services: Opened) -> None:
    await websocket.accept()
    with services.room.joined(Member(websocket.send_text, websocket.state.transport)):
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            if (text := message.get("text")) is not None:
                await services.room.send_to_all(text)


@app.websocket("/{path:path}")
async def no_such_room(websocket: WebSocket) -> None:
    await websocket.send_denial_response(JSONResponse(NOT_FOUND, 404))


@app.get("/dashboard")
async def get_dashboard(services: Opened) -> Response:
    return Watching(services)


@app.post("/dashboard")
async def post_dashboard(services: Opened, request: Request) -> Posted:
    update = await read_update(request.stream())
    return Posted(viewers=await services.dashboard.post(update))


@app.get("/tokens")
async def get_tokens(
    services: Opened,
    n: Annotated[Whole, within(TOKENS)] = TOKENS.default,
    ms: Annotated[Whole, within(INTERVAL_MS)] = INTERVAL_MS.default,
) -> EventStream:
    return EventStream(tokens(n, ms, services.stopping))


@app.exception_handler(HTTPException)
async def not_found(_request: Request, _error: HTTPException) -> JSONResponse:
    # All HTTPExceptions come from the router: 404 and 405. The contract has only 404.
    return JSONResponse(NOT_FOUND, 404)


@app.exception_handler(RequestValidationError)
async def bad_parameter(_: Request, error: RequestValidationError) -> JSONResponse:
    name = error.errors()[0]["loc"][-1]
    return JSONResponse({"error": f"bad {name}"}, 400)


@app.exception_handler(Refusal)
async def refused(_: Request, refusal: Refusal) -> JSONResponse:
    return JSONResponse({"error": refusal.error}, refusal.status)
