"""The rows about what starts: the command, the first recording of a process, and a forked child."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from row import Row, Run

HERE = Path(__file__).resolve().parent
PAIRS = 41
PROCESSES = 21
FORKS, FORKS_AT_ONCE = 200, 10
FIRST_BAR_SECONDS = 0.005


def command(run: Run) -> Iterator[Row]:
    """What the command adds to an empty program, alternating with and without."""
    from row import Row

    picture = str(run.folder / "empty.svg")
    alone, under = [], []
    for _ in range(max(5, int(PAIRS * run.factor))):
        alone.append(timed(run, "-c", "pass"))
        under.append(timed(run, "-m", "pyflame", "-q", "-o", picture, "-c", "pass"))
    extra = statistics.median(under) - statistics.median(alone)
    measured = f"{1000 * extra:.0f} ms ({1000 * statistics.median(alone):.0f} ms without)"
    what = "extra start-up of the command, from start to the file written"
    yield Row(what, "≤ 80 ms", measured, extra <= 0.08)


def imports(run: Run) -> Iterator[Row]:
    """What it adds to a program that does nothing but import a good part of the library."""
    from row import Row

    program, picture = str(HERE / "peers" / "programs" / "imports.py"), str(run.folder / "x.svg")
    ratios = []
    timed(run, program)
    for _ in range(max(5, int(PAIRS * run.factor))):
        alone = timed(run, program)
        ratios.append(timed(run, "-m", "pyflame", "-q", "-o", picture, program) / alone - 1)
    extra = statistics.median(ratios)
    what = "extra time of a program that imports much, at 1,000 Hz, from start to the file written"
    yield Row(what, "≤ 20 %", f"{100 * extra:+.0f} %", extra <= 0.2)


def timed(run: Run, *arguments: str) -> float:
    """The time that a run of Python takes."""
    started = time.perf_counter()
    run.python(*arguments)
    return time.perf_counter() - started


def recording(run: Run) -> Iterator[Row]:
    """The first start of a recording, with the self-check in it, and the second one beside it."""
    from row import Row

    count = max(5, int(PROCESSES * run.factor))
    found = [json.loads(run.python(__file__, "recording")) for _ in range(count)]
    first, second = (statistics.median(times) for times in zip(*found))
    measured = f"{1000 * first:.2f} ms (the second start {1000 * second:.2f} ms)"
    what = "first `Profiler().start()` of a process, the self-check in it"
    yield Row(what, "≤ 5 ms", measured, first <= FIRST_BAR_SECONDS)


def child(run: Run) -> Iterator[Row]:
    """How long a fork takes while something is recorded, and while nothing is."""
    from row import Row

    count = max(2, int(FORKS * run.factor) // FORKS_AT_ONCE)
    during, without = json.loads(run.python(__file__, "child", str(count)))
    measured = f"{1000 * during:.2f} ms ({1000 * without:.2f} ms without)"
    yield Row("`os.fork()` while something is recorded", "none", measured, met=True)


def measure_recording() -> list[float]:
    """The first two starts of this process."""
    import pyflame

    times = []
    for _ in range(2):
        started = time.perf_counter()
        profiler = pyflame.Profiler()
        profiler.start()
        times.append(time.perf_counter() - started)
        profiler.stop()
    return times


def measure_child(count: int) -> list[float]:
    """The median fork, with a recording and without one by turns, some forks in each."""
    import pyflame

    during, without = [], []
    for _ in range(count):
        with pyflame.Profiler(threads="all", engine="signal"):
            during += [fork_seconds() for _ in range(FORKS_AT_ONCE)]
        without += [fork_seconds() for _ in range(FORKS_AT_ONCE)]
    return [statistics.median(during), statistics.median(without)]


def fork_seconds() -> float:
    """What the parent waits for."""
    started = time.perf_counter()
    pid = os.fork()
    taken = time.perf_counter() - started
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return taken


if __name__ == "__main__":
    what, *counts = sys.argv[1:]
    print(json.dumps(measure_child(int(counts[0])) if what == "child" else measure_recording()))
