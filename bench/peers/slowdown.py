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
from typing import TYPE_CHECKING

from accuracy import NO_SAMPLES
from running import TRUTH, UNITS, FailedError, last_json, reason, record, run
from windows import Slowdown, cut, slowdown, switched, units

if TYPE_CHECKING:
    from running import Figures
    from tools import Place, Tool

CALLS = TRUTH / "targets" / "calls.py"
WINDOW_SECONDS = 1.0
# Where nothing has to be attached: the closer windows lie together, the less a machine changes
# between them. A unit under the slowest profiler still fits in several times.
SHORT_WINDOW_SECONDS = 0.3


def calls(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """How much longer tiny functions that call each other take."""
    measured = of_program(tool, place, rate, max(3, int(12 * factor)), CALLS)
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
    log = place.folder / "units"
    size, times = "0", []
    for turn in range(2 * count + 1):
        words = [str(program), size, str(WINDOW_SECONDS), str(log)]
        if turn % 2:
            record(tool, place, rate, UNITS, *words)
        else:
            size = str(last_json(run(place, [place.python, str(UNITS), *words]).said)["count"])
        times.append(units(log))
    return slowdown(times)


def cpu(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """CPU time of the profiler for each sample: of runs with it, less that of runs without."""
    if not tool.has_samples:
        yield "cpu per sample", NO_SAMPLES
        return
    extra = []
    words = [str(CALLS), "0", "3", str(place.folder / "units")]
    for _ in range(max(2, int(5 * factor))):
        alone = run(place, [place.python, str(UNITS), *words])
        ran, seen = record(tool, place, rate, UNITS, *words)
        if seen.samples:
            extra.append((ran.cpu_seconds - alone.cpu_seconds) / seen.samples)
    if extra:
        yield "cpu per sample", statistics.median(extra)
