import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.postgres import Postgres, folder_of_programs, running_postgres
from tests.processes import COMMANDS, Server, free_port, running
from tests.test_routes import NO_NUMBERS, check

ROW = b'{"id":%d,"name":"Item %d","cents":%d}'


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    programs = folder_of_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: there is no pg_ctl")
    with running_postgres(programs) as postgres:
        yield postgres


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[Server]:
    with running(request.param, DATABASE_URL=postgres.url, DB_CONNECTIONS="4") as server:
        yield server


def row(item: int) -> bytes:
    return ROW % (item, item, item * 37 % 100000)


@pytest.mark.parametrize(
    ("query", "item"), [("", 1), ("?id=1", 1), ("?id=2703", 2703), ("?id=10000", 10000)]
)
def test_read(server: Server, query: str, item: int) -> None:
    check(server.get(f"/db/read{query}"), 200, row(item))


@pytest.mark.parametrize(
    ("query", "first", "n"),
    [("", 1, 20), ("?n=1", 1, 1), ("?id=500&n=3", 500, 3), ("?id=9950&n=100", 9950, 100)],
)
def test_reads(server: Server, query: str, first: int, n: int) -> None:
    rows = [row((first - 1 + j) % 10000 + 1) for j in range(n)]
    check(server.get(f"/db/reads{query}"), 200, b'{"items":[%s]}' % b",".join(rows))


def test_update(server: Server, postgres: Postgres) -> None:
    postgres.query("UPDATE items SET stock = 0")
    for _ in range(3):
        check(server.get("/db/update"), 200, b'{"updated":1}')
    updated = postgres.query("SELECT id, stock FROM items WHERE stock > 0 ORDER BY id")
    assert updated.splitlines() == ["1|1", "5839|1", "7920|1"]


@pytest.mark.parametrize("value", ["0", "10001", *NO_NUMBERS])
@pytest.mark.parametrize("path", ["/db/read", "/db/reads"])
def test_bad_id(server: Server, path: str, value: str) -> None:
    check(server.get(f"{path}?id={value}"), 400, b'{"error":"bad id"}')


@pytest.mark.parametrize("value", ["0", "101", *NO_NUMBERS])
def test_bad_n(server: Server, value: str) -> None:
    check(server.get(f"/db/reads?n={value}"), 400, b'{"error":"bad n"}')
    check(server.get(f"/db/reads?n={value}&id=x"), 400, b'{"error":"bad id"}')


def test_no_more_connections_than_allowed(server: Server, postgres: Postgres) -> None:
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(server.get, ["/db/reads?n=50"] * 64))
    assert {answer.status for answer in answers} == {200}
    counted = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    others = 1  # the connection of this query; the servers tested before have stopped
    assert int(postgres.query(counted)) - others <= 4


def test_gone_and_back(server: Server, postgres: Postgres) -> None:
    """The first restart comes without requests, so the server cannot notice it."""
    with ThreadPoolExecutor(8) as clients:  # several connections are open
        list(clients.map(server.get, ["/db/reads"] * 16))
    postgres.stop()
    postgres.start()
    check(server.get("/db/read"), 200, row(1))

    postgres.stop()
    try:
        for path in ("/db/read", "/db/reads", "/db/update"):
            started = time.monotonic()
            check(server.get(path), 502, b'{"error":"database failed"}')
            assert time.monotonic() - started < 4
        check(server.get("/healthz"), 200, b'{"ok":true}')
    finally:
        postgres.start()
    for path in ("/db/read", "/db/reads", "/db/update"):
        assert server.get(path).status == 200


def test_silent_database(server: Server, postgres: Postgres) -> None:
    """It keeps its connections and does not respond, like a paused container."""
    check(server.get("/db/read"), 200, row(1))
    pids = postgres.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        check(server.get("/db/read"), 502, b'{"error":"database failed"}')
        assert time.monotonic() - started < 5
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    check(server.get("/db/read"), 200, row(1))


@pytest.mark.parametrize("name", COMMANDS)
def test_starts_and_stops_without_a_database(name: str) -> None:
    url = f"postgres://bench@127.0.0.1:{free_port()}/bench"
    with running(name, DATABASE_URL=url) as server:
        check(server.get("/db/read"), 502, b'{"error":"database failed"}')
        server.process.terminate()
        assert server.process.wait(timeout=5) == 0


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_with_open_connections(name: str, workers: str, postgres: Postgres) -> None:
    with running(name, DATABASE_URL=postgres.url, WORKERS=workers) as server:
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(server.get, ["/db/reads"] * 32))
        server.process.terminate()
        assert server.process.wait(timeout=5) == 0
