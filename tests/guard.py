"""Ends a run whose test takes too long, and says which test it was and where it stood.

A process of its own watches, and no thread, as `faulthandler` and its plugin in pytest would have
one: tests look at the tasks of their process. It needs nothing of that process either, whose GIL
may be held for ever. What the process has started, and what that has started, does not outlive it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

# For the stacks of a process to be written, after which it is killed.
LAST_WORDS_SECONDS = 5


class Guard:
    """Watches this process, in which pytest's `faulthandler` answers SIGABRT with all stacks."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.watched = (0.0, "")

    def watch(self, seconds: float, name: str) -> None:
        """From now on, this may take so long; what was watched before is over."""
        self.watched = (seconds, name)
        self._tell(f"{seconds} {name}")

    def rest(self) -> None:
        """Nothing is watched."""
        self._tell("0 -")

    def close(self) -> None:
        """Ends the process that watches."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(LAST_WORDS_SECONDS)

    def _tell(self, line: str) -> None:
        text = line.encode(errors="backslashreplace").replace(b"\n", b" ")
        self._process.stdin.write(text + b"\n")
        self._process.stdin.flush()


def watch_over(pid: int) -> None:
    """Obeys what comes in on standard input, to its end."""
    seconds, name, unread = 0.0, "", b""
    end = 0.0
    while True:
        left = max(0, end - time.monotonic()) if seconds else None
        if not select.select([0], [], [], left)[0]:
            late = f"{name}: did not end within {seconds:g} s"
            say(f"{late}; where it stands:")
            count = end_all(pid)
            say(f"{late}; ended the run, and {count} processes that it had started")
            return
        read = os.read(0, 65536)
        if not read:
            return
        *lines, unread = (unread + read).split(b"\n")
        for line in lines:
            limit, _, title = line.decode(errors="replace").partition(" ")
            seconds, name = float(limit), title
            end = time.monotonic() + seconds


def end_all(pid: int) -> int:
    """Ends a process with its stacks written, and what it has started; says how many that were."""
    started = below(pid)
    watched = os.pidfd_open(pid)
    # One that was stopped would write nothing.
    for number in (signal.SIGABRT, signal.SIGCONT):
        kill(pid, number)
    poller = select.poll()
    poller.register(watched, select.POLLIN)
    poller.poll(LAST_WORDS_SECONDS * 1000)
    kill(pid, signal.SIGKILL)
    for child in started:
        kill(child, signal.SIGKILL)
    return len(started)


def below(pid: int) -> list[int]:
    """The processes that a process has started, with those of these, without this one."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                parent = int(stat.read().rsplit(b") ", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(name))
    found, unvisited = [], [pid]
    while unvisited:
        more = [child for child in children.get(unvisited.pop(), []) if child != os.getpid()]
        found += more
        unvisited += more
    return found


def kill(pid: int, number: int) -> None:
    """Sends a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def say(text: str) -> None:
    """Writes a line where pytest's own standard error leads, past what captures it."""
    os.write(2, f"\n{text}\n".encode())


if __name__ == "__main__":
    watch_over(int(sys.argv[1]))
