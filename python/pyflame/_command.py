"""The command: understands its line, runs the program, saves the profile at the end.

Everything imported here is paid for by every program that is profiled, so what is not needed on
the way to its first line is imported later.
"""

from __future__ import annotations

import atexit
import os
import sys

from pyflame import _native, _run
from pyflame._recorder import Recorder
from pyflame.exceptions import Error, SignalsUnavailable, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyflame._native import Command, DrawCommand

USAGE_STATUS = 2


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
    """One program, recorded from its first line to the end of its last thread."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._process = os.getpid()
        self._status: object = None
        self._recorder = Recorder(
            command.interval_ns,
            engine=command.engine,
            current_thread_only=command.main_thread_only,
            program=command.program,
        )

    def run(self) -> int:
        # Exit functions run last in, first out: before the program has registered any, ours is
        # the last of all. By then the interpreter has also waited for the program's threads, so
        # that the recording ends where the program does, and nothing about its end is changed.
        atexit.register(self._finish)
        try:
            self._status = _run.run(self._command, self._start)
        except _run.NotStarted:
            if self._recorder.started:
                self._recorder.stop()
            raise
        except SystemExit as end:
            self._status = end.code
            raise
        except BaseException:
            self._status = 1
            raise
        return self._status

    def _start(self) -> None:
        try:
            self._recorder.start()
        except SignalsUnavailable as error:
            _say(f"pyflame: error: {error}; leave out `--engine signal` to do without them")
            raise SystemExit(USAGE_STATUS) from None
        self._runner_files = _run.runner_files()

    def _finish(self) -> None:
        if os.getpid() != self._process or not self._recorder.started:
            # A forked child is not what was asked for. A program that could not start (a syntax
            # error, a module that isn't there) has nothing to show but Python's own message.
            return
        try:
            profile = self._recorder.stop(self._runner_files)
            self._command.save(profile)
        except (Error, OSError) as error:
            message = error.strerror if isinstance(error, OSError) else None
            _say(f"pyflame: error: {message or error}")
            self._leave_with_error()
        else:
            if not self._command.quiet:
                _say(self._command.closing_line(profile))

    def _leave_with_error(self) -> None:
        """Make status 0 a 1, late as it is: no exit function can do that in a milder way."""
        if self._status not in (None, 0):
            return
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                continue  # Closed, replaced or gone: nothing is left to be flushed.
        os._exit(1)


def _say(text: str) -> None:
    """Write a line to standard error, past whatever the program made of ``sys.stderr``."""
    try:
        os.write(2, f"{text}\n".encode(errors="surrogateescape"))
    except OSError:
        return  # The program closed it; there is nobody to tell.
