"""Runs a program under a profiler and takes what it cost and what it saw."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks import Seen
    from tools import Place, Tool

HERE = Path(__file__).resolve().parent
TRUTH = HERE.parents[1] / "tests" / "truth"
PROGRAMS = HERE / "programs"
UNITS = PROGRAMS / "units.py"
PHASES = TRUTH / "targets" / "phases.py"
# Names and figures; a text says why there can't be one.
Figures = Iterator[tuple[str, Union[float, str]]]
# A run that takes so much longer than asked has failed.
PATIENCE_SECONDS = 120
ATTEMPTS = 3


class FailedError(Exception):
    """A profiler did not do what it was asked for; the message says what it did instead."""


class TooSlowError(FailedError):
    """It did not end in time, nor would it at the next attempt."""


@dataclass
class Ran:
    """One run."""

    said: str
    """What was printed."""
    errors: str
    """What was printed as errors."""
    seconds: float
    after_seconds: float
    """From the program's last line of JSON to the end of the profiler."""
    cpu_seconds: float
    """Of the program and the profiler."""
    peak_megabytes: float
    """Of both together, where it was looked at."""


def run(place: Place, command: Sequence[str], look_seconds: float = 0) -> Ran:
    """Runs a command where a tool is installed, and waits until it and all of its children end.

    Its memory is looked at that often, or not at all, which leaves both CPUs to it.
    """
    result = place.folder / "cost.json"
    result.unlink(missing_ok=True)
    watched = [sys.executable, "-S", str(HERE / "watch.py"), str(result), str(look_seconds)]
    process = subprocess.Popen(
        [*watched, *place.interpreter.inside(list(command))], start_new_session=True
    )
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise TooSlowError(f"it did not end within {PATIENCE_SECONDS} s") from None
    facts = json.loads(result.read_text(encoding="utf-8"))
    status = facts.pop("status")
    if status != 0:
        raise FailedError(f"status {status}: {reason(facts['errors'])}"[:120])
    return Ran(**facts)


def reason(errors: str) -> str:
    """The line that names an error, or else the last one."""
    lines = errors.strip().splitlines() or ["it says nothing"]
    return next((line for line in lines if line.startswith("Error")), lines[-1]).strip()


def record(
    tool: Tool, place: Place, rate: float, program: Path, *arguments: str
) -> tuple[Ran, Seen]:
    """Runs a program under a tool; returns what came of it, and what the tool saw.

    Some tools fail now and then; each gets three attempts, and what it says of its failures is
    printed.
    """
    command = [*tool.run(place, rate), str(program), *arguments]
    for _ in range(ATTEMPTS - 1):
        try:
            return recorded(tool, place, command)
        except TooSlowError:
            raise
        except FailedError as failure:
            print(f"{tool.name} failed, once more: {failure}", file=sys.stderr, flush=True)
    return recorded(tool, place, command)


def recorded(tool: Tool, place: Place, command: Sequence[str]) -> tuple[Ran, Seen]:
    """The same, at the first attempt."""
    place.output().unlink(missing_ok=True)
    ran = run(place, command)
    if not place.output().exists():
        raise FailedError("it wrote nothing")
    return ran, tool.read(place, ran.said + ran.errors)


def last_json(said: str) -> Any:
    """The last line of what a program printed that is JSON: some profilers print, too."""
    for line in reversed(said.splitlines()):
        try:
            return json.loads(line)
        except ValueError:
            continue
    raise FailedError("the program's own words are missing")
