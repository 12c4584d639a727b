"""Starts the servers as in production: with a process, an environment and a port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent.parent
COMMANDS = {
    "asgi": [sys.executable, "-m", "servers", "asgi"],
    "fastapi": [sys.executable, "-m", "servers", "fastapi"],
    "flask": [
        str(Path(sys.executable).with_name("gunicorn")),
        *("-c", "gunicorn.conf.py", "servers.flask_app:app"),
    ],
}
QUICK_STARTS = {
    "quickstart-fastapi": [sys.executable, "-m", "quickstart", "fastapi"],
    "quickstart-flask": [sys.executable, "-m", "quickstart", "flask"],
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Server:
    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int) -> None:
        self.name = name
        self.process = process
        self.port = port

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, path: str, method: str = "GET", body: bytes | None = None) -> Answer:
        connection = self.connect()
        try:
            return ask(connection, path, method, body)
        finally:
            connection.close()


def ask(
    connection: HTTPConnection, path: str, method: str = "GET", body: bytes | None = None
) -> Answer:
    connection.request(method, path, body)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def spawn(name: str, **env: str) -> subprocess.Popen[bytes]:
    own = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        (COMMANDS | QUICK_STARTS)[name],
        cwd=FOLDER,
        env=own | env,
        stderr=subprocess.PIPE,
        start_new_session=True,  # so that its remaining processes can be recognized
    )


@contextmanager
def running(name: str, **env: str) -> Iterator[Server]:
    port = free_port()
    process = spawn(name, PORT=str(port), **env)
    server = Server(name, process, port)
    try:
        wait_until_it_serves(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def left_behind(server: Server) -> list[str]:
    """Return the processes that still run after a server exited. Helpers may need a moment."""
    deadline = time.monotonic() + 5
    while (left := in_session(server.process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def in_session(session: int) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue  # the process has just exited
        state, _, _, its_session = rest.split()[:4]
        if int(its_session) == session and state != "Z":
            found.append(name)
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_it_serves(server: Server) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            server.get("/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    server.process.kill()
    _, stderr = server.process.communicate()
    raise AssertionError(f"{server.name} did not start:\n{stderr.decode()}")
