from collections.abc import Iterator
from itertools import islice, takewhile

import pytest

from servers.tasks.compute import compute


def orbit(cr: float, ci: float) -> Iterator[tuple[float, float]]:
    """Yield the points z = 0, z * z + c, ... of the definition."""
    x = y = 0.0
    while True:
        yield x, y
        x, y = x * x - y * y + cr, 2.0 * x * y + ci


def steps(cr: float, ci: float) -> int:
    """Count the steps: one from each of the first fifty points, until a point leaves the circle."""
    inside = takewhile(lambda z: z[0] * z[0] + z[1] * z[1] <= 4.0, orbit(cr, ci))
    return sum(1 for _ in islice(inside, 50))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 100])
def test_is_the_sum_of_the_orbits_lengths(n: int) -> None:
    points = ((3.0 * x / n - 2.0, 2.0 * y / n - 1.0) for y in range(n) for x in range(n))
    assert compute(n) == sum(steps(cr, ci) for cr, ci in points)


@pytest.mark.parametrize(("n", "result"), [(1, 1), (64, 71171), (256, 1134272)])
def test_agrees_with_node(n: int, result: int) -> None:
    """Compare with the results of V8 for the same expressions."""
    assert compute(n) == result
