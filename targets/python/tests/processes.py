"""Starts the servers as they are started for real: a process, an environment, a port."""

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

    def get(self, path: str, method: str = "GET") -> Answer:
        connection = self.connect()
        try:
            return ask(connection, path, method)
        finally:
            connection.close()


def ask(connection: HTTPConnection, path: str, method: str = "GET") -> Answer:
    connection.request(method, path)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def spawn(name: str, **env: str) -> subprocess.Popen[bytes]:
    own = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(COMMANDS[name], cwd=FOLDER, env=own | env, stderr=subprocess.PIPE)


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
