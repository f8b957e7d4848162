"""The engine of last resort: a Python thread that looks at ``sys._current_frames()``.

It works wherever Python does, and has to wait for the GIL before each look: the rate that was
asked for is not reached while the program computes, and functions that give up the GIL are seen
more often than they should be. A profile that it made says so.
"""

from __future__ import annotations

import _thread
import os
import sys
from time import monotonic_ns

from pyflame import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyflame._native import FallbackSampler, Outbox, Profile
    from pyflame._recorder import Window


_LONGEST_WAIT = 0.1


class FallbackRecording:
    """Records with a thread that the program's own threading does not know of.

    Args:
        interval_ns: Mean time between two looks.
        current_thread_only: Whether only the thread that calls :meth:`start` is looked at.
        outbox: Where what is recorded goes while it is recorded, if that is wanted.
        window: When to begin and when to end.
    """

    def __init__(
        self,
        interval_ns: int,
        *,
        current_thread_only: bool,
        outbox: Outbox | None = None,
        window: Window = (None, None),
    ) -> None:
        self._interval_ns = interval_ns
        self._current_thread_only = current_thread_only
        self._outbox = outbox
        self._begins_ns, self._ends_ns = window

    def start(self) -> None:
        """Start the looking thread."""
        self._ident = _thread.get_ident() if self._current_thread_only else None
        self._sampler = self._new_sampler()
        self._profile: Profile | None = None
        self._process = os.getpid()
        self._failure: BaseException | None = None
        self._running = _thread.allocate_lock()
        self._running.acquire()
        self._alive = _thread.allocate_lock()
        self._alive.acquire()
        # Not through `threading`: its thread counts and exit hooks are the program's.
        _thread.start_new_thread(self._look_on, ())

    def stop(self) -> Profile:
        """Stop the looking thread; returns what it saw."""
        # In a forked child there is no such thread.
        if self._process == os.getpid():
            self._running.release()
            self._alive.acquire()
        if self._failure is not None:
            raise self._failure
        return self._profile or self._sampler.finish()

    def _new_sampler(self) -> FallbackSampler:
        return _native.FallbackSampler(self._interval_ns, self._ident, self._outbox)

    def _look_on(self) -> None:
        try:
            if self._begins_ns is not None:
                if self._is_over(max(0, self._begins_ns - monotonic_ns()) / 1e9):
                    return
                self._sampler = self._new_sampler()  # What was before is not part of it.
            pause = self._sampler.pause()
            while not self._is_over(pause):
                if self._ends_ns is not None and monotonic_ns() > self._ends_ns:
                    self._profile = self._sampler.finish()
                    return
                pause = self._sampler.look()
        except BaseException as failure:  # noqa: BLE001 - raised again where it is expected
            self._failure = failure
        finally:
            self._alive.release()

    def _is_over(self, seconds: float) -> bool:
        """Wait so long; return whether there is nothing to look at any more.

        That is so where the recording was stopped, or where all other threads have ended: a thread
        that forks is the only one of the child, and the child ends with its last thread. This one
        must not be what keeps it alive. (Where Python is part of another program, threads may be
        without a frame and yet there; but such a program is not under the command.)
        """
        while seconds > _LONGEST_WAIT:
            if self._running.acquire(timeout=_LONGEST_WAIT) or self._is_alone():
                return True
            seconds -= _LONGEST_WAIT
        return self._running.acquire(timeout=seconds) or self._is_alone()

    def _is_alone(self) -> bool:
        return self._outbox is not None and len(sys._current_frames()) == 1
