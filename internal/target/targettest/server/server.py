"""A small server that keeps the targets' contract, or breaks it as MODE says. Standard library only."""

import json
import os
import signal
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MODE = os.environ.get("MODE", "good")
EVIL = "<script>alert(1)</script>\x1b[2J\x1b]0;owned\x07"  # of the modes hostile and hostile-error
served = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are written apart

    def do_GET(self):
        global served
        url = urlsplit(self.path)
        if url.path == "/healthz":
            self.answer(503 if MODE == "unready" else 200, {"ok": True})
        elif url.path == "/about" and MODE == "hostile":
            print(EVIL, flush=True)
            self.answer(200, {"runtime": EVIL, "runtime_version": EVIL * 25_000, "framework": EVIL, "server": EVIL, "workers": 1, "pid": os.getpid()})
        elif url.path == "/about":
            self.answer(200, {"runtime": "python", "runtime_version": sys.version.split()[0], "framework": "http.server",
                              "framework_version": "1", "workers": 1, "pid": os.getpid(), "mode": MODE})
        elif url.path == "/json":
            served += 1
            if MODE == "dies" and served > 60:
                print("out of luck", flush=True)
                os._exit(3)
            if MODE == "hangs":
                time.sleep(3600)
            if MODE == "hostile-error":
                return self.answer(500, {"error": EVIL * 25_000})
            if MODE == "turns-wrong" and served > 40:
                return self.answer(200, {"ok": True, "value": "b"})
            self.answer(500 if MODE == "says-500" else 200, {"ok": True, "value": "b" if MODE == "wrong-body" else "a"})
        elif url.path == "/upstream":
            ms = int(parse_qs(url.query).get("ms", ["20"])[0])
            if MODE != "no-calls":
                urllib.request.urlopen(f"{os.environ['UPSTREAM_URL']}/wait?ms={ms}").read()
            self.answer(200, {"ok": True, "calls": 1, "waited_ms": ms})
        elif url.path == "/spin":  # uses CPU time for about ms
            end = time.process_time() + int(parse_qs(url.query)["ms"][0]) / 1000
            while time.process_time() < end:
                pass
            self.answer(200, {"ok": True})
        elif url.path == "/environ":
            self.answer(200, {"cpus": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
                              "uid": os.getuid(), "extra": os.environ.get("EXTRA", ""), "writable": writable()})
        else:
            self.answer(404, {"error": "not found"})

    def answer(self, status, value):
        body = json.dumps(value, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if MODE.startswith("hostile"):
            self.send_header("X-Evil", "<script>alert(1)</script>")
        if MODE == "no-length":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def writable():
    try:
        with open("probe", "w"):
            pass
        os.remove("probe")
        return True
    except OSError:
        return False


class Server(ThreadingHTTPServer):
    daemon_threads = MODE == "no-drain"
    block_on_close = False
    request_queue_size = 256


def main():
    if MODE == "exits":
        sys.exit("the configuration is missing")
    server = Server((os.environ["HOST"], int(os.environ["PORT"])), Handler)

    def stop(*_):
        if MODE == "stubborn":
            return
        if MODE == "no-drain":
            os._exit(0)
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    print("listening", flush=True)
    server.serve_forever(poll_interval=0.02)
    server.server_close()
    # Idle connections keep their threads; requests that are under way get half a second to be answered.
    deadline = time.monotonic() + 0.5
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    os._exit(0)


main()
