"""One recording, whichever engine makes it, and what only Python knows of it.

What any recording may need is imported here and not when it starts: a program may have no
descriptor left by then to read a module with. Nor at its end: there, an import would make Python
3.9 and 3.10 forget that it was a KeyboardInterrupt that ended the program.
"""

from __future__ import annotations

import sys

from pyflame import _native
from pyflame._fallback import FallbackRecording
from pyflame._threads import ThreadNames
from pyflame.exceptions import SignalsUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional, Protocol

    from pyflame._native import Outbox, Profile

    Window = tuple[Optional[int], Optional[int]]
    """Nanoseconds on the monotonic clock; None is the start, or the stop, of the recording."""

    class Recording(Protocol):
        """What an engine offers."""

        def start(self) -> None: ...
        def stop(self) -> Profile: ...


KNOWS_QUALIFIED_NAMES = sys.version_info >= (3, 11)
"""Whether this interpreter's code objects have them (``co_qualname``)."""
if not KNOWS_QUALIFIED_NAMES:
    from pyflame._qualnames import with_qualified_names

ENGINES = ("auto", "signal", "fallback")
_OWN_FOLDER = __file__[: -len("_recorder.py")]

runner_files: list[str] = []
"""Frames of these files at the outer end of stacks are not the program's, but of what runs it: set
by the command, and so for profilers within the program as well."""


class Recorder:
    """Records from :meth:`start` to :meth:`stop`, once.

    Args:
        interval_ns: Mean time between two samples.
        engine: ``auto``, ``signal`` or ``fallback``.
        current_thread_only: Whether only the thread that calls :meth:`start` is sampled.
        program: What is recorded, as a person would name it.
        outbox: Where what is recorded goes while it is recorded, if that is wanted.
        window: When to begin and when to end.
    """

    def __init__(
        self,
        interval_ns: int,
        *,
        engine: str = "auto",
        current_thread_only: bool = False,
        program: str = "",
        outbox: Outbox | None = None,
        window: Window = (None, None),
    ) -> None:
        self._interval_ns = interval_ns
        self._engine = engine
        self._current_thread_only = current_thread_only
        self._program = program
        self._outbox = outbox
        self._window = window
        self.qualifies = not KNOWS_QUALIFIED_NAMES
        """Whether qualified names are learnt in :meth:`stop`; to be set before the start."""
        self._engine_note = ""
        self._names: ThreadNames | None = None
        self._recording: Recording | None = None
        self._qualify: Callable[[Profile], Profile] | None = None

    @property
    def started(self) -> bool:
        """Whether it is recording."""
        return self._recording is not None

    def start(self) -> None:
        """Start to record.

        Raises:
            SignalsUnavailable: When the signal engine was asked for and can't be used.
        """
        if self.qualifies:
            self._qualify = with_qualified_names
        self._names = ThreadNames()
        self._names.start()
        try:
            self._recording = self._start_engine()
        except BaseException:
            self._names.stop()
            raise
        if self._outbox is not None and isinstance(self._recording, _native.Recording):
            self._names.tell(self._recording.name_thread)

    def stop(self, program: str | None = None) -> Profile:
        """Stop to record.

        Args:
            program: What was recorded, where that was not known before.

        Returns:
            What was recorded.
        """
        recording, names = self._recording, self._names
        if recording is None or names is None:
            raise AssertionError("a recorder is stopped once, after its start")
        self._recording = self._names = None
        try:
            profile = recording.stop()
        finally:
            thread_names = names.stop()
        profile = profile._completed(
            program=self._program if program is None else program,
            engine_note=self._engine_note,
            thread_names=thread_names,
            runner_files=runner_files,
            own_folder=_OWN_FOLDER,
        )
        if self._qualify is not None:
            profile = self._qualify(profile)
        return profile

    def forget(self) -> None:
        """Be rid of a recording of the parent, in a fork of it."""
        if self._names is not None:
            self._names.stop()
        self._recording = self._names = None

    def _start_engine(self) -> Recording:
        if self._engine != "fallback":
            try:
                return self._start_signals()
            except SignalsUnavailable as reason:
                if self._engine == "signal":
                    raise
                self._engine_note = str(reason)
        fallback = FallbackRecording(
            self._interval_ns,
            current_thread_only=self._current_thread_only,
            outbox=self._outbox,
            window=self._window,
        )
        fallback.start()
        return fallback

    def _start_signals(self) -> Recording:
        thread = None
        if self._current_thread_only:
            import _thread

            thread = _thread.get_native_id()
        recording = _native.Recording(self._interval_ns, thread, self._outbox, *self._window)
        recording.start()
        return recording
