"""A job at work: its commands one after the other, with a limit, in a known environment.

What a job prints goes to a file and is shown in one piece when it ends, so that jobs can run side
by side. A job has a process group of its own: its limit, an interrupt, and its end take whatever
it has started with them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import results
from places import CHECKOUT

if TYPE_CHECKING:
    from job import Job
    from results import Outcome

LOGS = CHECKOUT / "target" / "check"
# Variables of our own that mean something to a test; no other one may change its result.
HANDED_ON = (
    "PYFLAME_BLESS",
    "PYFLAME_CHROMIUM",
    "PYFLAME_MAY_SET_THE_CLOCK",
    "PYFLAME_SCREENSHOTS",
    "PYFLAME_TRUTH_FACTOR",
)


class Running:
    """A job at work; `run` is for a thread of its own."""

    def __init__(self, job: Job, limit_seconds: float) -> None:
        """With what is left for it of the whole run."""
        self.job = job
        self.log = LOGS / f"{job.name.replace(' ', '-').replace('/', '-')}.log"
        self._limit_seconds = limit_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        # Whoever stops must not come between the look at the flag and the start.
        self._starting = threading.Lock()

    def run(self, *, is_strict: bool) -> Outcome:
        """Runs the commands until one fails, and says how it went."""
        started = time.monotonic()
        LOGS.mkdir(parents=True, exist_ok=True)
        reason = "" if self._limit_seconds > 0 else "no time was left for it"
        try:
            with self.log.open("wb") as output:
                for command in self.job.commands:
                    left = started + self._limit_seconds - time.monotonic()
                    reason = reason or self._run(command, output.fileno(), left)
        except OSError as error:
            reason = f"could not be started: {error}"
        seconds = time.monotonic() - started
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return results.judge(self.job, text, reason, seconds, is_strict=is_strict)

    def stop(self) -> None:
        """Ends it at once, with whatever it has started."""
        with self._starting:
            self._is_stopped = True
            if self._process is not None:
                _kill_group(self._process)

    def _run(self, command: tuple[str, ...], output: int, left: float) -> str:
        """Runs one command; the answer is empty where it succeeded."""
        with self._starting:
            if self._is_stopped:
                return "was stopped"
            self._process = process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env=_environment(self.job),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            status = process.wait(max(left, 0.0))
        except subprocess.TimeoutExpired:
            _kill_group(process)
            process.wait()
            return f"did not end within {self._limit_seconds:.0f} s"
        _kill_group(process)
        return f"ended with status {status}" if status else ""


def reset_signals() -> None:
    """Makes the jobs begin with every signal at its default, and none blocked.

    What this process ignores, its children would ignore, too: a shell starts background commands
    with interrupts ignored, and tests of interrupts would hang. A handler that does nothing is as
    good for us, and a child that executes a program does not inherit it.
    """
    for number in signal.valid_signals():
        # Python itself ignores a few, which `subprocess` resets.
        if signal.getsignal(number) is signal.SIG_IGN:
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, _do_nothing)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _do_nothing(_number: int, _frame: object) -> None:
    pass


def _environment(job: Job) -> dict[str, str]:
    """What a job is told."""
    handed = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYFLAME_") or name in HANDED_ON
    }
    common = {
        # Bytecode written as root by an interpreter in a system would outlive the run.
        "PYTHONDONTWRITEBYTECODE": "1",
        "RUSTDOCFLAGS": "-D warnings",
        "PYO3_PYTHON": sys.executable,
    }
    # What is needed has been fetched by the time that anything else runs.
    offline = {} if job.is_fetch else {"CARGO_NET_OFFLINE": "true"}
    own = {name: _path(value) for name, value in job.variables.items()}
    return {**common, **handed, "PYTHONDONTWRITEBYTECODE": "1", **offline, **own}


def _path(value: str) -> str:
    """What a value stands for by now."""
    folder, _, pattern = value.rpartition("/")
    found = Path(folder).glob(pattern) if "*" in pattern else iter(())
    return str(next(found, value))


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
