"""The facts in /about on the process that responds."""

import os
import platform
import sys
from importlib.metadata import version

from servers.settings import settings

About = dict[str, str | int | bool | None]


def about(*, framework: str, framework_version: str, server: str, threads: int | None) -> About:
    return {
        "runtime": "python",
        "runtime_version": platform.python_version(),
        "framework": framework,
        "framework_version": framework_version,
        "server": server,
        "server_version": version(server),
        "workers": settings.workers,
        "threads": threads,
        "gil": gil_enabled(),
        "pid": os.getpid(),
    }


def gil_enabled() -> bool:
    # This must be asked at run time. A free-threaded build turns the GIL back on when it imports
    # an extension that needs it. Python 3.11 and 3.12 lack the function; their GIL is always on.
    ask = getattr(sys, "_is_gil_enabled", None)
    return True if ask is None else bool(ask())
