"""The work of /db: queries of one PostgreSQL, over a pool of connections.

One client for each way to wait, in its own file, as for the upstream. Both are imported when they
are first asked for something: a worker that never is does not carry a driver.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import TypedDict

from servers.parameters import WholeNumber
from servers.refusal import Refusal

ROWS = 10_000

ITEM = WholeNumber("id", default=1, least=1, most=ROWS)
READS = WholeNumber("n", default=20, least=1, most=100)

# Both clients, alike: how long a connection may take to come about, and a query to be answered.
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
    """The n ids from the first on, round the table."""
    return ((first - 1 + j) % ROWS + 1 for j in range(n))


def ids_to_update() -> Iterator[int]:
    """The ids of one update after the other, all over the table."""
    return (r * 7919 % ROWS + 1 for r in count())
