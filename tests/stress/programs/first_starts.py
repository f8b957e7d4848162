"""Profilers that are each the first and the only one of their process for a while.

The sampling thread, the signal's handler and the note of dying code come with each and go with it.
Under the profiler that watches this program they would be there all the time; a fork has none. How
many there are is up to the time: `python tests/stress --seconds 60 first_starts` makes 100,000.
"""

import os
import resource
import sys
import time
import warnings
from pathlib import Path

import pyflame

# CPython 3.12 warns of forks in programs with threads; the one that watches is a thread.
warnings.simplefilter("ignore", DeprecationWarning)

BATCH = 500
MOST_GROWTH_KIB = 4096


def start_and_stop():
    with pyflame.Profiler(threads="all") as profiler:
        sum(range(100))
    return profiler.profile.duration


def belongings():
    """How many threads and descriptors there are, and how much memory there ever was."""
    counts = [len(list(Path("/proc/self", folder).iterdir())) for folder in ("task", "fd")]
    return counts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def batch():
    start_and_stop()  # Makes what is made once.
    before, memory = belongings()
    for _ in range(BATCH - 1):
        start_and_stop()
    after, more_memory = belongings()
    if after != before or more_memory - memory > MOST_GROWTH_KIB:
        raise RuntimeError(f"left behind: {before, memory} became {after, more_memory}")


def fork():
    child = os.fork()
    if child == 0:
        status = 1
        try:
            batch()
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a batch went wrong")


def run(seconds):
    end = time.perf_counter() + seconds
    count = 0
    while True:
        fork()
        count += BATCH
        if time.perf_counter() >= end:
            return count


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1])):,} profilers")
