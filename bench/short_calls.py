"""The rows about short calls: the share of one that a program makes again and again.

A signal reaches a running thread by an interrupt, which takes a virtual machine up to some dozen
microseconds; and it is taken at the end of the first system call that comes before. So whoever
takes what a signal finds sees such calls too often.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
INTERVAL = 0.001
SECONDS = 10
POINTS = 0.03

if TYPE_CHECKING:
    from collections.abc import Iterator

    from row import Row, Run


def rows(run: Run) -> Iterator[Row]:
    """Measures in a fresh process."""
    from row import Row

    for microseconds in (20, 100):
        seconds = str(run.seconds(SECONDS))
        found = json.loads(run.python(str(HERE / "short_calls.py"), str(microseconds), seconds))
        truth, seen, samples = found["truth"], found["seen"], found["samples"]
        allowed = POINTS + 3 * (truth * (1 - truth) / samples) ** 0.5
        measured = (
            f"{100 * seen:.1f} % of {100 * truth:.1f} % (allowed: {100 * allowed:.1f} points)"
        )
        what = f"share of a write to /dev/null every {microseconds} µs"
        yield Row(what, "3 points, and the error", measured, abs(seen - truth) <= allowed)


def measure(microseconds: float, seconds: float) -> dict[str, float]:
    """The share of the calls by the program's clock and in the profile."""
    import pyflame

    sink = os.open(os.devnull, os.O_WRONLY)
    count = calibrate(microseconds)
    run(sink, count, 0.1)
    with pyflame.Profiler(interval=INTERVAL) as profiler:
        work_ns, call_ns = run(sink, count, seconds)
    weights = {"work": 0, "call": 0}
    for line in profiler.profile.folded().splitlines():
        stack, _, weight = line.rpartition(" ")
        for name in weights:
            weights[name] += int(weight) * (f";{name} (" in stack)
    return {
        "truth": call_ns / (work_ns + call_ns),
        "seen": weights["call"] / sum(weights.values()),
        "samples": profiler.profile.samples,
    }


def run(sink: int, count: int, seconds: float) -> tuple[int, int]:
    """Works and writes by turns; the time of each, in nanoseconds."""
    now = time.perf_counter_ns
    work_ns = call_ns = 0
    end = now() + int(seconds * 1e9)
    after = now()
    while after < end:
        before = now()
        work(count)
        between = now()
        call(sink)
        after = now()
        work_ns += between - before
        call_ns += after - between
    return work_ns, call_ns


def work(count: int) -> None:
    """Some microseconds with the GIL."""
    for _ in range(count):
        pass


def call(sink: int) -> None:
    """A system call, made without the GIL."""
    os.write(sink, b"x")


def calibrate(microseconds: float) -> int:
    """How many rounds of `work` take that long."""
    count = 100_000
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        work(count)
        taken.append(time.perf_counter() - started)
    return max(1, int(count * microseconds / 1e6 / min(taken)))


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]), float(sys.argv[2]))))
