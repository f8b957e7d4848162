"""Names for native thread ids.

An engine knows threads by the kernel's id alone; their names are Python's. Those of threads that
live when a recording starts or stops are in ``threading``; those that come and go in between are
noted as they start, by a wrapper around ``Thread._set_native_id``, which each thread calls first
of all (Lib/threading.py, 3.9 to 3.15). Where the program has not imported ``threading``, we don't
do it either, and the wrapper is put there when it does.
"""

from __future__ import annotations

import _thread
import os
import sys
from _weakref import ref
from time import monotonic_ns

from pyflame import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from typing import Any, Callable


class ThreadNames:
    """Collects the names of all threads between :meth:`start` and :meth:`stop`.

    Args:
        most_ended: Of more threads that have ended than this the oldest names are let go of, now
            and then; None to keep all.
    """

    def __init__(self, most_ended: int | None = None) -> None:
        # By native id and when it was learnt. The object is asked again at the end, since a
        # thread may be named late, and is not kept alive for that.
        self._noted: dict[tuple[int, int], tuple[str, Callable[[], threading.Thread | None]]] = {}
        self._most_ended = most_ended
        self._review_at = 0 if most_ended is None else 2 * most_ended
        self._latest: dict[int, Callable[[], threading.Thread | None]] = {}
        self._told: Callable[[int, str, int], None] | None = None

    def start(self) -> None:
        """Start to take names."""
        threading = _imported()
        if threading is None:
            self._note_main()
        else:
            for thread in threading.enumerate():
                self.note(thread)
        _collectors.append(self)
        _install()

    def tell(self, told: Callable[[int, str, int], None]) -> None:
        """Tell every name to ``told``, at once and as they come."""
        self._told = told
        # As they were noted: to ask the threads would put `Thread.name` into the recording.
        for (native_id, learnt_ns), (name, _) in self._noted.copy().items():
            told(native_id, name, learnt_ns)

    def stop(self) -> list[tuple[int, str, int]]:
        """Stop to take names.

        Returns:
            Native id, name, and when both were learnt in nanoseconds on the monotonic clock, in
            this order. The kernel reuses ids.
        """
        _collectors.remove(self)
        _uninstall()
        return self.known()

    def known(self) -> list[tuple[int, str, int]]:
        """Return the names taken so far, as :meth:`stop` does."""
        names = []
        # Of a copy, which is made in one step: threads that start meanwhile change the original.
        for (native_id, learnt_ns), (name, reference) in self._noted.copy().items():
            thread = reference()
            names.append((native_id, name if thread is None else thread.name, learnt_ns))
        return names

    def note(self, thread: threading.Thread) -> None:
        """Take the name of a thread that has got its native id."""
        if thread.ident == _thread.get_ident():
            # What `threading` has is out of date in a forked child.
            native_id: int | None = _thread.get_native_id()
        else:
            native_id = thread.native_id
        if native_id is None or self._latest.get(native_id, _nobody)() is thread:
            return  # Not started yet; or noted already, by another wrapper of ours.
        self._latest[native_id] = ref(thread)
        learnt_ns = monotonic_ns()
        self._noted[native_id, learnt_ns] = (thread.name, ref(thread))
        if self._told is not None:
            self._told(native_id, thread.name, learnt_ns)
        if self._most_ended is not None and len(self._noted) > self._review_at:
            self._let_go(self._most_ended)

    def _note_main(self) -> None:
        """Take the name that the main thread has before there is an object for it."""
        # Of all threads it is the one with the id of the process, where that is Linux.
        native_id = os.getpid() if sys.platform == "linux" else _thread.get_native_id()
        self._latest[native_id] = _main_thread
        self._noted[native_id, monotonic_ns()] = ("MainThread", _main_thread)

    def _let_go(self, most_ended: int) -> None:
        """Forget the oldest of the threads that have ended.

        Without a lock, which a forked child might find held: what two threads do at once here is
        done once.
        """
        noted = self._noted.copy().items()
        ended = [(key, reference) for key, (_, reference) in noted if reference() is None]
        for key, reference in ended[: max(0, len(ended) - most_ended)]:
            self._noted.pop(key, None)
            if self._latest.get(key[0]) is reference:
                self._latest.pop(key[0], None)
        self._review_at = len(self._noted) + most_ended


def _nobody() -> None:
    """Stand in for a reference to the thread of an id that is new."""


def _imported() -> Any:
    """Return ``threading``, if the program has it."""
    threading = sys.modules.get("threading")
    return threading if hasattr(threading, "_main_thread") else None


def _main_thread() -> threading.Thread | None:
    threading = _imported()
    return None if threading is None else threading.main_thread()


_collectors: list[ThreadNames] = []
_METHOD = "_set_native_id"
_ORIGINAL = "pyflame_original"


def _install() -> None:
    """Wrap the method, unless our wrapper is what is there."""
    threading = _imported()
    if threading is None:
        _native._wrap_when_imported(_wrapper(), _METHOD, sys.modules, _thread)
        return
    found = vars(threading.Thread).get(_METHOD)
    if found is None:
        return  # gevent takes it away: its threads have no native id of their own.
    if not isinstance(getattr(found, _ORIGINAL, None), type(_install)):
        wrapper = _wrapper()
        setattr(wrapper, _ORIGINAL, found)
        setattr(threading.Thread, _METHOD, wrapper)


def _uninstall() -> None:
    """Put back what was there before, once nobody takes names any more.

    Where somebody else has wrapped ours in the meantime, it stays and does nothing.
    """
    if _collectors:
        return
    _native._wrap_no_more()
    threading = _imported()
    if threading is None:
        return
    original = getattr(vars(threading.Thread).get(_METHOD), _ORIGINAL, None)
    if original is not None:
        setattr(threading.Thread, _METHOD, original)


def _wrapper() -> Callable[[threading.Thread], None]:
    """Make what stands in for the method; its attribute ``_ORIGINAL`` is still to be set."""

    def _set_native_id(self: threading.Thread) -> None:
        vars(_set_native_id)[_ORIGINAL](self)
        for collector in tuple(_collectors):
            collector.note(self)

    return _set_native_id
