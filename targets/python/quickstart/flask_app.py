"""Flask as in its Quickstart: `flask --app quickstart.flask_app run`."""

import json
from importlib.metadata import version

from flask import Flask, Response, request

from servers.about import about
from servers.refusal import Refusal
from servers.settings import settings
from servers.tasks.compute import GRID, compute
from servers.tasks.items import items
from servers.tasks.upstream import CALLS, WAIT_MS
from servers.tasks.upstream.sync_client import SyncUpstream

app = Flask(__name__)
upstream = SyncUpstream(settings.upstream_url)


@app.route("/healthz")
def healthz() -> Response:
    return reply({"ok": True})


@app.route("/about")
def show_about() -> Response:
    facts = about(
        framework="flask",
        framework_version=version("flask"),
        server="werkzeug",
        threads=None,  # one per connection
    )
    return reply({**facts, "workers": 1})


@app.route("/json")
def list_items() -> Response:
    return reply({"items": items()})


@app.route("/upstream")
def call_upstream() -> Response:
    ms = WAIT_MS.read(request.args.get("ms"))
    n = CALLS.read(request.args.get("n"))
    return reply({"ok": True, "calls": n, "waited_ms": upstream.wait(ms, n)})


@app.route("/compute")
def run_compute() -> Response:
    n = GRID.read(request.args.get("n"))
    return reply({"n": n, "result": compute(n)})


@app.errorhandler(404)
@app.errorhandler(405)
def not_found(_: Exception) -> Response:
    return reply({"error": "not found"}, 404)


@app.errorhandler(Refusal)
def refused(refusal: Refusal) -> Response:
    return reply({"error": refusal.error}, refusal.status)


def reply(value: object, status: int = 200) -> Response:
    # Flask sorts the keys of a returned dict and adds a newline. The contract allows neither.
    body = json.dumps(value, separators=(",", ":"))
    return Response(body, status, mimetype="application/json")
