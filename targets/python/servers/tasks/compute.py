"""The work of /compute: Mandelbrot iteration counts in plain Python."""

from servers.parameters import WholeNumber

GRID = WholeNumber("n", default=256, least=1, most=2000)


def compute(n: int) -> int:
    """Sum the iteration counts over an n by n grid.

    The expressions keep the contract's order of operations. Doubles round, so another order could
    give another sum.
    """
    total = 0
    for y in range(n):
        ci = 2.0 * y / n - 1.0
        for x in range(n):
            cr = 3.0 * x / n - 2.0
            zr = zi = zr2 = zi2 = 0.0
            steps = 0
            while zr2 + zi2 <= 4.0 and steps < 50:
                zi = 2.0 * zr * zi + ci
                zr = zr2 - zi2 + cr
                zr2 = zr * zr
                zi2 = zi * zi
                steps += 1
            total += steps
    return total
