"""The row about code objects that are dropped while something is recorded.

What one says of itself is noted before it goes, by the thread that drops it: a start that imports
much drops some thousands, a program that makes its code at run time one in each round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
TURNS = 40
COUNT = 3000
# Seldom enough that no sample comes in between.
INTERVAL = 1.0
# A function of 130 lines, as large as most modules are.
CODE = argparse.ArgumentParser._parse_known_args.__code__
BAR_US = 2.0

if TYPE_CHECKING:
    from collections.abc import Iterator

    from row import Row, Run


def rows(run: Run) -> Iterator[Row]:
    """Measures in a fresh process."""
    from row import Row

    count = str(max(5, int(TURNS * run.factor)))
    more_us, alone_us = json.loads(run.python(str(HERE / "code_deaths.py"), count))
    measured = f"{more_us:.2f} µs more ({alone_us:.2f} µs to make and drop it)"
    what = "a large code object that is dropped while something is recorded"
    yield Row(what, f"≤ {BAR_US:.0f} µs more", measured, more_us <= BAR_US)


def measure(turns: int) -> list[float]:
    """What one takes more while something is recorded, and without that, by turns, in µs."""
    import pyflame

    more, alone = [], []
    round_us()
    for _ in range(turns):
        before = round_us()
        with pyflame.Profiler(interval=INTERVAL):
            during = round_us()
        more.append(during - (before + round_us()) / 2)
        alone.append(before)
    return [statistics.median(more), statistics.median(alone)]


def round_us() -> float:
    """CPU time of this thread for each code object that is made and dropped."""
    copy = CODE.replace
    started_ns = time.thread_time_ns()
    for _ in range(COUNT):
        copy()
    return (time.thread_time_ns() - started_ns) / COUNT / 1000


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
