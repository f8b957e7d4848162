"""A thread that had the GIL when it was signalled, and has not when it answers, is asked anew.

A signal is taken at the end of the first system call after it was sent, if one comes before the
interrupt that hurries the thread does. So without this, such calls would be seen too often: by as
much as an interrupt takes, which on a virtual machine is longer than most calls.
"""

from __future__ import annotations

import ctypes
import signal
import time
from typing import TYPE_CHECKING

import pyflame
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.measures

EMPTY_SET = bytes(128)  # Of signals, as the C library has it.


def test_a_call_at_whose_end_signals_are_taken_is_not_seen_instead_of_what_was_before(
    apart: Callable[[], None],
) -> None:
    library = ctypes.CDLL(None)  # Its functions are called without the GIL.

    def let_signals_in() -> None:
        library.pthread_sigmask(signal.SIG_SETMASK, EMPTY_SET, None)

    def work(seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass

    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        with pyflame.Profiler(interval=0.001, engine="signal") as profiler:
            apart()
            end = time.perf_counter() + 1
            while time.perf_counter() < end:
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
                work(0.0005)  # A signal that is sent now waits.
                let_signals_in()
                work(0.0015)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    total = late = 0
    for line in profiler.profile.folded().splitlines():
        stack, _, microseconds = line.rpartition(" ")
        total += int(microseconds)
        late += int(microseconds) * ("let_signals_in" in stack)
    assert late < 0.1 * total  # It is a quarter where the first answer is taken.
