"""The pseudo-random numbers that /objects and /compress are made of."""

from collections.abc import Iterator


def sequence() -> Iterator[int]:
    """Lehmer's generator, from 1, the step first."""
    x = 1
    while True:
        x = x * 48271 % 2147483647
        yield x
