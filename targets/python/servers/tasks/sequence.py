"""The pseudo-random numbers in the data of /objects and /compress."""

from collections.abc import Iterator


def sequence() -> Iterator[int]:
    """Yield the numbers of Lehmer's generator. It starts from 1, and the step comes first."""
    x = 1
    while True:
        x = x * 48271 % 2147483647
        yield x
