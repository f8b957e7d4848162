"""The command: understands its line, runs the program, saves the profile at the end.

Everything imported here is paid for by every program that is profiled, so what is not needed on
the way to its first line is imported later.
"""

from __future__ import annotations

import atexit
import os
import sys
from time import monotonic_ns

from pyflame import _native, _recorder, _run
from pyflame._fork import fork_below
from pyflame._processes import RecordedProcess
from pyflame._recorder import KNOWS_QUALIFIED_NAMES
from pyflame.exceptions import Error, SignalsUnavailable, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyflame._native import Command, DrawCommand, Profile
    from pyflame._recorder import Window

USAGE_STATUS = 2
_OWN_FOLDER = __file__[: -len("_command.py")]


def main() -> int:
    """Carry out the command line in ``sys.argv``.

    Returns:
        The exit status, where the program did not choose it by raising :exc:`SystemExit`.
    """
    try:
        request = _native.parse_command(sys.argv[1:])
    except UsageError as error:
        _say(f"pyflame: error: {error}")
        return USAGE_STATUS
    if isinstance(request, str):
        sys.stdout.write(request)
        return 0
    if isinstance(request, _native.DrawCommand):
        return _draw(request)
    return _Session(request).run()


def _draw(command: DrawCommand) -> int:
    """Draw what was recorded before."""
    import signal

    # Nothing of Python runs meanwhile that could answer Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        messages = command.run()
    except (Error, OSError) as error:
        message = error.strerror if isinstance(error, OSError) else None
        _say(f"pyflame: error: {message or error}")
        return 1
    for message in messages:
        _say(message)
    return 0


class _Session:
    """One program, recorded from its first line to its end, whatever that is."""

    def __init__(self, command: Command) -> None:
        self._command = command

    def run(self) -> int:
        runner_files = _run.runner_files()
        window = self._window()
        try:
            qualify = None if KNOWS_QUALIFIED_NAMES else _qualified
            supervisor = _native.Supervisor(runner_files, _OWN_FOLDER, window[1], qualify)
            fork_below(
                lambda pid, witness: supervisor.supervise(self._command, pid, witness),
                supervisor.stand_by,
                keeps=self._command.output_descriptor,
            )
            outbox = supervisor.outbox()
        except OSError as error:
            _say(f"pyflame: error: {error.strerror or error}")
            return 1
        self._recorded = RecordedProcess(
            outbox,
            interval_ns=self._command.interval_ns,
            engine=self._command.engine,
            main_thread_only=self._command.main_thread_only,
            program=self._command.program,
            window=window,
        )
        if self._command.children:
            self._recorded.include_children(supervisor.path)
        # Exit functions run last in, first out: before the program has registered any, ours is
        # the last of all. By then the interpreter has also waited for the program's threads, so
        # that the recording ends where the program does, and nothing about its end is changed.
        atexit.register(self._recorded.finish)
        try:
            return _run.run(self._command, self._start)
        except _run.NotStarted:
            self._recorded.discard()
            raise

    def _window(self) -> Window:
        """When to begin and to end, on the monotonic clock, as far as that is asked for."""
        delay_ns, duration_ns = self._command.delay_ns, self._command.duration_ns
        begins_ns = monotonic_ns() + delay_ns
        ends_ns = None if duration_ns is None else begins_ns + duration_ns
        return begins_ns if delay_ns else None, ends_ns

    def _start(self) -> None:
        try:
            _recorder.runner_files = _run.runner_files()
            self._recorded.start()
        except SignalsUnavailable as error:
            _say(f"pyflame: error: {error}; leave out `--engine signal` to do without them")
            self._recorded.discard()
            raise SystemExit(USAGE_STATUS) from None


def _qualified(profile: Profile) -> Profile:
    """Return the profile with qualified names; called in the process that waits."""
    from pyflame._qualnames import with_qualified_names

    return with_qualified_names(profile)


def _say(text: str) -> None:
    """Write a line to standard error, past whatever the program made of ``sys.stderr``."""
    try:
        os.write(2, f"{text}\n".encode(errors="surrogateescape"))
    except OSError:
        return  # The program closed it; there is nobody to tell.
