import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.processes import COMMANDS, Server, left_behind, running
from tests.test_routes import NO_NUMBERS, check

MODES = ["inline", "threads", "processes"]
if sys.version_info >= (3, 14):
    MODES.append("interpreters")

COMPUTED_128 = 283846  # computed by V8
HASHED_64 = 4940813


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("query", "k", "result"),
    [
        ("work=compute", 2, 2 * COMPUTED_128),
        ("work=compute&k=1&n=64", 1, 71171),
        ("work=hash&n=64", 2, 2 * HASHED_64),
        ("k=16&work=hash&n=1", 16, 16 * 0x2BCE1B),
        ("k=3&work=wait&n=10", 3, 30),
    ],
)
def test_results(server: Server, mode: str, query: str, k: int, result: int) -> None:
    body = b'{"mode":"%s","k":%d,"result":%d}' % (mode.encode(), k, result)
    check(server.get(f"/parallel?mode={mode}&{query}"), 200, body)


@pytest.mark.parametrize("mode", MODES)
def test_runs_in_parallel(server: Server, mode: str) -> None:
    server.get(f"/parallel?mode={mode}&k=16&work=wait&n=100")  # starts the workers
    started = time.monotonic()
    server.get(f"/parallel?mode={mode}&k=16&work=wait&n=200")
    took = time.monotonic() - started
    assert took >= 3.2 if mode == "inline" else took < 2


@pytest.mark.parametrize("mode", MODES)
def test_the_server_keeps_serving(server: Server, mode: str) -> None:
    with ThreadPoolExecutor() as client:
        waiting = client.submit(server.get, f"/parallel?mode={mode}&k=1&work=wait&n=1500")
        time.sleep(0.3)
        assert server.get("/healthz").status == 200
        assert not waiting.done()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has sub-interpreters")
def test_no_interpreters(server: Server) -> None:
    path = "/parallel?mode=interpreters&work=compute"
    check(server.get(path), 501, b'{"error":"no interpreters"}')


@pytest.mark.parametrize("value", ["", "fork", "Threads"])
def test_bad_words(server: Server, value: str) -> None:
    bad_mode, bad_work = b'{"error":"bad mode"}', b'{"error":"bad work"}'
    check(server.get(f"/parallel?mode={value}&work=wait"), 400, bad_mode)
    check(server.get("/parallel?work=wait"), 400, bad_mode)
    check(server.get(f"/parallel?mode=inline&work={value}"), 400, bad_work)
    check(server.get("/parallel?mode=inline"), 400, bad_work)


@pytest.mark.parametrize("value", ["0", "17", *NO_NUMBERS])
def test_bad_k(server: Server, value: str) -> None:
    path = f"/parallel?n=x&work=x&mode=inline&k={value}"
    check(server.get(path), 400, b'{"error":"bad k"}')


@pytest.mark.parametrize("query", ["wait&n=0", "hash&n=65537", "compute&n=2001", "hash&n=x"])
def test_bad_n(server: Server, query: str) -> None:
    check(server.get(f"/parallel?mode=inline&work={query}"), 400, b'{"error":"bad n"}')


@pytest.mark.parametrize("name", COMMANDS)
def test_a_dead_worker_is_replaced(name: str) -> None:
    with running(name) as server:
        path = "/parallel?mode=processes&k=4&work=wait&n="
        assert server.get(path + "1").status == 200
        os.kill(workers_of(server)[0], signal.SIGKILL)
        time.sleep(0.5)
        check(server.get(path + "1"), 500, b'{"error":"worker lost"}')
        assert server.get(path + "1").status == 200

        with ThreadPoolExecutor() as client:  # and a worker that dies during a task
            waiting = client.submit(server.get, path + "5000")
            time.sleep(1)
            os.kill(workers_of(server)[0], signal.SIGKILL)
            check(waiting.result(), 500, b'{"error":"worker lost"}')
        assert server.get(path + "1").status == 200


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_stops_the_pools(name: str, workers: str) -> None:
    with running(name, WORKERS=workers) as server:
        for mode in MODES:
            path = f"/parallel?mode={mode}&k=8&work=wait&n=50"
            with ThreadPoolExecutor(4) as clients:
                answers = list(clients.map(server.get, [path] * 4))
            assert {answer.status for answer in answers} == {200}
        server.process.terminate()
        assert server.process.wait(timeout=5) == 0
        assert left_behind(server) == []


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("mode", MODES)
def test_sigterm_drains(name: str, mode: str) -> None:
    with running(name) as server, ThreadPoolExecutor() as client:
        server.get(f"/parallel?mode={mode}&k=2&work=wait&n=1")
        waiting = client.submit(server.get, f"/parallel?mode={mode}&k=2&work=wait&n=600")
        time.sleep(0.3)
        server.process.terminate()
        assert waiting.result().body == b'{"mode":"%s","k":2,"result":1200}' % mode.encode()
        assert server.process.wait(timeout=5) == 0
        assert left_behind(server) == []


def workers_of(server: Server) -> list[int]:
    """Find the pool's processes. They are the children of the fork server."""
    serving = {int(path.name): parent_of(path) for path in Path("/proc").glob("[0-9]*")}
    family = {server.process.pid}
    while more := {pid for pid, parent in serving.items() if parent in family} - family:
        family |= more
    servers = [pid for pid in family if b"forkserver" in command_of(pid)]
    return [pid for pid in family if serving.get(pid) in servers]


def parent_of(path: Path) -> int:
    try:
        return int((path / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
