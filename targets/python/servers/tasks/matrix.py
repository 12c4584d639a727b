"""The work of /matrix: the product of two matrices of doubles, by numpy.

numpy is imported on first use. A worker that never computes a product does not load it, and the
other routes work even if it is not installed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from servers.parameters import WholeNumber

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = WholeNumber("n", default=256, least=1, most=1024)


@lru_cache(maxsize=1)
def operands(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Make A, B and the weights of the sum. The last three are kept."""
    import numpy as np  # noqa: PLC0415 (see above)

    i, j = np.indices((n, n))
    a, b, weights = (3 * i + 7 * j) % 11, (5 * i + 2 * j) % 13, (i + j) % 3
    return a.astype(np.float64), b.astype(np.float64), weights.astype(np.float64)


def matrix(n: int) -> int:
    """Sum the weighted elements of A @ B. All are whole numbers, too small for doubles to round."""
    a, b, weights = operands(n)
    return int(((a @ b) * weights).sum())
