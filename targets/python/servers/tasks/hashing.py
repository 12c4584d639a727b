"""The work of /hash: SHA-256 by the standard library, which releases the GIL meanwhile."""

import hashlib
from functools import lru_cache

from servers.parameters import WholeNumber

HASH_KIB = WholeNumber("kib", default=1024, least=1, most=65_536)

CYCLE = bytes(range(251))


@lru_cache(maxsize=1)
def data(kib: int) -> bytes:
    """Make the data to hash: byte i is i % 251. The last data are kept."""
    size = kib * 1024
    return (CYCLE * (size // len(CYCLE) + 1))[:size]


def sha256(kib: int) -> str:
    return hashlib.sha256(data(kib)).hexdigest()
