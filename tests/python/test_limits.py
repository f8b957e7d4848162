"""At the limits that a process can be given, nothing is lost without a word."""

from __future__ import annotations

import resource
import signal
import threading
import time
from contextlib import contextmanager

import pyflame
import pytest
from gaps import most_off
from looks import busy, spin

LOST = "[uncaptured: the signal was lost]"


@contextmanager
def limited(which, most):
    soft, hard = resource.getrlimit(which)
    resource.setrlimit(which, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(which, (soft, hard))


def nap():
    time.sleep(0.002)


def naps(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        nap()


def after():
    busy()


def functions(profile):
    """The names of all functions that were seen running."""
    stacks = [line for line in profile.folded().splitlines() if "[waiting" not in line]
    return {frame.partition(" (")[0] for line in stacks for frame in line.split(";")}


# Signals that can't be queued arrive all the same, but without what they were to carry.
def test_where_no_signal_is_queued_the_fallback_engine_says_why(runner):
    script = """
import pyflame, resource
resource.setrlimit(resource.RLIMIT_SIGPENDING, (0, 0))
with pyflame.Profiler() as profiler:
    sum(range(1_000_000))
print(profiler.profile.engine, profiler.profile.engine_note)
"""
    done = runner.python("-c", script)
    assert done.stdout.startswith("fallback "), done.stderr
    assert "ulimit -i" in done.stdout


@pytest.mark.measures
def test_signals_that_are_lost_are_counted_and_later_ones_are_not(apart):
    with pyflame.Profiler(engine="signal") as profiler:
        apart()
        with limited(resource.RLIMIT_SIGPENDING, 0):
            spin(0.3)
        after()
    profile = profiler.profile
    assert LOST in profile.folded()
    assert profile.uncaptured > 0
    assert "after" in functions(profile)


def test_a_signal_that_the_program_takes_itself_is_not_waited_for_for_ever():
    every = signal.valid_signals()

    def takes_all():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, every)
        busy()  # One of ours is waiting by now.
        signal.raise_signal(signal.SIGUSR1)
        while signal.sigwait(every) != signal.SIGUSR1:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        after()

    with pyflame.Profiler(threads="all", engine="signal") as profiler:
        thread = threading.Thread(target=takes_all)
        thread.start()
        thread.join()
    assert "after" in functions(profiler.profile)


def test_threads_are_seen_where_no_file_can_be_opened():
    lived = []

    def sleeper():
        begun = time.monotonic()
        naps(0.3)
        lived.append(time.monotonic() - begun)

    threads = [threading.Thread(target=sleeper) for _ in range(2)]
    profiler = pyflame.Profiler(threads="all", engine="signal")
    with profiler, limited(resource.RLIMIT_NOFILE, 0):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    profile = profiler.profile
    stacks = [line for line in profile.folded().splitlines() if "sleeper (" in line]
    seconds = sum(int(line.rpartition(" ")[2]) for line in stacks) / 1e6
    assert abs(seconds - sum(lived)) <= most_off(profile.longest_gap, visits=2) + 1e-6 * len(stacks)
    # Of two threads that do little else.
    assert any("nap (" in stack for stack in stacks)


# What CPython itself needs in the end is smaller than the smallest block here, and from arenas.
OUT_OF_MEMORY = """
import contextlib, resource, threading, time
import pyflame

def size():
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

def looks():
    # How often the sampling thread has slept, which the kernel tells without a file.
    process, own = resource.getrusage(0), resource.getrusage(1)
    return process.ru_nvcsw - own.ru_nvcsw

def spin():
    end, before = time.thread_time() + 0.05, looks()
    while time.thread_time() < end or looks() < before + ENOUGH:
        pass

def fill(held):
    count = held.index(None)
    for size in (1 << 20, 1 << 16, 1 << 13, 1 << 11, 1 << 10, 600, 520):
        try:
            while True:
                held[count] = bytes(size)
                count += 1
        except MemoryError:
            pass

def starved():
    spin()

def after():
    spin()

# Places for small objects, which nothing below fills, between others that keep their arenas.
room = [bytes(size) for size in range(8, 480, 8) for _ in range(200)]
for number in range(0, len(room), 2):
    room[number] = None
codes = [compile(f"def f{number}(): pass", f"<{number}>", "exec") for number in range(3000)]
held = [None] * 1_000_000
with RECORDER as profiler:
    spin()
    limit = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size(), limit[1]))
    fill(held)
    # What they say of themselves has to be noted when they go.
    for number in range(3000):
        codes[number] = None
        if number % 300 == 299:
            fill(held)
    starved()
    held = None
    resource.setrlimit(resource.RLIMIT_AS, limit)
    after()
print("alive")
"""


def unrecorded(program):
    """The same without a recorder, and so without looks."""
    return program.replace("RECORDER", "contextlib.nullcontext()").replace("ENOUGH", "0")


def test_a_program_without_memory_lives_on_and_the_time_is_marked(runner):
    plain = unrecorded(OUT_OF_MEMORY)
    recorder = "pyflame.Profiler(0.0001, engine='signal')"
    recorded = OUT_OF_MEMORY.replace("RECORDER", recorder).replace("ENOUGH", "20")
    recorded += "print(profiler.profile.folded())"
    without, within = runner.python("-c", plain), runner.python("-c", recorded)
    assert (without.returncode, without.stdout) == (0, "alive\n"), without.stderr
    assert (within.returncode, within.stderr) == (0, "")
    assert "[uncaptured: the process is out of memory]" in within.stdout
    assert "after (" in within.stdout


def test_the_command_leaves_a_program_that_dies_of_want_of_memory_its_own_end(runner):
    program = unrecorded(OUT_OF_MEMORY)
    runner.write("starved.py", program.replace("    held = None", "    held[:] = held + held"))
    # How much of the traceback Python still has the memory to print is a matter of chance.
    assert runner.python("starved.py").returncode == 1
    assert runner.pyflame("-q", "-o", "x.folded", "starved.py").returncode == 1


# A module that has not been imported yet can't be read then.
def test_a_recording_is_started_where_no_file_can_be_opened(runner):
    script = """
import resource, pyflame
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
with pyflame.Profiler(threads="all") as profiler:
    # Nothing but the sampling thread sleeps here.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    while resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw < before + 50:
        sum(range(100_000))
profile = profiler.profile
# Where the sampling thread has no CPU at the end, that is one more.
unseen_end = profile.folded().count("[uncaptured: the end")
print(profile.engine, profile.samples > 10, profile.uncaptured - unseen_end)
"""
    done = runner.python("-c", script)
    assert (done.stdout, done.stderr) == ("signal True 0\n", "")
