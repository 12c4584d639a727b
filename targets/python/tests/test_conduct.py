import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.processes import COMMANDS, FOLDER, Server, ask, free_port, running, spawn
from tests.slow_service import SlowService

PROCESSES = "/parallel?mode=processes&work=hash"

pytestmark = pytest.mark.parametrize("name", COMMANDS)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_drains(name: str, workers: str, service: SlowService) -> None:
    with (
        running(name, UPSTREAM_URL=service.url, WORKERS=workers) as server,
        ThreadPoolExecutor() as client,
    ):
        idle = server.connect()
        ask(idle, "/healthz")
        slow = client.submit(server.get, "/upstream?ms=1500")
        wait_until(lambda: service.waiting == 1)

        server.process.terminate()
        assert slow.result().body == b'{"ok":true,"calls":1,"waited_ms":1500}'
        assert server.process.wait(timeout=5) == 0
        idle.close()
        assert not accepts(server)  # no worker is left behind


def test_sigterm_does_not_wait_for_idle_connections(name: str) -> None:
    with running(name) as server:
        idle = [server.connect() for _ in range(10)]
        for connection in idle:
            ask(connection, "/healthz")
        server.process.terminate()
        assert server.process.wait(timeout=5) == 0
        for connection in idle:
            connection.close()


def test_two_workers_serve(name: str) -> None:
    def about(_: int) -> dict[str, object]:
        facts: dict[str, object] = json.loads(server.get("/about").body)
        server.get("/compute?n=64")  # keeps a worker busy, so that the next request finds the other
        return facts

    with running(name, WORKERS="2") as server, ThreadPoolExecutor(8) as clients:
        deadline = time.monotonic() + 10
        pids: set[object] = set()
        while len(pids) < 2 and time.monotonic() < deadline:
            for facts in clients.map(about, range(16)):
                assert facts["workers"] == 2
                pids.add(facts["pid"])
        assert len(pids) == 2


@pytest.mark.parametrize("variable", ["PORT", "WORKERS", "THREADS", "DB_CONNECTIONS"])
@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "many"])
def test_bad_environment(name: str, variable: str, value: str) -> None:
    process = spawn(name, **{"PORT": str(free_port()), variable: value})
    _, stderr = process.communicate(timeout=20)
    assert process.returncode > 0
    assert f"bad {variable}" in stderr.decode()
    assert "Traceback" not in stderr.decode()


def test_port_out_of_range(name: str) -> None:
    process = spawn(name, PORT="65536")
    _, stderr = process.communicate(timeout=20)
    assert process.returncode > 0
    assert "bad PORT" in stderr.decode()


def test_upstream_missing(name: str) -> None:
    with running(name, UPSTREAM_URL=f"http://127.0.0.1:{free_port()}") as server:
        for path in ("/upstream", "/upstream?n=10"):
            answer = server.get(path)
            assert (answer.status, answer.body) == (502, b'{"error":"upstream failed"}')


def test_writes_nothing_to_its_folder(name: str, service: SlowService) -> None:
    before = snapshot()
    with running(name, UPSTREAM_URL=service.url) as server:
        for path in ("/json", "/upstream", "/matrix", PROCESSES, "/db/read", "/nothing"):
            server.get(path)
        assert snapshot() == before
    assert snapshot() == before


def snapshot() -> set[Path]:
    # Without the tools' own caches, because these tests write to them.
    return {path for path in FOLDER.rglob("*") if not {".venv", "__pycache__"} & set(path.parts)}


def accepts(server: Server) -> bool:
    try:
        server.get("/healthz")
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
