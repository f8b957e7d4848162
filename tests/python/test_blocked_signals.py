"""A thread that blocks signals can't be asked for its stack: its time is shown, and why."""

from __future__ import annotations

import signal
import threading
import time

import pyflame
import pytest
from gaps import most_off

pytestmark = pytest.mark.measures

BLOCKED = "[uncaptured: the thread blocks signals]"
# A thread that was found to block signals is believed to for so long (`eye.rs`), since to ask it
# costs more than a look; so what follows may be shown as blocked, too.
BELIEVED_SECONDS = 0.05


def spin(seconds):
    """Computes for so much CPU time; returns how much it was."""
    begun = time.thread_time()
    while time.thread_time() < begun + seconds:
        pass
    return time.thread_time() - begun


def open_before():
    return spin(0.2)


def closed():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    spent = spin(0.5)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return spent


def open_again():
    return spin(0.2)


def seconds(profile, text):
    stacks = (line.rsplit(" ", 1) for line in profile.folded(mode="cpu").splitlines())
    return sum(int(value) / 1e6 for stack, value in stacks if text in stack)


@pytest.mark.parametrize("interval", [0.001, 0.0001])
def test_a_thread_that_blocks_signals_for_a_while(interval, apart):
    spent = []

    def work():
        spent.extend([open_before(), closed(), open_again()])

    with pyflame.Profiler(interval=interval, threads="all", engine="signal") as profiler:
        apart()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    profile = profiler.profile
    # Whenever it has no CPU, its stack is read all the same.
    assert seconds(profile, BLOCKED) > 0
    before, blocked, again = spent
    off = most_off(profile.longest_gap)
    late = seconds(profile, BLOCKED) + seconds(profile, "closed") - blocked
    assert -off <= late <= off + BELIEVED_SECONDS
    assert abs(seconds(profile, "open_before") - before) <= off
    assert abs(seconds(profile, "open_again") - (again - late)) <= 2 * off


def test_a_thread_that_has_blocked_signals_since_before(apart):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        with pyflame.Profiler(interval=0.001) as profiler:
            apart()
            spent = spin(0.3)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    profile = profiler.profile
    assert seconds(profile, BLOCKED) > 0
    seen = seconds(profile, BLOCKED) + seconds(profile, "spin")
    assert abs(seen - spent) <= most_off(profile.longest_gap)
