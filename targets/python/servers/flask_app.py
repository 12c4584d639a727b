"""Flask: the contract on WSGI, with one thread per request."""

from __future__ import annotations

import atexit
import threading
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider

from servers.about import About, about
from servers.refusal import Refusal
from servers.settings import settings
from servers.tasks.compress import TEXT_KIB, compress
from servers.tasks.compute import GRID, compute
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
    Pools,
    check_size,
    inline,
)
from servers.tasks.stream import STREAM_KIB, pieces
from servers.tasks.upstream import CALLS, WAIT_MS
from servers.tasks.upstream.sync_client import SyncUpstream

if TYPE_CHECKING:
    from servers.tasks.database.sync_client import SyncDatabase


class ContractJSONProvider(DefaultJSONProvider):
    """Flask's JSON with unsorted keys, without blanks, and without a newline at the end."""

    sort_keys = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        value = self._prepare_response_obj(args, kwargs)
        body = self.dumps(value, separators=(",", ":"))
        return Response(body, mimetype=self.mimetype)


class ContractFlask(Flask):
    json_provider_class = ContractJSONProvider


app = ContractFlask(__name__, static_folder=None)
app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # the contract has only GET here

# gunicorn imports the app after it has forked, so each worker makes these once.
upstream = SyncUpstream(settings.upstream_url)
pools = Pools()
atexit.register(pools.close)
opening_database = threading.Lock()


def database() -> SyncDatabase:
    """Return the database's pool. The first call opens it and loads the driver."""
    with opening_database:
        return open_database()


@cache
def open_database() -> SyncDatabase:
    from servers.tasks.database.sync_client import SyncDatabase  # noqa: PLC0415

    opened = SyncDatabase(settings.database_url, settings.db_pool_size)
    atexit.register(opened.close)
    return opened


@app.get("/healthz")
def get_healthz() -> dict[str, Any]:
    return {"ok": True}


@app.get("/about")
def get_about() -> About:
    return about(
        framework="flask",
        framework_version=version("flask"),
        server="gunicorn",
        threads=settings.threads,
    )


@app.get("/json")
def get_json() -> dict[str, Any]:
    return {"items": items()}


@app.get("/upstream")
def get_upstream() -> dict[str, Any]:
    ms = WAIT_MS.read(request.args.get("ms"))
    n = CALLS.read(request.args.get("n"))
    return {"ok": True, "calls": n, "waited_ms": upstream.wait(ms, n)}


@app.get("/compute")
def get_compute() -> dict[str, Any]:
    n = GRID.read(request.args.get("n"))
    return {"n": n, "result": compute(n)}


@app.get("/objects")
def get_objects() -> dict[str, Any]:
    n = RECORDS.read(request.args.get("n"))
    return {"n": n, "result": objects(n)}


@app.get("/hash")
def get_hash() -> dict[str, Any]:
    kib = HASH_KIB.read(request.args.get("kib"))
    return {"kib": kib, "result": sha256(kib)}


@app.get("/compress")
def get_compress() -> dict[str, Any]:
    kib = TEXT_KIB.read(request.args.get("kib"))
    return {"kib": kib, "result": compress(kib)}


@app.get("/matrix")
def get_matrix() -> dict[str, Any]:
    n = SIDE.read(request.args.get("n"))
    return {"n": n, "result": matrix(n)}


@app.get("/parallel")
def get_parallel() -> dict[str, Any]:
    mode = MODE.read(request.args.get("mode"))
    k = TASKS.read(request.args.get("k"))
    work = WORK.read(request.args.get("work"))
    n = check_size(work, SIZE.read(request.args.get("n")))
    result = inline(k, work, n) if mode == "inline" else pools.run(mode, k, work, n)
    return {"mode": mode, "k": k, "result": result}


@app.get("/db/read")
def get_db_read() -> dict[str, Any]:
    item = ITEM.read(request.args.get("id"))
    return {**database().read(item)}


@app.get("/db/reads")
def get_db_reads() -> dict[str, Any]:
    first = ITEM.read(request.args.get("id"))
    n = READS.read(request.args.get("n"))
    return {"items": database().reads(first, n)}


@app.get("/db/update")
def get_db_update() -> dict[str, Any]:
    return {"updated": database().update()}


@app.get("/stream")
def get_stream() -> Response:
    kib = STREAM_KIB.read(request.args.get("kib"))
    return Response(pieces(kib), mimetype="text/plain")


@app.errorhandler(404)
@app.errorhandler(405)
def not_found(_: Exception) -> tuple[dict[str, Any], int]:
    return {"error": "not found"}, 404


@app.errorhandler(Refusal)
def refused(refusal: Refusal) -> tuple[dict[str, Any], int]:
    return {"error": refusal.error}, refusal.status
