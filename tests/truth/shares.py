"""How far a measurement may lie from the truth by chance alone.

One stretch of work needs no statistics (gaps.py). A share over many visits is a matter of chance:
a sample falls into a part of the program that has the share p with probability p, so n samples
measure p with a standard error of sqrt(p (1 - p) / n). Samples of unequal weight tell as much as
fewer equal ones: n is `Profile.effective_samples`.

A false alarm of one comparison has a probability of 1e-9, whatever the machine does; that of all
comparisons of a run together stays below 1e-6 (docs/checks.md).
"""

from __future__ import annotations

import math

FALSE_ALARM = 1e-9
# A normal distribution is further away than that with this probability.
STANDARD_ERRORS = 6.11


def tolerance(share: float, samples: float) -> float:
    """How far the measured value of a true share may be off."""
    # A share that is nearly nothing can still catch a sample or two.
    share = min(max(share, 1 / samples), 1 - 1 / samples)
    return STANDARD_ERRORS * math.sqrt(share * (1 - share) / samples)


def most_by_chance(samples: float, share: float) -> int:
    """The highest number of samples that something with this share gets by chance.

    Chernoff's bound: a Poisson variable of mean m reaches k with a probability of at most
    exp(k - m - k ln(k / m)); the binomial one that it stands for is narrower.
    """
    mean = max(samples * share, 1e-12)
    count = math.ceil(mean)
    while count == 0 or count - mean - count * math.log(count / mean) > math.log(FALSE_ALARM):
        count += 1
    return count - 1
