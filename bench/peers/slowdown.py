"""What a profiler costs the program: units of work with it and without it, by turns.

One process does its work all the time, and the profiler is attached to it, or started in it, in
every other window; each window with it is held against those without it on both sides, so that a
machine that changes its speed does not count. Where a tool can neither attach nor be started from
within, whole processes take turns instead.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from running import FailedError, record, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools import Place, Tool

UNITS = Path(__file__).resolve().parent / "programs" / "units.py"
WITHIN = ("pyflame", "pyflame 0.3.2", "pyinstrument", "cProfile")
WINDOW_SECONDS = 1.0
# What is near the edge of a window belongs to the start or the end of the profiler.
EDGE_NS = 50_000_000
# The last window is none: the program ends with it.
FEWEST_UNITS = 10


def windows(tool: Tool, place: Place, rate: float, factor: float) -> Iterator[tuple[str, float]]:
    """How much longer the program takes."""
    count = max(3, int(12 * factor))
    if tool.name in WITHIN:
        yield "slowdown", within(tool, place, rate, count)
    else:
        yield "slowdown", attached(tool, place, rate, count)


def within(tool: Tool, place: Place, rate: float, count: int) -> float:
    """The median slowdown, where the program itself starts and ends the profiler."""
    log = place.folder / "units"
    seconds = str(2 * count * WINDOW_SECONDS)
    switch = [tool.name, str(1 / rate), str(WINDOW_SECONDS)]
    run(place, [place.python, str(UNITS), seconds, str(log), *switch])
    times: list[list[int]] = [[]]
    for line in log.read_text(encoding="ascii").splitlines():
        if line[0] == "o":
            times.append([])
        else:
            times[-1].append(int(line))
    return slowdown(times)


def attached(tool: Tool, place: Place, rate: float, count: int) -> float:
    """The median slowdown, where the profiler is attached from outside."""
    if tool.attach is None:
        raise FailedError("it can't be attached")
    log = place.folder / "units"
    seconds = 2 * count * (WINDOW_SECONDS + 3)
    command = [place.python, str(UNITS), str(seconds), str(log)]
    edges = []
    with subprocess.Popen(place.interpreter.inside(command)) as process:
        pid = the_python(process.pid)
        for _ in range(count):
            time.sleep(WINDOW_SECONDS)
            # Its own start counts as the edge; in it, it looks at the process already.
            look = tool.attach(place, rate, pid, 2 + WINDOW_SECONDS)
            begins = time.monotonic_ns()
            output = subprocess.DEVNULL
            done = subprocess.run(
                place.interpreter.inside(look), stdout=output, stderr=output, check=False
            )
            if done.returncode != 0:
                process.kill()
                raise FailedError(f"attached, it ended with status {done.returncode}")
            edges += [begins + 1_000_000_000, time.monotonic_ns() - 500_000_000]
        if process.wait() != 0:
            raise FailedError("the program did not survive it")
    units = [int(line) for line in log.read_text(encoding="ascii").splitlines()]
    return slowdown(cut(units, edges))


def the_python(pid: int) -> int:
    """The process itself, or the one that it has become the shell of."""
    for _ in range(200):
        name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii")
        if name.startswith("python"):
            return pid
        time.sleep(0.01)
    raise FailedError("the program did not start")


def cut(units: Sequence[int], edges: Sequence[int]) -> list[list[int]]:
    """Units by window: before the first edge, between it and the second, and so on."""
    times: list[list[int]] = [[] for _ in range(len(edges) + 1)]
    window = 0
    for unit in units:
        while window < len(edges) and unit > edges[window]:
            window += 1
        times[window].append(unit)
    return times


def slowdown(windows: Sequence[Sequence[int]]) -> float:
    """The median of how much longer a unit takes in every other window than in its neighbours."""
    medians = [unit_ns(window) for window in windows if len(window) >= FEWEST_UNITS]
    ratios = [
        during / ((before + after) / 2) - 1
        for before, during, after in zip(medians[::2], medians[1::2], medians[2::2])
    ]
    if not ratios:
        raise FailedError("too few windows")
    return statistics.median(ratios)


def unit_ns(window: Sequence[int]) -> float:
    """The mean time of a unit: a median would not see what strikes seldom and hard."""
    inner = [time for time in window if window[0] + EDGE_NS <= time <= window[-1] - EDGE_NS]
    return (inner[-1] - inner[0]) / (len(inner) - 1)


def cpu(tool: Tool, place: Place, rate: float, factor: float) -> Iterator[tuple[str, float]]:
    """CPU time of the profiler for each sample: of runs with it, less that of runs without."""
    extra = []
    log, seconds = str(place.folder / "units"), "3"
    for _ in range(max(2, int(5 * factor))):
        alone = run(place, [place.python, str(UNITS), seconds, log])
        ran, seen = record(tool, place, rate, UNITS, seconds, log)
        if seen.samples:
            extra.append((ran.cpu_seconds - alone.cpu_seconds) / seen.samples)
    if extra:
        yield "cpu per sample", statistics.median(extra)
