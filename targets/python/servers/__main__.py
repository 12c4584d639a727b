"""`python -m servers asgi` or `python -m servers fastapi`: the app on uvicorn."""

import argparse
import signal
import sys

from servers.settings import DRAIN_SECONDS, KEEP_ALIVE_SECONDS, settings

ROOM_BYTES = 64 * 1024  # the longest message

APPS = {"asgi": "servers.asgi:app", "fastapi": "servers.fastapi_app:app"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m servers", description=__doc__)
    parser.add_argument("app", choices=APPS)
    app = APPS[parser.parse_args().app]

    import uvicorn  # noqa: PLC0415 (the processes of /parallel import this file too)

    from servers.protocol import TransportProtocol  # noqa: PLC0415

    # uvicorn drains on SIGTERM and then raises it again for the previous handler. Python's default
    # handler would kill the process, but a clean stop must exit 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http=TransportProtocol,
        ws="websockets-sansio",
        ws_max_size=ROOM_BYTES,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


if __name__ == "__main__":  # with several workers, each imports this file again
    main()
