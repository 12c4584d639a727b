"""The work of /db: queries of one PostgreSQL, over a pool of connections.

Each way to wait has one client in its own file, as for the upstream. A client is imported on first
use, so a worker that needs no database does not load a driver.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import TypedDict

from servers.parameters import WholeNumber
from servers.refusal import Refusal

ROWS = 10_000

ITEM = WholeNumber("id", default=1, least=1, most=ROWS)
READS = WholeNumber("n", default=20, least=1, most=100)

# For both clients: how long a connection may take to open, and a query to be answered.
SECONDS = 3


class Row(TypedDict):
    id: int
    name: str
    cents: int


class DatabaseError(Refusal):
    """The database cannot be reached, or a query failed."""

    status = 502
    error = "database failed"


def ids_from(first: int, n: int) -> Iterable[int]:
    """Return n ids from `first` on. After the last row they continue at the first row."""
    return ((first - 1 + j) % ROWS + 1 for j in range(n))


def ids_to_update() -> Iterator[int]:
    """Yield the ids of successive updates, spread over the table."""
    return (r * 7919 % ROWS + 1 for r in count())
