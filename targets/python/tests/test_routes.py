import json
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


# The results of Node.js, computed there independently (the products in plain loops).
HASHED = {
    1: "2bce1ba628720664be4b9fdd77aae0678e5f0f3f02fc6ff641ec879094f6a404",
    64: "4b640d85ab3ba30fd02c9fc9db4a8928f416322ad27022ea58a65aaee68a4df2",
    1024: "631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769",
}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/objects", b'{"n":2000,"result":699043}'),
        ("/objects?n=1", b'{"n":1,"result":537907}'),
        ("/objects?n=10", b'{"n":10,"result":140541}'),
        ("/objects?n=100000", b'{"n":100000,"result":652519}'),
        ("/compress", b'{"kib":256,"result":152267075}'),
        ("/compress?kib=1", b'{"kib":1,"result":1153022763}'),
        ("/matrix", b'{"n":256,"result":503294946}'),
        ("/matrix?n=1", b'{"n":1,"result":0}'),
        ("/matrix?n=7", b'{"n":7,"result":10617}'),
        ("/matrix?n=64", b'{"n":64,"result":7861105}'),
        ("/hash", b'{"kib":1024,"result":"%s"}' % HASHED[1024].encode()),
        ("/hash?kib=1", b'{"kib":1,"result":"%s"}' % HASHED[1].encode()),
        ("/hash?kib=64", b'{"kib":64,"result":"%s"}' % HASHED[64].encode()),
    ],
)
def test_computing(server: Server, path: str, body: bytes) -> None:
    check(server.get(path), 200, body)
    check(server.get(path), 200, body)  # from the kept data


@pytest.mark.parametrize(("query", "kib"), [("", 1024), ("?kib=1", 1), ("?kib=130", 130)])
def test_stream(server: Server, query: str, kib: int) -> None:
    answer = server.get(f"/stream{query}")
    text = b"".join(bytes([97 + i // 64 % 26]) * 1024 for i in range(kib))
    assert (answer.status, answer.body) == (200, text)
    assert answer.headers["content-type"].split(";")[0] == "text/plain"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers.keys() <= HEADERS - {"content-length"} | {"transfer-encoding"}


def test_stream_is_written_as_it_is_read(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", "/stream?kib=65536")
    before = memory(server)
    time.sleep(1)
    assert memory(server) - before < 16 * 1024 * 1024
    assert len(connection.getresponse().read()) == 64 * 1024 * 1024
    connection.close()


def memory(server: Server) -> int:
    """Return the resident memory of the process that serves, in bytes."""
    pid = json.loads(server.get("/about").body)["pid"]
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


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


def test_requests_wait_for_the_upstream_in_parallel(server: Server, service: SlowService) -> None:
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(server.get, ["/upstream?ms=1000"] * 32))
    assert {answer.status for answer in answers} == {200}
    assert service.most_waiting == 32


def test_upstream_connections_are_kept(server: Server, service: SlowService) -> None:
    server.get("/upstream?ms=0")  # this may use a connection of an earlier test, or open one
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


@pytest.mark.parametrize("value", ["0", "100001", *NO_NUMBERS])
def test_bad_n_of_computing(server: Server, value: str) -> None:
    for path in ("/compute", "/objects", "/matrix"):
        check(server.get(f"{path}?n={value}"), 400, b'{"error":"bad n"}')


@pytest.mark.parametrize("value", ["0", "65537", *NO_NUMBERS])
def test_bad_kib(server: Server, value: str) -> None:
    for path in ("/stream", "/hash", "/compress"):
        check(server.get(f"{path}?kib={value}"), 400, b'{"error":"bad kib"}')


@pytest.mark.parametrize("path", ["/compute?n=2001", "/matrix?n=1025", "/compress?kib=16385"])
def test_just_out_of_range(server: Server, path: str) -> None:
    assert server.get(path).status == 400


def test_bad_ms_comes_before_bad_n(server: Server) -> None:
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
