"""The rows about leaf functions of a few dozen nanoseconds, held against py-spy.

A sampler that looks at a running thread from outside sees long frames too often and short ones too
seldom. py-spy stops the process to look, so its shares are right as long as it looks so seldom that
the pauses don't distort the program: 100 Hz.
"""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from row import NotMeasuredError, Row, Run
from truth.stacks import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECONDS = 30
PEER_RATE = 100
LEAVES = {"calls": ("a", "b", "c"), "generators": ("leaf", "source"), "closures": ("tick",)}
POINTS = 0.03


def rows(run: Run) -> Iterator[Row]:
    """Compares the shares of the innermost functions: the one that is nearest to its bar."""
    found = []
    for target, names in LEAVES.items():
        facts = run.record(target, 0.001, SECONDS)
        ours = own_time(
            ([frame.name for frame in stack.frames], stack.microseconds / 1000)
            for stack in parse(facts["wall"])
        )
        theirs = own_time(py_spy(run, target))
        for name in names:
            mine, peer = share(ours, name), share(theirs, name)
            allowed = POINTS + 3 * math.hypot(error(ours, mine), error(theirs, peer))
            found.append((abs(mine - peer) / allowed, mine, peer, allowed))
    used, mine, peer, allowed = max(found)
    measured = f"{100 * mine:.1f} % beside {100 * peer:.1f} % (allowed: {100 * allowed:.1f} points)"
    what = f"shares of {len(found)} functions of some dozen nanoseconds, beside py-spy, the worst"
    yield Row(what, "3 points, and the error of both", measured, used <= 1)


def py_spy(run: Run, target: str) -> Iterator[tuple[list[str], float]]:
    """The stacks that py-spy sees: names from the outermost in, and how often."""
    program = Path(sys.executable).with_name("py-spy")
    if not program.exists():
        raise NotMeasuredError("pip install -r bench/requirements.txt brings py-spy")
    result = run.folder / "py-spy.txt"
    seconds = run.seconds(SECONDS)
    look = ["record", "--rate", str(PEER_RATE), "--format", "raw", "--function", "-o", str(result)]
    command = [str(program), *look, "--", sys.executable, str(run.target(target)), str(seconds)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    for line in result.read_text(encoding="utf-8").splitlines():
        path, _, count = line.rpartition(" ")
        yield [frame.partition(" (")[0].rpartition(".")[2] for frame in path.split(";")], int(count)


def own_time(stacks: Iterable[tuple[list[str], float]]) -> dict[str, float]:
    """Samples by innermost function, of those within the program's loop."""
    own: dict[str, float] = {}
    for names, samples in stacks:
        if "cycle" in names:
            innermost = names[-1].rpartition(".")[2]
            own[innermost] = own.get(innermost, 0) + samples
    return own


def share(own: dict[str, float], name: str) -> float:
    """The share of a function."""
    return own.get(name, 0) / sum(own.values())


def error(own: dict[str, float], part: float) -> float:
    """The standard error of a share."""
    return math.sqrt(part * (1 - part) / sum(own.values()))
