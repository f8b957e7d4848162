"""The fork by which the command becomes two: a child that is the program, a parent that waits.

The parent is what the shell, the service manager or the terminal knows. It holds nothing of the
program's: its standard input and output are closed there, so that whoever is at the other end
learns of their end from the program. ``pyflame._native.Supervisor`` does the waiting.
"""

from __future__ import annotations

import _signal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Wait = Callable[[int], None]

# What Python itself handles or ignores, and what would lose the status of a child.
_DEFAULTS = (_signal.SIGINT, _signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGCHLD)


def fork_below(wait: Wait, keeps_stdout: bool) -> None:
    """Go on in a child of this process.

    Args:
        wait: Called in this process with the child's id; ends this process as the child ends.
        keeps_stdout: Whether the parent needs standard output in the end.

    Raises:
        OSError: When there can't be another process.
    """
    # Whatever is sent from now on waits until somebody is ready for it.
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    chld = _signal.getsignal(_signal.SIGCHLD)
    if chld is _signal.SIG_IGN:
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    try:
        pid = os.fork()
        if pid:
            _wait(pid, wait, keeps_stdout)
    finally:
        if chld is _signal.SIG_IGN:
            _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def _wait(pid: int, wait: Wait, keeps_stdout: bool) -> None:
    """Wait for the child; never returns."""
    try:
        for number in _DEFAULTS:
            _signal.signal(number, _signal.SIG_DFL)
        _close_what_is_the_programs(keeps_stdout)
        wait(pid)
    except BaseException as error:  # noqa: BLE001 - there is nobody to raise it to
        os.write(2, f"pyflame: error: {error}\n".encode(errors="replace"))
    finally:
        os._exit(1)


def _close_what_is_the_programs(keeps_stdout: bool) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    if not keeps_stdout:
        os.dup2(null, 1)
    for name in os.listdir("/proc/self/fd"):
        # The memory that is shared with the program has been marked as not to be inherited.
        number = int(name)
        if number > 2 and os.path.exists(f"/proc/self/fd/{number}") and not _is_ours(number):
            os.close(number)


def _is_ours(number: int) -> bool:
    return os.readlink(f"/proc/self/fd/{number}").startswith("/memfd:pyflame")
