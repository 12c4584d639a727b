"""The work of /parallel: tasks in parallel, in each way that Python offers."""

import asyncio
import multiprocessing
import site
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from pathlib import Path

from servers.parameters import Choice, WholeNumber
from servers.refusal import Refusal
from servers.tasks.compute import GRID, compute
from servers.tasks.hashing import sha256

MODE = Choice("mode", ("inline", "threads", "processes", "interpreters"))
TASKS = WholeNumber("k", default=2, least=1, most=16)
WORK = Choice("work", ("compute", "hash", "wait"))
SIZE = WholeNumber("n", default=128, least=1, most=65_536)

MOST_WORKERS = 16

FOLDER = Path(__file__).parents[2]  # the folder that contains `servers`


class NoSuchModeError(Refusal):
    """This Python does not have the mode."""

    status = 501

    def __init__(self, mode: str) -> None:
        self.error = f"no {mode}"
        super().__init__(self.error)


class PoolBrokenError(Refusal):
    """A worker died. The next request gets a new pool."""

    status = 500
    error = "worker lost"


def check_size(work: str, n: int) -> int:
    return GRID.check(n) if work == "compute" else SIZE.check(n)


def hash_number(kib: int) -> int:
    return int(sha256(kib)[:6], 16)


def wait(ms: int) -> int:
    time.sleep(ms / 1000)
    return ms


WORKS: dict[str, Callable[[int], int]] = {"compute": compute, "hash": hash_number, "wait": wait}


def inline(k: int, work: str, n: int) -> int:
    return sum(WORKS[work](n) for _ in range(k))


async def inline_async(k: int, work: str, n: int) -> int:
    if work != "wait":
        return inline(k, work, n)
    for _ in range(k):
        await asyncio.sleep(n / 1000)
    return k * n


class Pools:
    """One pool per mode, made on first use. Workers start when tasks need them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[str, Executor] = {}

    def run(self, mode: str, k: int, work: str, n: int) -> int:
        with self._pool(mode) as pool:
            submitted = [pool.submit(WORKS[work], n) for _ in range(k)]
            return sum(future.result() for future in submitted)

    async def run_async(self, mode: str, k: int, work: str, n: int) -> int:
        loop = asyncio.get_running_loop()
        with self._pool(mode) as pool:
            submitted = [loop.run_in_executor(pool, WORKS[work], n) for _ in range(k)]
            return sum(await asyncio.gather(*submitted))

    def close(self) -> None:
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        # No request waits for them now, but one may still work for a client that has left.
        for child in multiprocessing.active_children():
            child.terminate()
        for pool in pools:
            pool.shutdown()

    @contextmanager
    def _pool(self, mode: str) -> Iterator[Executor]:
        """Lend the pool. A broken pool is not used again."""
        with self._lock:
            pool = self._pools.get(mode)
            if pool is None:
                pool = self._pools[mode] = new_pool(mode)
        try:
            yield pool
        except BrokenExecutor as error:
            with self._lock:
                if self._pools.get(mode) is pool:
                    del self._pools[mode]
            pool.shutdown(wait=False)
            raise PoolBrokenError from error


def new_pool(mode: str) -> Executor:
    match mode:
        case "threads":
            return futures.ThreadPoolExecutor(MOST_WORKERS, thread_name_prefix="parallel")
        case "processes":
            # Not "fork", because the server has threads. One clean process forks all the others.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["__main__", __name__])
            return futures.ProcessPoolExecutor(MOST_WORKERS, mp_context=context)
        case "interpreters" if sys.version_info >= (3, 14):
            # An interpreter has the path that Python started with. gunicorn adds this folder later.
            return futures.InterpreterPoolExecutor(
                MOST_WORKERS, initializer=site.addsitedir, initargs=(str(FOLDER),)
            )
    raise NoSuchModeError(mode)
