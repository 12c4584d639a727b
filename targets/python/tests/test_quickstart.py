import json
from collections.abc import Iterator

import pytest

from tests.processes import QUICK_STARTS, Server, running
from tests.slow_service import SlowService
from tests.test_routes import ITEMS, NO_NUMBERS, check


@pytest.fixture(scope="module", params=QUICK_STARTS)
def server(request: pytest.FixtureRequest, running_service: SlowService) -> Iterator[Server]:
    with running(request.param, UPSTREAM_URL=running_service.url) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/healthz", 200, b'{"ok":true}'),
        ("/json", 200, b'{"items":[%s]}' % b",".join(ITEMS)),
        ("/upstream?ms=15&n=2", 200, b'{"ok":true,"calls":2,"waited_ms":30}'),
        ("/compute?n=64", 200, b'{"n":64,"result":71171}'),
        ("/nothing", 404, b'{"error":"not found"}'),
    ],
)
def test_routes(server: Server, path: str, status: int, body: bytes) -> None:
    check(server.get(path), status, body)


def test_about(server: Server) -> None:
    about = json.loads(server.get("/about").body)
    assert about["framework"] == server.name.removeprefix("quickstart-")
    assert about["server"] == ("werkzeug" if about["framework"] == "flask" else "uvicorn")
    assert (about["workers"], about["threads"]) == (1, None)


@pytest.mark.parametrize("value", ["0", "2001", *NO_NUMBERS])
def test_bad_n(server: Server, value: str) -> None:
    check(server.get(f"/compute?n={value}"), 400, b'{"error":"bad n"}')


def test_upstream_fails(server: Server, service: SlowService) -> None:
    service.broken_call = 1
    check(server.get("/upstream"), 502, b'{"error":"upstream failed"}')
