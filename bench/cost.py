"""The rows about cost: slowdown at 1 kHz, and the cost of a sample beside that of an empty signal.

The same program varies by many percent from one process to the next, and from one second to the
next, so sampling is switched on and off within one process, in slices of some 50 ms; each slice
with it is held against the two without it on both sides, and the median of all is taken.
"""

from __future__ import annotations

import json
import runpy
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

HERE = Path(__file__).resolve().parent
SLICE_SECONDS = 0.05
SLICES = 200

if TYPE_CHECKING:
    from collections.abc import Iterator

    from row import Row, Run


def rows(run: Run) -> Iterator[Row]:
    """Measures in a fresh process."""
    from row import Row

    slices = str(max(20, int(SLICES * run.factor)))
    slow = json.loads(run.python(str(HERE / "cost.py"), "0.001", slices))
    measured = (
        f"{slow['profiler']['slowdown']:+.2%} (an empty signal {slow['empty']['slowdown']:+.2%})"
    )
    met = slow["profiler"]["slowdown"] <= 0.015
    yield Row("slowdown at 1,000 Hz", "<= 1.5 %", measured, met)
    for interval in (0.001, 0.0001):
        found = (
            slow
            if interval == 0.001
            else json.loads(run.python(str(HERE / "cost.py"), str(interval), slices))
        )
        ours, empty = found["profiler"]["cost"], found["empty"]["cost"]
        measured = f"{ours / empty:.2f} ({1e6 * ours:.1f} µs, empty {1e6 * empty:.1f} µs)"
        what = f"cost of a sample against an empty signal at {1 / interval:,.0f} Hz"
        yield Row(what, "<= 1.25 times", measured, ours <= 1.25 * empty)


def measure(interval: float, slices: int) -> dict[str, dict[str, float]]:
    """Alternates nothing, the profiler, nothing, empty signals; returns what each costs."""
    import pyflame
    from pyflame import _native

    # The engine stays up between slices, as it does while a program is profiled; what it costs
    # to start belongs to the row about start-up.
    idle = _native.Recording(3600 * 10**9)
    idle.start()
    cycle = load_cycle()
    count = calibrate(cycle)
    slowdowns: dict[str, list[float]] = {"profiler": [], "empty": []}
    costs: dict[str, list[float]] = {"profiler": [], "empty": []}
    before = timed(cycle, count)
    for number in range(slices):
        if number % 2:
            kind = "empty"
            signals = _native.EmptySignals(int(interval * 1e9))
            signals.start()
            during = timed(cycle, count)
            samples = signals.stop()
        else:
            kind = "profiler"
            with pyflame.Profiler(interval=interval, engine="signal") as profiler:
                during = timed(cycle, count)
            samples = profiler.profile.samples
        after = timed(cycle, count)
        without = (before + after) / 2
        slowdowns[kind].append(during / without - 1)
        costs[kind].append((during - without) / max(1, samples))
        before = after
    idle.stop()
    return {
        kind: {
            "slowdown": statistics.median(slowdowns[kind]),
            "cost": statistics.median(costs[kind]),
        }
        for kind in slowdowns
    }


def load_cycle() -> Callable[[], Any]:
    """One round of tiny calls: the hardest thing for a sampler, and the easiest to slow down."""
    names = runpy.run_path(str(HERE.parent / "tests" / "truth" / "targets" / "calls.py"))
    cycle: Callable[[], Any] = names["cycle"]
    return cycle


def calibrate(cycle: Callable[[], Any]) -> int:
    """How many rounds make a slice."""
    for _ in range(3):
        taken = timed(cycle, 20)
    return max(1, int(20 * SLICE_SECONDS / taken))


def timed(cycle: Callable[[], Any], count: int) -> float:
    """The time that some rounds take."""
    started = time.perf_counter()
    for _ in range(count):
        cycle()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]), int(sys.argv[2]))))
