"""The rows about memory and about the time that `python -m pyflame` takes to start."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from row import NotMeasuredError, Row, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
PAIRS = 41


def memory(run: Run) -> Iterator[Row]:
    """Peak memory of a long recording, as the Rust example measures it."""
    del run
    example = ["cargo", "run", "--quiet", "--release", "-p", "pyflame-profile"]
    try:
        said = subprocess.run(
            [*example, "--example", "memory"],
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMeasuredError(f"the Rust example did not run ({error})") from error
    found = re.search(r"peak (\d+) MB", said)
    if found is None:
        raise NotMeasuredError(f"the Rust example said {said!r}")
    met = int(found[1]) < 150
    yield Row("10 million samples over 100,000 stacks", "< 150 MB", f"{found[1]} MB", met)


def start_up(run: Run) -> Iterator[Row]:
    """What the command adds to an empty program, alternating with and without."""
    picture = str(run.folder / "empty.svg")
    alone, under = [], []
    for _ in range(max(5, int(PAIRS * run.factor))):
        alone.append(timed(run, "-c", "pass"))
        under.append(timed(run, "-m", "pyflame", "-q", "-o", picture, "-c", "pass"))
    extra = statistics.median(under) - statistics.median(alone)
    measured = f"{1000 * extra:.0f} ms ({1000 * statistics.median(alone):.0f} ms without)"
    yield Row("extra start-up of the command", "≤ 80 ms", measured, extra <= 0.08)


def timed(run: Run, *arguments: str) -> float:
    """The time that a run of Python takes."""
    started = time.perf_counter()
    run.python(*arguments)
    return time.perf_counter() - started
