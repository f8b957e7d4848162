"""The rows about cost: slowdown at 1 kHz, and the cost of a sample beside that of an empty signal.

The same program varies by many percent from one process to the next, and from one second to the
next, so sampling is switched on and off within one process, in slices of some 10 ms; each slice
with it is held against the two without it on both sides, and the median of all is taken. Short
slices, and many of them, say more in the same time than long ones: what disturbs the machine comes
in bursts, and a median leaves out the slices that were hit. The error of a median is told from the
spread of the slices.

What switches sampling on leaves its traces in the caches and in the heap for longer than a
millisecond: a slice after the start of a recording that never looks is half a percent slower than
one after nothing. So the slices without samples are recorded, too, at an interval that none of
them reaches, and all slices differ in nothing but the samples.
"""

from __future__ import annotations

import json
import math
import runpy
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

HERE = Path(__file__).resolve().parent
SLICE_SECONDS = 0.01
SLICES = 3000
NEVER_SECONDS = 100.0

if TYPE_CHECKING:
    from collections.abc import Iterator

    from row import Row, Run


def rows(run: Run) -> Iterator[Row]:
    """Measures in a fresh process."""
    from row import Row

    slices = str(max(200, int(SLICES * run.factor)))
    for interval in (0.001, 0.0001):
        found = json.loads(run.python(str(HERE / "cost.py"), str(interval), slices))
        ours, empty = found["profiler"], found["empty"]
        rate = f"{1 / interval:,.0f} Hz"
        if interval == 0.001:
            measured = (
                f"{100 * ours['slowdown']:+.2f} ± {100 * ours['slowdown error']:.2f} % "
                f"(empty signals {100 * empty['slowdown']:+.2f} ± "
                f"{100 * empty['slowdown error']:.2f} %)"
            )
            yield Row(
                f"slowdown of tiny calls at {rate}", "≤ 1.5 %", measured, ours["slowdown"] <= 0.015
            )
        measured = (
            f"{ours['cost'] / empty['cost']:.2f} times ({1e6 * ours['cost']:.1f} ± "
            f"{1e6 * ours['error']:.1f} µs, empty {1e6 * empty['cost']:.1f} ± "
            f"{1e6 * empty['error']:.1f} µs)"
        )
        what = f"cost of a sample against an empty signal at {rate}"
        yield Row(what, "≤ 1.25 times", measured, ours["cost"] <= 1.25 * empty["cost"])


def measure(interval: float, slices: int) -> dict[str, dict[str, float]]:
    """Alternates the profiler and empty signals, each beside itself without a sample."""
    from pyflame import _native

    # The engine stays up between slices, as it does while a program is profiled; what it costs
    # to start belongs to the row about start-up.
    idle = _native.Recording(3600 * 10**9)
    idle.start()
    cycle = load_cycle()
    count = calibrate(cycle)
    kinds = {"profiler": profiled, "empty": signalled}
    slowdowns: dict[str, list[float]] = {kind: [] for kind in kinds}
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(slices // 2):
        for kind, run in kinds.items():
            before, _samples = run(NEVER_SECONDS, cycle, count)
            during, samples = run(interval, cycle, count)
            after, _samples = run(NEVER_SECONDS, cycle, count)
            without = (before + after) / 2
            slowdowns[kind].append(during / without - 1)
            costs[kind].append((during - without) / max(1, samples))
    idle.stop()
    return {
        kind: {
            "slowdown": statistics.median(slowdowns[kind]),
            "slowdown error": error_of_median(slowdowns[kind]),
            "cost": statistics.median(costs[kind]),
            "error": error_of_median(costs[kind]),
        }
        for kind in kinds
    }


def profiled(interval: float, cycle: Callable[[], Any], count: int) -> tuple[float, int]:
    """The time that some rounds take under the profiler, and its samples."""
    import pyflame

    with pyflame.Profiler(interval=interval, engine="signal") as profiler:
        seconds = timed(cycle, count)
    return seconds, profiler.profile.samples


def signalled(interval: float, cycle: Callable[[], Any], count: int) -> tuple[float, int]:
    """The time that some rounds take under signals whose handler does nothing, and how many."""
    from pyflame import _native

    signals = _native.EmptySignals(int(interval * 1e9))
    signals.start()
    seconds = timed(cycle, count)
    return seconds, signals.stop()


def error_of_median(values: list[float]) -> float:
    """The standard error of a median, by the middle half of the values (normal in the middle)."""
    first, _, third = statistics.quantiles(values, n=4)
    deviation = (third - first) / 1.349
    return 1.253 * deviation / math.sqrt(len(values))


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
    """The time that some rounds take, after some that bring the CPU's caches back to them."""
    for _ in range(count // 10):
        cycle()
    started = time.perf_counter()
    for _ in range(count):
        cycle()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]), int(sys.argv[2]))))
