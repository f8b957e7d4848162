"""The fork by which the command becomes two: a child that is the program, a parent that waits.

The parent is what the shell, the service manager or the terminal knows. It holds nothing of the
program's: its standard input and output are closed there, so that whoever is at the other end
learns of their end from the program. Only a descriptor that the output is to go to stays open
(``-o /dev/stdout``). ``pyflame._native.Supervisor`` does the waiting.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Wait = Callable[[int, int | None], None]

# What Python itself handles or ignores, and what would lose the status of a child.
_DEFAULTS = (_signal.SIGINT, _signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGCHLD)

_STANDARD_STREAMS = range(3)


def fork_below(wait: Wait, stand_by: Callable[[], None], *, keeps: int | None) -> None:
    """Go on in a child of this process.

    Args:
        wait: Called in this process with the child's id, and that of one that stands by, if there
            can be one; ends this process as the child ends.
        stand_by: Called in the child that stands by.
        keeps: A descriptor that the parent needs in the end, if there is one.

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
            _wait(pid, wait, stand_by, keeps=keeps)
    finally:
        if chld is _signal.SIG_IGN:
            _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def _wait(pid: int, wait: Wait, stand_by: Callable[[], None], *, keeps: int | None) -> None:
    """Wait for the child; never returns."""
    try:
        for number in _DEFAULTS:
            _signal.signal(number, _signal.SIG_DFL)
        _close_what_is_the_programs(keeps=keeps)
        wait(pid, _standing_by(stand_by))
    except BaseException as error:  # noqa: BLE001 - there is nobody to raise it to
        os.write(2, f"pyflame: error: {error}\n".encode(errors="replace"))
    finally:
        os._exit(1)


def _standing_by(stand_by: Callable[[], None]) -> int | None:
    """Return the id of a child that stands by, or None where there can't be one more process."""
    try:
        pid = os.fork()
    except OSError:
        return None
    if pid == 0:
        try:
            stand_by()
        finally:
            os._exit(0)
    return pid


def _close_what_is_the_programs(*, keeps: int | None) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        if number != keeps:
            os.dup2(null, number)
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return  # Without /proc nobody knows them; what is held open does no harm but to a pipe.
    for number in numbers:
        if number in _STANDARD_STREAMS or number == keeps:
            continue
        try:
            # All but the memory that is shared with the program; the folder is closed by now.
            if not os.readlink(f"/proc/self/fd/{number}").startswith("/memfd:pyflame"):
                os.close(number)
        except OSError:
            continue
