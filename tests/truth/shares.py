"""How far a measured share may lie from the truth by chance alone.

A sample falls into a part of the program that has the share p with probability p, so n samples
measure p with a standard error of sqrt(p (1 - p) / n). Our samples come in even steps, which makes
the true error smaller than that, so three of these standard errors are practically never left by
chance.
"""

from __future__ import annotations

import math

STANDARD_ERRORS = 3


def tolerance(share: float, samples: float) -> float:
    """How far the measured value of a true share may be off."""
    # A share that is nearly nothing can still catch a sample or two.
    share = min(max(share, 1 / samples), 1 - 1 / samples)
    return STANDARD_ERRORS * math.sqrt(share * (1 - share) / samples)


def most_by_chance(samples: float, share: float) -> float:
    """The highest number of samples that something with this share gets by chance."""
    return samples * (share + tolerance(share, samples))
