import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPResponse

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.processes import COMMANDS, Server, left_behind, running
from tests.test_conduct import wait_until
from tests.test_routes import NO_NUMBERS, check

ASYNC = [name for name in COMMANDS if name != "flask"]
MIB = 1024 * 1024


@pytest.fixture(scope="module", params=ASYNC)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as server:
        yield server


def enter(server: Server, path: str = "/room") -> ClientConnection:
    return connect(f"ws://127.0.0.1:{server.port}{path}", compression=None, ping_interval=None)


def settled(*members: ClientConnection) -> None:
    """Wait until all have received a message of each, so that all are in the room."""
    for i, member in enumerate(members):
        member.send(f"member {i}")
        for other in members[: i + 1]:
            while other.recv(timeout=10) != f"member {i}":
                pass


def test_room_sends_to_all(server: Server) -> None:
    with enter(server) as a, enter(server) as b, enter(server) as c:
        settled(a, b, c)
        for text in ("hello", "", "grüße 🎉", '{"a": 1}\n', "x" * 64 * 1024):
            b.send(text)
            assert [member.recv(timeout=10) for member in (a, b, c)] == [text] * 3


def test_room_does_not_compress(server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/room") as member:  # this client offers compression
        assert member.response is not None
        assert "Sec-WebSocket-Extensions" not in member.response.headers


def test_room_keeps_one_order(server: Server) -> None:
    with ExitStack() as stack, ThreadPoolExecutor() as threads:
        members = [stack.enter_context(enter(server)) for _ in range(4)]
        settled(*members)

        def talk(number: int) -> None:
            for i in range(300):
                members[number].send(f"{number}:{i}")

        def listen(member: ClientConnection) -> list[str | bytes]:
            return [member.recv(timeout=20) for _ in range(4 * 300)]

        heard = [threads.submit(listen, member) for member in members]
        list(threads.map(talk, range(4)))
        first, *others = [future.result() for future in heard]
        assert all(other == first for other in others)
        for number in range(4):
            own = [text for text in first if str(text).startswith(f"{number}:")]
            assert own == [f"{number}:{i}" for i in range(300)]


def test_room_disconnects_a_member_that_does_not_read(server: Server) -> None:
    with enter(server) as talker, raw_member(server) as deaf:
        settled(talker)
        text = "x" * 64 * 1024
        started = time.monotonic()
        for _ in range(256):  # the kernel also buffers some megabytes
            talker.send(text)
            assert talker.recv(timeout=5) == text
        assert time.monotonic() - started < 10
        assert size_until_closed(deaf) < 256 * len(text)


def test_room_stays_open_when_members_leave(server: Server) -> None:
    with enter(server) as stays:
        for _ in range(5):
            with enter(server) as leaves:
                leaves.send("bye")
                assert stays.recv(timeout=10) == "bye"
            breaks = raw_member(server)
            linger = (1).to_bytes(4, "little") + bytes(4)
            breaks.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            breaks.close()  # with a reset
            stays.send("still here")
            assert stays.recv(timeout=10) == "still here"


def test_room_refuses_long_messages(server: Server) -> None:
    with enter(server) as member:
        member.send("x" * (64 * 1024 + 1))
        with pytest.raises(ConnectionClosed):
            member.recv(timeout=10)
        assert member.close_code == 1009


def test_no_other_rooms(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        enter(server, "/rooms")
    assert refused.value.response.status_code == 404
    assert refused.value.response.body == b'{"error":"not found"}'
    check(server.get("/room"), 404, b'{"error":"not found"}')


class Viewer:
    """A client that watches the dashboard."""

    def __init__(self, server: Server) -> None:
        self.connection: HTTPConnection = server.connect()
        self.connection.request("GET", "/dashboard")
        self.answer: HTTPResponse = self.connection.getresponse()
        assert self.event() == b": welcome\n\n"

    def event(self) -> bytes:
        return self.answer.readline() + self.answer.readline()

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def test_dashboard(server: Server) -> None:
    viewers = [Viewer(server) for _ in range(3)]
    for viewer in viewers:
        assert viewer.answer.status == 200
        assert viewer.answer.getheader("content-type") == "text/event-stream"
        assert viewer.answer.getheader("cache-control") == "no-cache"
    for i in range(300):
        body = b'{"b": %d, "a": [1, null, true]}' % i
        check(server.get("/dashboard", "POST", body), 200, b'{"viewers":3}')
    for viewer in viewers:
        for i in range(300):
            assert viewer.event() == b'data: {"b":%d,"a":[1,null,true]}\n\n' % i
        viewer.close()
    wait_until(lambda: server.get("/dashboard", "POST", b"{}").body == b'{"viewers":0}')


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ('{ "a" : 1 ,\n"b":{"c":[ ]}}', '{"a":1,"b":{"c":[]}}'),
        ('{"a":"gr\\u00fc\\u00dfe \\ud83c\\udf89"}', '{"a":"grüße 🎉"}'),
        ('{"a":"\\ud800 \\n \\u0001"}', '{"a":"\\ud800 \\n \\u0001"}'),
        ('{"a":"' + "x" * (64 * 1024 - 8) + '"}', '{"a":"' + "x" * (64 * 1024 - 8) + '"}'),
    ],
)
def test_dashboard_serializes_again(server: Server, body: str, data: str) -> None:
    viewer = Viewer(server)
    check(server.get("/dashboard", "POST", body.encode()), 200, b'{"viewers":1}')
    assert viewer.event().decode() == f"data: {data}\n\n"
    viewer.close()
    wait_until(lambda: server.get("/dashboard", "POST", b"{}").body == b'{"viewers":0}')


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"1", b'"a"', b"null", b"{'a':1}", b'{"a":NaN}', b'{"a":1e999}'),
        *(b'{"a":"\xff"}', b'\xef\xbb\xbf{"a":1}', b'{"a":' + b"[" * 60000),
        b'{"a":"' + b"x" * (64 * 1024 - 7) + b'"}',
        b'{"a":"' + b"x" * MIB + b'"}',
    ],
    ids=lambda body: f"{body[:12]!r}, {len(body)}",
)
def test_bad_body(server: Server, body: bytes) -> None:
    check(server.get("/dashboard", "POST", body), 400, b'{"error":"bad body"}')


def test_dashboard_disconnects_a_viewer_that_does_not_read(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        deaf.sendall(b"GET /dashboard HTTP/1.1\r\nhost: x\r\n\r\n")
        viewer = Viewer(server)
        body = b'{"a":"' + b"x" * 60_000 + b'"}'
        viewers = []
        for _ in range(256):
            viewers.append(json.loads(server.get("/dashboard", "POST", body).body)["viewers"])
            assert viewer.event() == b"data: " + body + b"\n\n"
        assert (viewers[0], viewers[-1]) == (2, 1)
        assert size_until_closed(deaf) < 256 * len(body)
        viewer.close()


@pytest.mark.parametrize(
    ("query", "n", "least"), [("?n=3&ms=100", 3, 0.2), ("?n=1000&ms=0", 1000, 0), ("", 50, 0.98)]
)
def test_tokens(server: Server, query: str, n: int, least: float) -> None:
    started = time.monotonic()
    answer = server.get(f"/tokens{query}")
    took = time.monotonic() - started
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.body == b"".join(
        b'data: {"i":%d,"token":"token-%d"}\n\n' % (i, i) for i in range(n)
    )
    assert least <= took < least + 2


def test_tokens_come_one_by_one(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", "/tokens?n=5&ms=200")
    answer = connection.getresponse()
    came = []
    for _ in range(5):
        assert answer.readline().startswith(b"data: ")
        came.append(time.monotonic())
        assert answer.readline() == b"\n"
    assert came[-1] - came[0] > 0.6
    assert answer.read() == b""
    check_again = server.get("/healthz")
    assert check_again.status == 200
    connection.close()


@pytest.mark.parametrize("value", ["1001", *NO_NUMBERS])
def test_bad_parameters_of_tokens(server: Server, value: str) -> None:
    check(server.get(f"/tokens?n={value}&ms=x"), 400, b'{"error":"bad n"}')
    check(server.get(f"/tokens?ms={value}"), 400, b'{"error":"bad ms"}')


@pytest.mark.parametrize("name", ASYNC)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_closes_rooms_and_streams(name: str, workers: str) -> None:
    with running(name, WORKERS=workers) as server, ExitStack() as stack:
        members = [stack.enter_context(enter(server)) for _ in range(4)]
        viewers = [Viewer(server) for _ in range(4)]
        tokens = server.connect()
        tokens.request("GET", "/tokens?n=1000&ms=1000")
        answer = tokens.getresponse()
        deaf = stack.enter_context(raw_member(server))
        for _ in range(70):  # more than the kernel buffers, less than the limit of a member
            members[0].send("x" * 64 * 1024)
            members[0].recv(timeout=5)

        server.process.terminate()
        for member in members[1:]:
            with suppress(ConnectionClosed):
                list(member)  # the remaining messages, until it is closed
            assert member.close_code in (1001, 1012)
        for viewer in viewers:
            assert viewer.answer.read() == b""  # the stream finishes cleanly
            viewer.close()
        assert answer.read().startswith(b"")
        assert server.process.wait(timeout=5) == 0
        assert server.process.stderr is not None
        assert server.process.stderr.read() == b""  # no line at all, also not for a WebSocket
        assert left_behind(server) == []
        tokens.close()
        deaf.close()


def test_flask_has_no_real_time_routes() -> None:
    with running("flask") as server:
        for path in ("/room", "/dashboard", "/tokens"):
            check(server.get(path), 404, b'{"error":"not found"}')
        check(server.get("/dashboard", "POST", b"{}"), 404, b'{"error":"not found"}')


def raw_member(server: Server) -> socket.socket:
    """Join the room with a small buffer, and read nothing but the handshake."""
    member = socket.socket()
    member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    member.connect(("127.0.0.1", server.port))
    member.sendall(
        b"GET /room HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += member.recv(1)
    assert b" 101 " in head
    return member


def size_until_closed(connection: socket.socket) -> int:
    """Read until the server closes the connection, and return the number of bytes."""
    connection.settimeout(10)
    size = 0
    try:
        while chunk := connection.recv(1 << 20):
            size += len(chunk)
    except ConnectionResetError:
        pass
    return size
