"""The slow service that /upstream calls. It records the requests that it gets."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class SlowService(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.reset()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def reset(self) -> None:
        self.connections = 0
        self.paths: list[str] = []
        self.waiting = 0
        self.most_waiting = 0
        self.broken_call: int | None = None  # the call that fails, counted from 1
        self.broken_answer = (503, b"")

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SlowService

    def do_GET(self) -> None:
        service = self.server
        with service.lock:
            service.paths.append(self.path)
            call = len(service.paths)
            service.waiting += 1
            service.most_waiting = max(service.most_waiting, service.waiting)
        ms = int(parse_qs(urlsplit(self.path).query)["ms"][0])
        time.sleep(ms / 1000)
        with service.lock:
            service.waiting -= 1

        status, body = 200, json.dumps({"waited_ms": ms}).encode()
        if call == service.broken_call:
            status, body = service.broken_answer
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def slow_service() -> Iterator[SlowService]:
    with SlowService() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.shutdown()
