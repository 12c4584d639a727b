"""The work of /compress: deflate and inflate with the standard library's zlib."""

import zlib
from functools import lru_cache
from itertools import islice

from servers.parameters import WholeNumber
from servers.tasks.sequence import sequence

TEXT_KIB = WholeNumber("kib", default=256, least=1, most=16_384)

LEVEL = 6


@lru_cache(maxsize=1)
def text(kib: int) -> bytes:
    """Make the text to deflate: letters from a to m. The last text is kept."""
    return bytes(97 + (x >> 16) % 13 for x in islice(sequence(), kib * 1024))


def compress(kib: int) -> int:
    """Deflate and inflate the text, and return the CRC-32 of the result."""
    return zlib.crc32(zlib.decompress(zlib.compress(text(kib), LEVEL)))
