"""FastAPI: the contract with Pydantic's parameters and response models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict, cast

import fastapi
from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator
from starlette.exceptions import HTTPException

from servers.about import About, about
from servers.settings import settings
from servers.tasks.compute import GRID, compute
from servers.tasks.items import items
from servers.tasks.upstream import CALLS, WAIT_MS, UpstreamError
from servers.tasks.upstream.async_client import AsyncUpstream, open_upstream
from servers.whole_number import WholeNumber, digits_only


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


class State(TypedDict):
    upstream: AsyncUpstream


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with open_upstream(settings.upstream_url) as upstream:
        yield {"upstream": upstream}


async def get_client(request: Request) -> AsyncUpstream:
    return cast(AsyncUpstream, request.state.upstream)


def within(number: WholeNumber) -> Any:
    return Query(ge=number.least, le=number.most)


Whole = Annotated[int, BeforeValidator(digits_only)]
Upstream = Annotated[AsyncUpstream, Depends(get_client)]

app = FastAPI(
    lifespan=lifespan,
    # The contract's routes and no others: nothing for documentation, no redirect from "/json/".
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
    upstream: Upstream,
    ms: Annotated[Whole, within(WAIT_MS)] = WAIT_MS.default,
    n: Annotated[Whole, within(CALLS)] = CALLS.default,
) -> Waited:
    return Waited(ok=True, calls=n, waited_ms=await upstream.wait(ms, n))


# `async def`, though it never awaits: FastAPI would run a plain `def` in its thread pool, and this
# would no longer compare with the raw ASGI app and with Node.js, which compute in the event loop.
@app.get("/compute")
async def get_compute(n: Annotated[Whole, within(GRID)] = GRID.default) -> Computed:
    return Computed(n=n, result=compute(n))


@app.exception_handler(HTTPException)
async def not_found(_request: Request, _error: HTTPException) -> JSONResponse:
    # The router's own errors, 404 and 405, are all there are; the contract knows only the first.
    return JSONResponse({"error": "not found"}, 404)


@app.exception_handler(RequestValidationError)
async def bad_parameter(_: Request, error: RequestValidationError) -> JSONResponse:
    name = error.errors()[0]["loc"][-1]
    return JSONResponse({"error": f"bad {name}"}, 400)


@app.exception_handler(UpstreamError)
async def upstream_failed(_request: Request, _error: UpstreamError) -> JSONResponse:
    return JSONResponse({"error": "upstream failed"}, 502)
