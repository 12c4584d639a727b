import json
import platform
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.processes import Answer, Server, ask
from tests.slow_service import SlowService

ITEM = b'{"id":%d,"name":"Item %d","sku":"SKU-%05d","cents":%d,"tags":["a","b"],"available":%s}'
ITEMS = [ITEM % (i, i, i, 1000 + 99 * i, b"true" if i % 2 else b"false") for i in range(1, 11)]
HEADERS = {"content-type", "content-length", "server", "date", "connection"}


def check(answer: Answer, status: int, body: bytes) -> None:
    assert answer.body == body
    assert answer.status == status
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers.keys() <= HEADERS


def test_healthz(server: Server) -> None:
    check(server.get("/healthz"), 200, b'{"ok":true}')


def test_about(server: Server) -> None:
    answer = server.get("/about")
    about = json.loads(answer.body)
    check(answer, 200, json.dumps(about, separators=(",", ":")).encode())

    assert list(about) == [
        *("runtime", "runtime_version", "framework", "framework_version"),
        *("server", "server_version", "workers", "threads", "gil", "pid"),
    ]
    assert about["runtime"] == "python"
    assert about["runtime_version"] == platform.python_version()
    assert about["framework"] == server.name
    assert about["server"] == ("gunicorn" if server.name == "flask" else "uvicorn")
    assert about["workers"] == 1
    assert about["threads"] == (64 if server.name == "flask" else None)
    assert isinstance(about["gil"], bool)
    assert isinstance(about["pid"], int)


def test_json(server: Server) -> None:
    check(server.get("/json"), 200, b'{"items":[%s]}' % b",".join(ITEMS))


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", b'{"n":256,"result":1134272}'),
        ("?n=1", b'{"n":1,"result":1}'),
        ("?n=64", b'{"n":64,"result":71171}'),
    ],
)
def test_compute(server: Server, query: str, body: bytes) -> None:
    check(server.get(f"/compute{query}"), 200, body)


@pytest.mark.parametrize(
    ("query", "calls", "ms"),
    [("", 1, 20), ("?ms=0", 1, 0), ("?n=3", 3, 20), ("?ms=15&n=2", 2, 15), ("?n=100&ms=1", 100, 1)],
)
def test_upstream(server: Server, service: SlowService, query: str, calls: int, ms: int) -> None:
    body = b'{"ok":true,"calls":%d,"waited_ms":%d}' % (calls, calls * ms)
    check(server.get(f"/upstream{query}"), 200, body)
    assert service.paths == [f"/wait?ms={ms}"] * calls


def test_upstream_is_called_at_once(server: Server, service: SlowService) -> None:
    started = time.monotonic()
    check(server.get("/upstream?ms=1000&n=100"), 200, b'{"ok":true,"calls":100,"waited_ms":100000}')
    assert service.most_waiting == 100
    assert time.monotonic() - started < 5


def test_requests_wait_for_the_upstream_side_by_side(server: Server, service: SlowService) -> None:
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(server.get, ["/upstream?ms=1000"] * 32))
    assert {answer.status for answer in answers} == {200}
    assert service.most_waiting == 32


def test_upstream_connections_are_kept(server: Server, service: SlowService) -> None:
    server.get("/upstream?ms=0")  # the connection may be one of an earlier test, or new
    for _ in range(10):
        server.get("/upstream?ms=0")
    assert service.connections <= 1


@pytest.mark.parametrize(
    "broken", [(503, b""), (200, b"oops"), (200, b"[]"), (200, b"{}"), (200, b'{"waited_ms":null}')]
)
@pytest.mark.parametrize("n", [1, 5])
def test_upstream_fails(
    server: Server, service: SlowService, n: int, broken: tuple[int, bytes]
) -> None:
    service.broken_call = n
    service.broken_answer = broken
    check(server.get(f"/upstream?ms=1&n={n}"), 502, b'{"error":"upstream failed"}')
    check(
        server.get(f"/upstream?ms=1&n={n}"), 200, b'{"ok":true,"calls":%d,"waited_ms":%d}' % (n, n)
    )


NO_NUMBERS = ["", "-1", "%2B1", "1.0", "1e2", "0x10", "1_0", "%201", "abc", "%D9%A3", "9" * 400]


@pytest.mark.parametrize("value", ["10001", *NO_NUMBERS])
def test_bad_ms(server: Server, service: SlowService, value: str) -> None:
    check(server.get(f"/upstream?ms={value}"), 400, b'{"error":"bad ms"}')
    assert not service.paths


@pytest.mark.parametrize("value", ["0", "101", *NO_NUMBERS])
def test_bad_n_of_upstream(server: Server, service: SlowService, value: str) -> None:
    check(server.get(f"/upstream?n={value}"), 400, b'{"error":"bad n"}')
    assert not service.paths


@pytest.mark.parametrize("value", ["0", "2001", *NO_NUMBERS])
def test_bad_n_of_compute(server: Server, value: str) -> None:
    check(server.get(f"/compute?n={value}"), 400, b'{"error":"bad n"}')


def test_bad_ms_is_told_before_bad_n(server: Server) -> None:
    check(server.get("/upstream?n=x&ms=x"), 400, b'{"error":"bad ms"}')


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing", "/json/", "/JSON", "/docs", "/redoc", "/openapi.json", "/static/x"],
)
def test_not_found(server: Server, path: str) -> None:
    check(server.get(path), 404, b'{"error":"not found"}')


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_not_found(server: Server, method: str) -> None:
    check(server.get("/json", method), 404, b'{"error":"not found"}')


def test_connections_are_kept(server: Server) -> None:
    connection = server.connect()
    connection.connect()
    socket = connection.sock
    for path in ("/json", "/nothing", "/compute?n=x", "/json"):
        ask(connection, path)
        assert connection.sock is socket
    connection.close()
