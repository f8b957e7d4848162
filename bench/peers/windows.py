"""How much longer a unit of work takes in every other window of time, out of a log of its units.

Each window with a profiler is held against those without it on both sides, so that a machine that
changes its speed does not count.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, NamedTuple

from running import FailedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What is near the edge of a window belongs to the start or the end of the profiler.
EDGE_NS = 50_000_000
# The last window is none: the program ends with it.
FEWEST_UNITS = 10


class Slowdown(NamedTuple):
    """The median of how much longer a unit takes, and the standard error of that median."""

    median: float
    error: float


def units(log: Path) -> list[int]:
    """When each unit ended, where nothing was switched."""
    return [int(line) for line in log.read_text(encoding="ascii").splitlines()]


def switched(log: Path) -> list[list[int]]:
    """Units by window, where the program itself switched the profiler."""
    times: list[list[int]] = [[]]
    for line in log.read_text(encoding="ascii").splitlines():
        if line[0] == "o":
            times.append([])
        else:
            times[-1].append(int(line))
    return times


def cut(units: Sequence[int], edges: Sequence[int]) -> list[list[int]]:
    """Units by window: before the first edge, between it and the second, and so on."""
    times: list[list[int]] = [[] for _ in range(len(edges) + 1)]
    window = 0
    for unit in units:
        while window < len(edges) and unit > edges[window]:
            window += 1
        times[window].append(unit)
    return times


def slowdown(windows: Sequence[Sequence[int]]) -> Slowdown:
    """Of windows without and with a profiler by turns, the first and the last one without."""
    whole = windows if len(windows[-1]) >= FEWEST_UNITS else windows[:-1]
    return of_turns([unit_ns(window) for window in whole])


def of_turns(times: Sequence[float]) -> Slowdown:
    """The same of one time for each window or process."""
    ratios = [
        during / ((before + after) / 2) - 1
        for before, during, after in zip(times[::2], times[1::2], times[2::2])
    ]
    if not ratios:
        raise FailedError("too few windows")
    return Slowdown(statistics.median(ratios), median_error(ratios))


def median_error(values: Sequence[float]) -> float:
    """The standard error of the median of normal values: sqrt(pi / 2) times that of their mean."""
    if len(values) < 2:
        return math.nan
    return math.sqrt(math.pi / 2 / len(values)) * statistics.stdev(values)


def unit_ns(window: Sequence[int]) -> float:
    """The mean time of a unit: a median would not see what strikes seldom and hard."""
    inner = [time for time in window if window[0] + EDGE_NS <= time <= window[-1] - EDGE_NS]
    if len(inner) < 2:
        raise FailedError("too few units in a window")
    return (inner[-1] - inner[0]) / (len(inner) - 1)
