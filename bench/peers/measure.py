"""Measures rows: installs a tool, takes its figures part by part, and notes what failed."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import accuracy
import environments
import slowdown
import workloads
from environments import InstallError
from forky import LayOutError
from interpreters import UnavailableError
from places import ENVIRONMENTS
from running import FailedError
from tools import Place

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from results import Results, Row
    from running import Figures
    from tools import Tool

HERE = Path(__file__).resolve().parent
NEEDS = HERE / "needs"
Part = Callable[["Tool", Place, float, float], "Figures"]

PARTS: dict[str, Part] = {
    "stacks": accuracy.stacks,
    "shares": accuracy.shares,
    "threads": accuracy.threads,
    "slowdown": slowdown.calls,
    "cpu": slowdown.cpu,
    "memory": workloads.memory,
    "long_call": workloads.long_call,
    "depth": accuracy.depth,
    "start": workloads.start,
    **{name: functools.partial(workloads.application, name) for name in workloads.APPLICATIONS},
}
# The depth does not depend on the rate, the others do in the same way as the tiny calls; and they
# take most of the time.
AT_ONE_RATE = ("depth", "start", *workloads.APPLICATIONS)
ONE_RATE = 1000.0


class Places:
    """Environments with the tools, each made when it is asked for first."""

    def __init__(self, wheel: Path) -> None:
        """With our own wheel."""
        self._wheel = wheel
        self._made: dict[tuple[str, str], Place | str] = {}

    def of(self, tool: Tool, version: str) -> Place | str:
        """Where a tool has been installed, or why it could not be."""
        key = (tool.needs, version)
        if key not in self._made:
            self._made[key] = self._prepared(*key)
        return self._made[key]

    def _prepared(self, needs: str, version: str) -> Place | str:
        files = (NEEDS / f"{needs}.txt", NEEDS / "programs.txt")
        try:
            place = environments.ready(version, f"peer-{needs}", *files)
            if needs == "nothing":
                place.install_wheel()
        except (InstallError, LayOutError, UnavailableError) as reason:
            return " ".join(str(reason).strip().splitlines()[:1] + str(reason).splitlines()[-1:])
        folder = ENVIRONMENTS / "peers" / f"{version}-{needs}"
        folder.mkdir(parents=True, exist_ok=True)
        return Place(place, folder)


def rows(
    tool: Tool, version: str, places: Places, wanted: argparse.Namespace, results: Results
) -> None:
    """The rows of one tool on one Python; where no rate can be asked for, all are one."""
    if version not in tool.versions:
        if tool.elsewhere:
            for rate in wanted.rate:
                results.row(tool.name, version, rate)["failed"] = {"not here": tool.elsewhere}
        return
    place = places.of(tool, version)
    for rate in wanted.rate if tool.has_samples else [rate_for_all(wanted.rate)]:
        row = results.row(tool.name, version, rate)
        measured(row, tool, place, wanted)
        results.keep(wanted.length)
        print(json.dumps(row), file=sys.stderr, flush=True)
    if not tool.has_samples:
        for_all = {key: figure for key, figure in row.items() if not key.startswith(AT_ONE_RATE)}
        for rate in wanted.rate:
            if rate != row["asked"]:
                results.row(tool.name, version, rate).update({**for_all, "asked": rate})
        results.keep(wanted.length)


def rate_for_all(rates: Sequence[float]) -> float:
    """The rate in whose row stands what is measured without one."""
    return ONE_RATE if ONE_RATE in rates else rates[0]


def parts_at(rate: float) -> list[str]:
    """What is measured where nothing is asked for by name."""
    return [name for name in PARTS if rate == ONE_RATE or name not in AT_ONE_RATE]


def measured(row: Row, tool: Tool, place: Place | str, wanted: argparse.Namespace) -> None:
    """All figures that are wanted of one tool; what fails is told, and the rest goes on."""
    failed = row.setdefault("failed", {})
    failed.pop("set-up", None)
    if isinstance(place, str):
        failed["set-up"] = place
        return
    row["release"] = release(tool, place)
    for name in wanted.part or parts_at(row["asked"]):
        failed.pop(name, None)
        try:
            row.update(PARTS[name](tool, place, row["asked"], wanted.length))
        except (FailedError, OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
            failed[name] = str(error)


def release(tool: Tool, place: Place) -> str:
    """The version of a tool; of what is a part of Python, that of Python."""
    ask = "import importlib.metadata as m, platform, sys\n"
    ask += "print(m.version(sys.argv[1]) if sys.argv[1] else platform.python_version())"
    command = place.interpreter.inside([place.python, "-c", ask, tool.package])
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def pictures(results: Results, folder: Path) -> None:
    """Draws each table, in an environment of its own, and says where they are."""
    place = environments.ready("3.13", "picture", NEEDS / "picture.txt")
    folder.mkdir(parents=True, exist_ok=True)
    command = place.command([str(HERE / "picture.py"), str(folder.resolve())])
    rows = json.dumps(results.rows)
    # What is printed here is the page.
    subprocess.run(command, check=True, input=rows, stdout=sys.stderr, text=True)
