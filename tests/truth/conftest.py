"""How truth tests run programs: each in a process of its own, with the interpreter under test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyflame
import pytest

HERE = Path(__file__).resolve().parent
# Longer runs find rarer mistakes: PYFLAME_TRUTH_FACTOR=60 makes minutes out of seconds.
FACTOR = float(os.environ.get("PYFLAME_TRUTH_FACTOR", "1"))
# A run that takes so much longer than asked hangs.
PATIENCE_SECONDS = 60


class Programs:
    """Runs target programs, recorded or not, and gives back what was recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def target(self, name: str) -> Path:
        """The path of a target program."""
        return HERE / "targets" / f"{name}.py"

    def oracle(self, name: str) -> Path:
        """What CPython itself says of a target's stacks; made once."""
        result = self.folder / f"{name}.oracle.json"
        if not result.exists():
            self._python(str(HERE / "oracle.py"), str(self.target(name)), str(result), "0.05")
        return result

    def record_inside(
        self, name: str, *, interval: float, seconds: float, engine: str = "signal"
    ) -> dict[str, Any]:
        """Records a target through the Python API."""
        result = self.folder / "inside.json"
        arguments = [str(result), str(interval), engine, str(self.target(name))]
        said = self._python(str(HERE / "record.py"), *arguments, str(seconds * FACTOR))
        facts: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return {**facts, "stdout": said}

    def record_command(
        self, name: str, *, interval: float, seconds: float, engine: str = "signal"
    ) -> pyflame.Profile:
        """Records a target through the command."""
        result = self.folder / "command.pyflame"
        options = ["--engine", engine, "--sample-interval", str(interval), "-o", str(result)]
        target = str(self.target(name))
        self._python("-m", "pyflame", *options, target, str(seconds * FACTOR))
        return pyflame.Profile.load(result)

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS * max(1.0, FACTOR),
        )
        assert done.returncode == 0, f"status {done.returncode}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """The target programs."""
    return Programs(tmp_path_factory.mktemp("truth"))
