"""Runs commands as a user does: in a folder, with limits, without the settings of who tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from looks import UNTIL_LOOKED_AT

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).resolve().parents[2]
# Says that something hangs; none of these commands takes a tenth of it on a quiet machine.
LIMIT_SECONDS = 120
# Builds take longer, on a busy machine above all.
BUILD_LIMIT_SECONDS = 1200

BUSY = (
    UNTIL_LOOKED_AT
    + """
import time

def busy():
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        sum(range(100))
    until_looked_at()

busy()
print("done")
"""
)
"""A program that computes for 0.2 s and until samples are there, however long that takes."""


class Ended(subprocess.CompletedProcess):
    """A command that has ended, and what it wrote, as text."""

    def succeeded(self) -> Ended:
        """Assert that its status is 0; a failure shows all that it wrote."""
        assert self.returncode == 0, f"{self.args}: {self.returncode}\n{self.stdout}\n{self.stderr}"
        return self


class Shell:
    """Runs commands in a folder, as if the environment of the tests were activated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen] = []

    def start(self, *command: str, env: Mapping[str, str] | None = None, **options: object):
        """Starts a command, in a group of its own, which ends with the test."""
        process = subprocess.Popen(
            command,
            cwd=options.pop("cwd", self.folder),
            env={**environment(), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=options.pop("stderr", subprocess.PIPE),
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=True,
            **options,
        )
        self._started.append(process)
        return process

    def run(self, *command: str, limit_seconds: float = LIMIT_SECONDS, **options: object) -> Ended:
        """Runs a command to its end."""
        process = self.start(*command, **options)
        return self.end_of(process, limit_seconds)

    def end_of(self, process: subprocess.Popen, limit_seconds: float = LIMIT_SECONDS) -> Ended:
        """Waits for a command that was started."""
        try:
            output, errors = process.communicate(timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate(timeout=LIMIT_SECONDS)
            pytest.fail(f"{process.args}: no end in {limit_seconds} s\n{output}\n{errors}")
        return Ended(process.args, process.returncode, output, errors)

    def until(self, process: subprocess.Popen, text: str) -> None:
        """Reads what a command that was started writes, until it has written this."""
        watchdog = threading.Timer(LIMIT_SECONDS, os.killpg, [process.pid, signal.SIGKILL])
        watchdog.start()
        try:
            read = []
            for line in process.stdout:
                read.append(line)
                if text in line:
                    return
        finally:
            watchdog.cancel()
        pytest.fail(f"{process.args}: never wrote {text!r} but {read}")

    def python(self, *arguments: str, **options: object) -> Ended:
        """`python ARGUMENTS`."""
        return self.run(sys.executable, *arguments, **options)

    def pyflame(self, *arguments: str, **options: object) -> Ended:
        """`python -m pyflame ARGUMENTS`."""
        return self.python("-m", "pyflame", *arguments, **options)

    def write(self, name: str, text: str) -> Path:
        """Writes a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def files(self) -> list[str]:
        """Names of everything in the folder."""
        return sorted(path.name for path in self.folder.iterdir())

    def close(self) -> None:
        """Ends what is still running, as a failed test leaves it, and servers."""
        for process in self._started:
            # Once it was waited for, its number may be another one's.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(LIMIT_SECONDS)
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


def environment() -> dict[str, str]:
    """What commands get: ours, without what would make Python or pyflame behave in another way."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYFLAME", "PIP_", "LC_", "LANG", "VIRTUAL_ENV"))
    }
    binaries = str(Path(sys.executable).parent)
    path = os.pathsep.join([binaries, os.environ["PATH"]])
    offline = {"CARGO_NET_OFFLINE": "true", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**kept, **offline, "PATH": path, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def frames_of(picture: Path) -> list[str]:
    """The names of a picture's frames; it has to be well-formed XML."""
    import xml.etree.ElementTree as ET

    svg = "{http://www.w3.org/2000/svg}"
    root = ET.parse(picture).getroot()
    assert root.tag == f"{svg}svg"
    titles = [
        title.text or ""
        for group in root.iter(f"{svg}g")
        if "frames" in (group.get("class") or "").split()
        for title in group.iter(f"{svg}title")
    ]
    return [title.partition("\n")[0] for title in titles]
