"""A process that goes on beside a test: whatever is awaited of it has a limit.

It ends with the test. Its end is looked at without taking it away (waitid(2), WNOWAIT): as long as
it is there, the number of its process group is nobody else's, and the group can be killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Whatever is awaited takes less than a second where the machine is free.
LIMIT_SECONDS = 60


class Stream:
    """What a process writes, of which everything is awaited with a limit."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self._name = name
        self._unread = b""
        self._is_at_its_end = False

    def until(self, awaited: bytes) -> bytes:
        """Everything up to some text, and that; what is behind it stays to be read."""
        end = time.monotonic() + LIMIT_SECONDS
        while awaited not in self._unread:
            if not self._read(f"{awaited!r} in {self._name}", end):
                raise AssertionError(f"{self._name} ended without {awaited!r}: {self._unread!r}")
        head, _, self._unread = self._unread.partition(awaited)
        return head + awaited

    def line(self) -> bytes:
        """The next line."""
        return self.until(b"\n")

    def rest(self) -> bytes:
        """Everything up to the end."""
        end = time.monotonic() + LIMIT_SECONDS
        while self._read(f"the end of {self._name}", end):
            pass
        text, self._unread = self._unread, b""
        return text

    def _read(self, awaited: str, end: float) -> bool:
        if self._is_at_its_end:
            return False
        if not select.select([self._descriptor], [], [], max(0, end - time.monotonic()))[0]:
            seen = self._unread[-500:]
            raise AssertionError(f"waited {LIMIT_SECONDS} s for {awaited}, and had {seen!r}")
        try:
            more = os.read(self._descriptor, 65536)
        except OSError:  # Nobody has the other end of a terminal any more.
            more = b""
        self._unread += more
        self._is_at_its_end = not more
        return bool(more)


class Started:
    """A process, by default as a shell starts a job: in a process group of its own.

    Args:
        command: What to run.
        folder: Where.
        session: Whether it gets a session of its own.
        terminal: Whether it gets a terminal of its own, which is its session's, instead of pipes.
        pass_fds: Descriptors that it gets besides.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        *,
        session: bool = False,
        terminal: bool = False,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._shown = " ".join(command[1:])
        self._terminal, inner = pty.openpty() if terminal else (None, subprocess.PIPE)
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=session or terminal,
            pass_fds=pass_fds,
            **_first_steps(session=session, terminal=terminal),
        )
        self.pid = self._process.pid
        if terminal:
            os.close(inner)
            self.screen = Stream(self._terminal, "the terminal")
        else:
            self.out = Stream(self._process.stdout.fileno(), "standard output")
            self.err = Stream(self._process.stderr.fileno(), "standard error")

    def type(self, text: bytes) -> None:
        """Write to its standard input."""
        if self._terminal is None:
            self._process.stdin.write(text)
        else:
            os.write(self._terminal, text)

    def hang_up(self) -> None:
        """Close its standard input, or its terminal."""
        if self._terminal is None:
            self._process.stdin.close()
        else:
            os.close(self._terminal)
            self._terminal = None

    def send(self, number: int) -> None:
        """Send it a signal, and nobody else."""
        os.kill(self.pid, number)

    def send_to_group(self, number: int) -> None:
        """Send a signal to all of its process group."""
        os.killpg(self.pid, number)

    def has_ended(self) -> bool:
        """Whether it has."""
        return self._state(os.WEXITED) is not None

    def wait(self) -> int:
        """Its exit status, or the number of the signal that ended it, below zero."""
        descriptor = os.pidfd_open(self.pid)
        try:
            if not select.select([descriptor], [], [], LIMIT_SECONDS)[0]:
                raise AssertionError(f"waited {LIMIT_SECONDS} s for the end of `{self._shown}`")
        finally:
            os.close(descriptor)
        end = self._state(os.WEXITED)
        return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status

    def wait_for_stop(self) -> int:
        """The number of the signal by which it has been stopped."""
        # No descriptor tells of a stop, but this signal, which must not be missed meanwhile.
        changed = {signal.SIGCHLD}
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, changed)
        end = time.monotonic() + LIMIT_SECONDS
        try:
            while (stop := self._state(os.WSTOPPED | os.WEXITED)) is None:
                if not signal.sigtimedwait(changed, max(0, end - time.monotonic())):
                    raise AssertionError(f"waited {LIMIT_SECONDS} s for a stop of `{self._shown}`")
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        assert stop.si_code == os.CLD_STOPPED, f"`{self._shown}` has not stopped but ended: {stop}"
        return stop.si_status

    def end(self) -> None:
        """End it and its group, and close what led to it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(LIMIT_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None

    def _state(self, of: int) -> os.waitid_result | None:
        return os.waitid(os.P_PID, self.pid, of | os.WNOWAIT | os.WNOHANG)


def _first_steps(*, session: bool, terminal: bool) -> dict[str, object]:
    if terminal:
        # The leader of a session makes it the session's.
        return {"preexec_fn": lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)}
    if session:
        return {}
    if sys.version_info >= (3, 11):
        return {"process_group": 0}
    return {"preexec_fn": os.setpgrp}
