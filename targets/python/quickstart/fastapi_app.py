"""FastAPI as in its tutorial: `uvicorn quickstart.fastapi_app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import fastapi
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator
from starlette.exceptions import HTTPException

from servers.about import About, about
from servers.parameters import digits_only
from servers.refusal import Refusal
from servers.settings import settings
from servers.tasks.compute import compute
from servers.tasks.items import items
from servers.tasks.upstream.async_client import open_upstream


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    async with open_upstream(settings.upstream_url) as upstream:
        yield {"upstream": upstream}


Whole = Annotated[int, BeforeValidator(digits_only)]

app = FastAPI(lifespan=lifespan)


@app.get("/healthz")
def read_healthz() -> dict[str, Any]:
    return {"ok": True}


@app.get("/about")
def read_about() -> About:
    facts = about(
        framework="fastapi",
        framework_version=fastapi.__version__,
        server="uvicorn",
        threads=None,
    )
    return {**facts, "workers": 1}


@app.get("/json")
def read_json() -> dict[str, Any]:
    return {"items": items()}


@app.get("/upstream")
async def read_upstream(
    request: Request,
    ms: Annotated[Whole, Query(ge=0, le=10_000)] = 20,
    n: Annotated[Whole, Query(ge=1, le=100)] = 1,
) -> dict[str, Any]:
    return {"ok": True, "calls": n, "waited_ms": await request.state.upstream.wait(ms, n)}


@app.get("/compute")
def read_compute(n: Annotated[Whole, Query(ge=1, le=2000)] = 256) -> dict[str, Any]:
    return {"n": n, "result": compute(n)}


# From the tutorial's chapter on errors. Without these three, errors would have FastAPI's own form.
@app.exception_handler(HTTPException)
def not_found(_request: Request, _error: HTTPException) -> JSONResponse:
    return JSONResponse({"error": "not found"}, 404)


@app.exception_handler(RequestValidationError)
def bad_parameter(_: Request, error: RequestValidationError) -> JSONResponse:
    return JSONResponse({"error": f"bad {error.errors()[0]['loc'][-1]}"}, 400)


@app.exception_handler(Refusal)
def refused(_: Request, refusal: Refusal) -> JSONResponse:
    return JSONResponse({"error": refusal.error}, refusal.status)
