"""An application: arithmetic on numpy's arrays, of a size that keeps some calls short, some long.

Without matrix products, whose threads would make the time of a unit depend on idle CPUs.
"""

import numpy as np

NUMBERS = np.random.default_rng(1).random(20_000)
GRID = NUMBERS.reshape(100, 200)


def smooth(values):
    return (values[:-2] + values[1:-1] + values[2:]) / 3


def rows(grid):
    return [row.max() - row.mean() for row in grid]


def cycle():
    ordered = np.sort(smooth(NUMBERS))
    spectrum = np.abs(np.fft.rfft(NUMBERS))
    return ordered[::100].sum() + spectrum.max() + sum(rows(GRID)) + np.unique(GRID // 0.1).size
