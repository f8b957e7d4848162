"""A row of the table, and how the programs that are measured are run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
TRUTH = HERE.parent / "tests" / "truth"


class Row(NamedTuple):
    """A promise and what was measured of it."""

    what: str
    bar: str
    measured: str
    met: bool


class NotMeasuredError(Exception):
    """A row can't be measured here; the message says what is missing."""


@dataclass
class Run:
    """Runs programs in processes of their own; `factor` scales how long."""

    folder: Path
    factor: float

    def seconds(self, seconds: float) -> float:
        """A duration, scaled; never so short that nothing could be said."""
        return max(0.5, seconds * self.factor)

    def python(self, *arguments: str) -> str:
        """Runs Python and returns what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def record(self, target: str, interval: float, seconds: float) -> dict[str, Any]:
        """Records one of the truth tests' targets through the Python API."""
        result = self.folder / "result.json"
        program = str(self.target(target))
        arguments = [str(result), str(interval), "signal", program, str(self.seconds(seconds))]
        said = self.python(str(TRUTH / "record.py"), *arguments)
        facts: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return {**facts, "stdout": said}

    def oracle(self, target: str) -> Path:
        """What CPython itself says of a target's stacks."""
        result = self.folder / f"{target}.oracle.json"
        if not result.exists():
            self.python(str(TRUTH / "oracle.py"), str(self.target(target)), str(result), "0.05")
        return result

    @staticmethod
    def target(name: str) -> Path:
        """The path of a truth test's target."""
        return TRUTH / "targets" / f"{name}.py"
