"""Computes until the engine has looked, however long that takes on a busy machine.

A test that needs a function to be seen can't give it a time: a machine with other things to do may
let any time pass without a look. The kernel counts how often each thread went to sleep of its own
accord (`voluntary_ctxt_switches`, proc_pid_status(5)), and a sampling thread does so between looks.
"""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

TASKS = Path("/proc/self/task")
# Of these some may be other things than looks: the fallback engine's thread sleeps for the GIL, too.
ENOUGH_SLEEPS = 20
# Between two readings, which release the GIL.
STEP_SECONDS = 0.002
# Longer than any machine takes that works; a test must not compute for ever.
PATIENCE_SECONDS = 60


def busy(seconds: float = 0.03, sleeps: int = ENOUGH_SLEEPS) -> None:
    """Computes for so much CPU time of this thread at least, and until it was looked at.

    Where nothing is recorded, there is no thread to wait for.
    """
    before = sampling_threads()
    spin(seconds)
    end = time.thread_time() + PATIENCE_SECONDS
    while before and not _have_slept(before, sleeps):
        assert time.thread_time() < end, f"no sampling thread looked: {before}"
        spin(STEP_SECONDS)


def spin(seconds: float) -> None:
    """Computes for so much CPU time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(100))


def sampling_threads() -> dict[str, int]:
    """The threads of this process that `threading` doesn't know: how often each has slept."""
    known = {str(thread.native_id) for thread in threading.enumerate()}
    sleeps = {}
    for task in TASKS.iterdir():
        if task.name not in known:
            try:
                status = (task / "status").read_text(encoding="utf-8")
            except OSError:  # It has ended.
                continue
            sleeps[task.name] = int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M)[1])
    return sleeps


def _have_slept(before: dict[str, int], sleeps: int) -> bool:
    now = sampling_threads()
    return all(now.get(task, count + sleeps) >= count + sleeps for task, count in before.items())
