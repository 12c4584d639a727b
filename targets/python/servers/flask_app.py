"""Flask: the contract on WSGI, with a thread for each request."""

from importlib.metadata import version
from typing import Any

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider

from servers.about import About, about
from servers.settings import settings
from servers.tasks.compute import GRID, compute
from servers.tasks.items import items
from servers.tasks.upstream import CALLS, WAIT_MS, UpstreamError
from servers.tasks.upstream.sync_client import SyncUpstream
from servers.whole_number import BadNumberError


class ContractJSONProvider(DefaultJSONProvider):
    """Flask's JSON with the keys as written, no blanks, and no newline at the end."""

    sort_keys = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        value = self._prepare_response_obj(args, kwargs)
        body = self.dumps(value, separators=(",", ":"))
        return Response(body, mimetype=self.mimetype)


class ContractFlask(Flask):
    json_provider_class = ContractJSONProvider


app = ContractFlask(__name__, static_folder=None)
app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # only GET is in the contract

# Made at import, so once in each worker: gunicorn imports the app after it has forked.
upstream = SyncUpstream(settings.upstream_url)


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


@app.errorhandler(404)
@app.errorhandler(405)
def not_found(_: Exception) -> tuple[dict[str, Any], int]:
    return {"error": "not found"}, 404


@app.errorhandler(BadNumberError)
def bad_parameter(error: BadNumberError) -> tuple[dict[str, Any], int]:
    return {"error": str(error)}, 400


@app.errorhandler(UpstreamError)
def upstream_failed(_: UpstreamError) -> tuple[dict[str, Any], int]:
    return {"error": "upstream failed"}, 502
