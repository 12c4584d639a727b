"""A PostgreSQL for these tests, with the table of the contract. Tests can stop and start it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import free_port

NOBODY = 65534

TABLE = """
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL,
    cents integer NOT NULL, stock integer NOT NULL);
INSERT INTO items SELECT i, 'Item ' || i, i * 37 % 100000, 0 FROM generate_series(1, 10000) AS i;
"""


def folder_of_programs() -> Path | None:
    """Find the programs. Debian keeps most of them outside the PATH, in one folder per version."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), reverse=True)
    found = shutil.which("pg_ctl")
    return installed[0].parent if installed else Path(found).parent if found else None


class Postgres:
    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "log"
        self._port = free_port()
        self._run("initdb", "-D", self._data, "-U", "bench", "-A", "trust", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgres://bench@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self._port} -k '' -F"
        self._control("-o", options, "-l", self._log, "start")

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def query(self, sql: str) -> str:
        return self._run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", sql)

    def pids(self) -> list[int]:
        """Return the ids of the processes: the first one, and its children."""
        first = (self._data / "postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [int(pid) for pid in (first, *children)]

    def _control(self, *arguments: str | Path) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", *arguments)

    def _run(self, program: str, *arguments: str | Path) -> str:
        # PostgreSQL refuses to run as root. A file takes its output, since it would hold our pipe.
        nobody = NOBODY if os.geteuid() == 0 else None
        with tempfile.TemporaryFile() as output:
            subprocess.run(
                [self._programs / program, *arguments],
                check=True,
                cwd="/",
                stdout=output,
                user=nobody,
                group=nobody,
                extra_groups=None if nobody is None else [],
                timeout=60,
            )
            output.seek(0)
            return output.read().decode().strip()


@contextmanager
def running_postgres(programs: Path) -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        postgres = Postgres(programs, Path(folder))
        postgres.start()
        try:
            postgres.query(TABLE)
            yield postgres
        finally:
            postgres.stop()
