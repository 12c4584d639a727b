"""The environment, checked before the server starts to serve."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from servers.parameters import BadParameterError, WholeNumber

KEEP_ALIVE_SECONDS = 75
# A stopping server may finish the requests that it has accepted. The longest response takes ten
# seconds (/upstream?ms=10000), so this is a little more. Idle connections are closed earlier.
DRAIN_SECONDS = 15

PORT = WholeNumber("PORT", default=8080, least=1, most=65535)
WORKERS = WholeNumber("WORKERS", default=1, least=1)
THREADS = WholeNumber("THREADS", default=64, least=1)
DB_CONNECTIONS = WholeNumber("DB_CONNECTIONS", default=16, least=1)


@dataclass(frozen=True, slots=True)
class Settings:
    host: str
    port: int
    workers: int
    threads: int
    upstream_url: str
    database_url: str
    db_connections: int

    @property
    def db_pool_size(self) -> int:
        """Each worker's share of the server's database connections."""
        return max(1, self.db_connections // self.workers)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        def read(number: WholeNumber) -> int:
            return number.read(env.get(number.name))

        return cls(
            host=env.get("HOST", "127.0.0.1"),
            port=read(PORT),
            workers=read(WORKERS),
            threads=read(THREADS),
            upstream_url=env.get("UPSTREAM_URL", "http://127.0.0.1:9000"),
            database_url=env.get("DATABASE_URL", "postgres://bench@127.0.0.1:5432/bench"),
            db_connections=read(DB_CONNECTIONS),
        )


try:
    settings = Settings.from_env(os.environ)
except BadParameterError as error:
    sys.exit(f"{error}: not a positive whole number in range")
