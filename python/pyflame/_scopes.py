"""Pieces of work, such as requests, that are recorded apart from all that runs beside them.

One recording of all threads serves any number of them at once, so that a busy server is looked at
no more often than an idle one. It begins with the first piece of work and ends with the last; after
some hundreds a new one is begun beside it, so that what a recording collects on the way (threads
that have ended, stacks) is let go of even on a server that is never idle.
"""

from __future__ import annotations

import _thread
import os

from pyflame import _native
from pyflame._label import enter, label_set, leave
from pyflame._threads import ThreadNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import Token
    from types import TracebackType

    from typing_extensions import Self

    from pyflame._native import LabelSet, Profile

_SCOPES_IN_A_RECORDING = 256
# How many of them are remembered by name: a stream may hold its recording open for hours, and some
# servers make a thread for each connection.
_MOST_ENDED_THREADS = 1000


class Scope:
    """A piece of work that is recorded from now until :meth:`finish`.

    What belongs to it is what runs in a context in which the scope was entered: in ``with`` blocks,
    of which there may be several, one after the other or at once in several tasks.

    Args:
        interval_ns: Mean time between two samples.
        pairs: Labels that the samples carry.

    Raises:
        SignalsUnavailable: When stacks can't be told apart here; the message says why.
    """

    def __init__(self, interval_ns: int, pairs: dict[str, str]) -> None:
        self._has_ended = False
        self._labels = label_set(pairs, is_scope=True)
        self._recording: _SharedRecording | None = _join(interval_ns)
        self._recording.follow(self._labels)

    def entered(self) -> Entered:
        """Return a ``with`` block whose work belongs to the scope."""
        return Entered(self._labels)

    def end(self) -> None:
        """Stop to record; what was recorded can be had soon after without a wait."""
        if self._recording is not None and not self._has_ended:
            self._has_ended = True
            self._recording.end(self._labels)

    def finish(
        self, program: str, tool_folders: Sequence[str] = ()
    ) -> tuple[Profile, float, float]:
        """Stop to record, if that has not happened, and hand over; to be called once.

        Args:
            program: What was recorded, as a person would name it.
            tool_folders: Functions of files below these are no part of it.

        Returns:
            What was recorded; for how many seconds some thread worked on it or waited in it; and
            how many seconds the functions of these files took, which are no part of it.
        """
        self.end()
        recording, self._recording = self._recording, None
        if recording is None:
            raise AssertionError("a scope is finished once")
        try:
            return recording.take(self._labels, program, tool_folders)
        finally:
            _leave(recording)

    def abandon(self) -> None:
        """Stop to record, if that has not happened, and drop what was recorded."""
        if self._recording is not None:
            self.finish("")

    def __del__(self) -> None:
        """Abandon what nobody has finished."""
        if getattr(self, "_recording", None) is not None:
            self.abandon()


class Entered:
    """A block of work that belongs to a scope."""

    def __init__(self, labels: LabelSet) -> None:
        self._labels = labels
        self._token: Token[LabelSet | None] | None = None

    def __enter__(self) -> Self:
        """Enter the scope."""
        self._token = enter(self._labels)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the scope."""
        if self._token is not None:
            leave(self._token)


class _SharedRecording:
    """A recording of all threads for many scopes."""

    def __init__(self, interval_ns: int) -> None:
        self.interval_ns = interval_ns
        self.process = os.getpid()
        self.scopes = 0
        self.begun = 0
        self._recording = _native.ScopedRecording(interval_ns)
        self._names = ThreadNames(_MOST_ENDED_THREADS)
        self._names.start()
        try:
            self._recording.start()
        except BaseException:
            self._names.stop()
            raise

    def follow(self, labels: LabelSet) -> None:
        self._recording.follow(labels)

    def end(self, labels: LabelSet) -> None:
        self._recording.end(labels)

    def take(
        self, labels: LabelSet, program: str, tool_folders: Sequence[str]
    ) -> tuple[Profile, float, float]:
        return self._recording.take(labels, program, self._names.known(), tool_folders)

    def stop(self) -> None:
        self._names.stop()
        self._recording.stop()


class _Recordings:
    """The recordings of this process that take new scopes, by their interval."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = _thread.allocate_lock()
        self.open: dict[int, _SharedRecording] = {}


_recordings = _Recordings()


def _of_this_process() -> _Recordings:
    global _recordings  # noqa: PLW0603 - a forked child must not wait for its parent's lock
    if _recordings.process != os.getpid():
        _recordings = _Recordings()
    return _recordings


def _join(interval_ns: int) -> _SharedRecording:
    recordings = _of_this_process()
    with recordings.lock:
        recording = recordings.open.get(interval_ns)
        if recording is None or recording.begun >= _SCOPES_IN_A_RECORDING:
            recording = _SharedRecording(interval_ns)
            recordings.open[interval_ns] = recording
        recording.scopes += 1
        recording.begun += 1
        return recording


def _leave(recording: _SharedRecording) -> None:
    recordings = _of_this_process()
    if recording.process != recordings.process:
        return  # The parent's, in a forked child.
    with recordings.lock:
        recording.scopes -= 1
        if recording.scopes:
            return
        if recordings.open.get(recording.interval_ns) is recording:
            del recordings.open[recording.interval_ns]
        recording.stop()
