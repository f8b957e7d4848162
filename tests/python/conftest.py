"""Runs programs with and without pyflame, in a folder of their own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from started import LIMIT_SECONDS, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAMS = Path(__file__).with_name("programs")
# The niceness that gives a thread nearly all of a CPU, whatever else wants it.
FIRST_IN_LINE = -20


class Runner:
    """Runs command lines in one folder, with the interpreter that runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[Started] = []

    def python(self, *args: str, **options: object) -> subprocess.CompletedProcess[str]:
        """``python ARGS``."""
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **options.pop("env", {})}
        return subprocess.run(
            [sys.executable, *args],
            cwd=options.pop("cwd", self.folder),
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
            **options,
        )

    def pyflame(self, *args: str, **options: object) -> subprocess.CompletedProcess[str]:
        """``python -m pyflame ARGS``."""
        return self.python("-m", "pyflame", *args, **options)

    def start(self, *args: str, **options: object) -> Started:
        """``python ARGS``, which goes on beside the test, at the longest to its end."""
        self._started.append(Started([sys.executable, *args], self.folder, **options))
        return self._started[-1]

    def start_pyflame(self, *args: str, **options: object) -> Started:
        """``python -m pyflame ARGS``, likewise."""
        return self.start("-m", "pyflame", *args, **options)

    def end_all(self) -> None:
        """End whatever was started and still runs."""
        for started in self._started:
            started.end()

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def files(self) -> list[str]:
        """Names of everything in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A runner in a folder that is the test's own."""
    runner = Runner(tmp_path)
    yield runner
    runner.end_all()


@pytest.fixture
def program():
    """The path of one of the programs beside the tests."""
    return lambda name: str(PROGRAMS / name)


@pytest.fixture
def apart() -> Iterator[Callable[[], None]]:
    """To be called while something is recorded: a CPU for the sampling thread, one for this thread.

    A thread from which the sampling thread, or another program, has taken the CPU doesn't run, and
    its stack is read without its help: on a busy machine that may be so at every look. How nice a
    thread is counts among those of its session only, where the kernel shares the CPUs out among
    sessions first (sched(7), "The autogroup feature").
    """
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("not run: there is one CPU only")
    here, there = sorted(before)[:2]
    own = threading.get_native_id()
    niceness = os.getpriority(os.PRIO_PROCESS, own)
    try:
        os.setpriority(os.PRIO_PROCESS, own, FIRST_IN_LINE)
    except PermissionError:
        pytest.skip("not run: only root can have a CPU for itself")
    among_sessions = niceness_of_session()
    if among_sessions:
        set_niceness_of_session(str(FIRST_IN_LINE))

    def keep() -> None:
        for task in Path("/proc/self/task").iterdir():
            if (task / "comm").read_text().strip() == "pyflame":
                os.sched_setaffinity(int(task.name), {there})
                os.setpriority(os.PRIO_PROCESS, int(task.name), FIRST_IN_LINE)
        os.sched_setaffinity(0, {here})

    yield keep
    os.sched_setaffinity(0, before)
    os.setpriority(os.PRIO_PROCESS, own, niceness)
    if among_sessions:
        set_niceness_of_session(among_sessions)


AUTOGROUP = Path("/proc/self/autogroup")


def niceness_of_session() -> str:
    """The niceness of this session; empty where the kernel doesn't part CPUs by sessions."""
    try:
        # As "/autogroup-25 nice 0"; nothing for the session that has always been there.
        return AUTOGROUP.read_text().rpartition(" ")[2].strip()
    except OSError:
        return ""


def set_niceness_of_session(niceness: str) -> None:
    """Sets it where that is allowed; without, the test has to make do with its threads' own."""
    with contextlib.suppress(OSError):
        AUTOGROUP.write_text(niceness)
