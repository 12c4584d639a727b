"""The work of /stream: pieces of text, each made on demand."""

from collections.abc import Iterator

from servers.parameters import WholeNumber

STREAM_KIB = WholeNumber("kib", default=1024, least=1, most=65_536)

PIECE = 64 * 1024


def pieces(kib: int) -> Iterator[bytes]:
    size = kib * 1024
    for p, start in enumerate(range(0, size, PIECE)):
        yield bytes([97 + p % 26]) * min(PIECE, size - start)
