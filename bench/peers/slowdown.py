"""What a profiler costs the program: units of work with it and without it, by turns.

One process does its work all the time, and the profiler is attached to it, or started in it, in
every other window. Where a tool can neither attach nor be started from within, whole processes take
turns instead, each with the same number of cycles in a unit.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from accuracy import NO_SAMPLES
from running import TRUTH, UNITS, FailedError, last_json, reason, record, run
from windows import Slowdown, cut, median_error, slowdown, switched, units

if TYPE_CHECKING:
    from running import Figures
    from tools import Place, Tool

CALLS = TRUTH / "targets" / "calls.py"
WINDOW_SECONDS = 1.0
# Where nothing has to be attached: the closer windows lie together, the less a machine changes
# between them. A unit under the slowest profiler still fits in several times.
SHORT_WINDOW_SECONDS = 0.3
# Long enough that what a tool does once, at its start and end, is no large part.
CPU_SECONDS = 2.0
# Fewer have no standard error that says anything.
FEWEST_WINDOWS = 5
FEWEST_TURNS = 3


def calls(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """How much longer tiny functions that call each other take."""
    measured = of_program(tool, place, rate, max(FEWEST_WINDOWS, int(12 * factor)), CALLS)
    yield "slowdown", measured.median
    yield "slowdown error", measured.error


def of_program(tool: Tool, place: Place, rate: float, count: int, program: Path) -> Slowdown:
    """How much longer the program's cycles take, by so many windows with the tool."""
    if tool.is_switched:
        return within(tool, place, rate, count, program)
    if tool.attach is not None:
        return attached(tool, place, rate, count, program)
    return in_turns(tool, place, rate, count, program)


def within(tool: Tool, place: Place, rate: float, count: int, program: Path) -> Slowdown:
    """Where the program itself starts and ends the profiler."""
    log = place.folder / "units"
    seconds = str(2 * count * WINDOW_SECONDS)
    switch = [tool.name, str(1 / rate), str(SHORT_WINDOW_SECONDS)]
    run(place, [place.python, str(UNITS), str(program), "0", seconds, str(log), *switch])
    return slowdown(switched(log))


def attached(tool: Tool, place: Place, rate: float, count: int, program: Path) -> Slowdown:
    """Where the profiler is attached from outside."""
    log = place.folder / "units"
    # It is ended when it is not needed any more; were nobody left to do so, it would end itself.
    limit = str(2 * count * (WINDOW_SECONDS + 5))
    edges: list[int] = []
    command = [place.python, str(UNITS), str(program), "0", limit, str(log)]
    with subprocess.Popen(place.interpreter.inside(command), stdout=subprocess.DEVNULL) as process:
        try:
            pid = the_python(process.pid)
            for _ in range(count):
                time.sleep(WINDOW_SECONDS)
                edges += looked_at(tool, place, rate, pid)
            time.sleep(WINDOW_SECONDS)
            os.kill(pid, signal.SIGTERM)
            if process.wait(10) != 0:
                raise FailedError("the program did not survive it")
        finally:
            process.kill()
    return slowdown(cut(units(log), edges))


def looked_at(tool: Tool, place: Place, rate: float, pid: int) -> tuple[int, int]:
    """Attaches a tool for one window; returns from when to when it surely looked at the process."""
    assert tool.attach is not None  # noqa: S101 - only such tools come here
    # Its own start counts as the edge; in it, it looks at the process already.
    look = place.interpreter.beside(pid, tool.attach(place, rate, pid, 2 + WINDOW_SECONDS))
    begins = time.monotonic_ns()
    done = subprocess.run(look, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != tool.attached_status:
        why = reason(done.stderr)
        raise FailedError(f"attached, it ended with status {done.returncode}: {why}"[:120])
    return begins + 1_000_000_000, time.monotonic_ns() - 500_000_000


def the_python(pid: int) -> int:
    """The process itself, once the shell that starts it has become the program."""
    for _ in range(200):
        name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii")
        if name.startswith("python"):
            return pid
        time.sleep(0.01)
    raise FailedError("the program did not start")


def in_turns(tool: Tool, place: Place, rate: float, count: int, program: Path) -> Slowdown:
    """Where only whole processes can be compared."""
    return slowdown([turn.units for turn in turns(tool, place, rate, count, program)])


class Turn(NamedTuple):
    """One process that did units of the same size as all others."""

    units: list[int]
    """When each ended."""
    cpu_seconds: float
    """Of all processes and threads, from their start to their end."""
    work_seconds: float
    """Of it, what the program's thread took for the units."""
    samples: float
    """None without the tool."""

    @property
    def beside_seconds(self) -> float:
        """CPU time that went elsewhere than into the units."""
        return self.cpu_seconds - self.work_seconds

    @property
    def unit_seconds(self) -> float:
        """CPU time of the program's thread for a unit."""
        return self.work_seconds / len(self.units)


def turns(
    tool: Tool,
    place: Place,
    rate: float,
    count: int,
    program: Path,
    seconds: float = WINDOW_SECONDS,
) -> list[Turn]:
    """Processes without and with the tool by turns, the first and the last one without."""
    log = place.folder / "units"
    size, found = "0", []
    for turn in range(2 * count + 1):
        words = [str(program), size, str(seconds), str(log)]
        if turn % 2:
            ran, seen = record(tool, place, rate, UNITS, *words)
            samples = seen.samples
        else:
            ran, samples = run(place, [place.python, str(UNITS), *words]), 0
        said = last_json(ran.said)
        size = str(said["count"])
        found.append(Turn(units(log), ran.cpu_seconds, said["work_cpu_seconds"], samples))
    return found


def cpu(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """CPU time for each sample: what the same work takes with the tool, less that without.

    What lies in the program's own thread varies with the speed of the machine, so that the whole
    has an error; what lies elsewhere does not.
    """
    if not tool.has_samples:
        yield "cpu per sample", NO_SAMPLES
        return
    found = turns(tool, place, rate, max(FEWEST_TURNS, int(8 * factor)), CALLS, CPU_SECONDS)
    in_all, beside = [], []
    for before, during, after in zip(found[::2], found[1::2], found[2::2]):
        if during.samples:
            elsewhere = (before.beside_seconds + after.beside_seconds) / 2
            unit = (before.unit_seconds + after.unit_seconds) / 2
            work = unit * len(during.units)
            beside.append((during.beside_seconds - elsewhere) / during.samples)
            in_all.append(beside[-1] + (during.work_seconds - work) / during.samples)
    if in_all:
        yield "cpu per sample", statistics.median(in_all)
        yield "cpu per sample error", median_error(in_all)
        yield "cpu beside", statistics.median(beside)
