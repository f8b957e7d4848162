"""Profilers that are each the first and the only one of their process for a while.

The sampling thread, the signal's handler and the note of dying code come with each and go with it.
Under the profiler that watches this program they would be there all the time; a fork has none. What
each of them leaves behind is looked for in the second half of a batch: caches fill in the first.
"""

# at least: 100000

import gc
import os
import resource
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path

import pyflame

# Only for this import.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from allocator import bytes_in_use

del sys.path[0]

# CPython 3.12 warns of forks in programs with threads; the one that watches is a thread.
warnings.simplefilter("ignore", DeprecationWarning)

HALF = 500
BATCH = 2 * HALF
# In the second half of a batch. CPython itself takes a larger table or an arena, now and then: the
# latter it gets from the system 1 MiB at a time, so that the addresses may become that many more.
# The heap of the C library grows by 128 KiB more than it has to (M_TOP_PAD), the main one and a
# thread's.
MOST_GROWTH_BYTES = 64 << 10
MOST_GROWTH_ADDRESSES = (1 << 20) + 2 * (128 << 10) + MOST_GROWTH_BYTES


def tell(profile):
    """Gives what was recorded to the judge, if one is there."""
    # In one piece, beside what others write.
    with open(os.environ.get("PYFLAME_STRESS_TOLD", os.devnull), "ab", buffering=0) as file:
        file.write(profile.folded(by_line=True).encode())


def start_and_stop(count):
    for _ in range(count):
        # As fast as the one that watches: a start has to have been sampled to have gone well.
        with pyflame.Profiler(interval=0.00005, threads="all") as profiler:
            sum(range(100))
    return profiler.profile


def belongings():
    """How many threads and descriptors there are."""
    return [len(list(Path("/proc/self", folder).iterdir())) for folder in ("task", "fd")]


def wait_for_the_others():
    """Waits until all other threads sleep, or have ended."""
    # On a busy machine, the one that has handed a recording over may have had no CPU yet to let go
    # of what it made it with.
    own = str(threading.get_native_id())
    for task in Path("/proc/self/task").iterdir():
        while task.name != own and state_of(task) not in {"S", ""}:
            time.sleep(0.001)


def state_of(task):
    """The state of a thread as the kernel tells it; empty if it has ended."""
    try:
        return (task / "stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return ""


def memory():
    """How many bytes are in use, and of how many addresses."""
    gc.collect()
    wait_for_the_others()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return bytes_in_use(), pages * resource.getpagesize()


# called anywhere: batch
def batch():
    start_and_stop(1)  # Makes what is made once.
    before = belongings()
    start_and_stop(HALF)
    bytes_before, addresses_before = memory()
    tell(start_and_stop(HALF))
    if belongings() != before:
        raise RuntimeError(f"left behind: {before} became {belongings()}")
    bytes_now, addresses_now = memory()
    growth = bytes_now - bytes_before, addresses_now - addresses_before
    if growth[0] > MOST_GROWTH_BYTES or growth[1] > MOST_GROWTH_ADDRESSES:
        raise RuntimeError(f"{HALF} profilers keep {growth[0]:,} bytes of {growth[1]:,} addresses")


def fork():
    child = os.fork()
    if child == 0:
        status = 1
        try:
            batch()
            status = 0
        except RuntimeError:
            traceback.print_exc()
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a batch went wrong")


def run(seconds, least):
    end = time.perf_counter() + seconds
    count = 0
    if sys.getprofile() is not None:
        batch()  # The oracle is not told of what a child does; it sees this in the parent.
    while True:
        fork()
        count += BATCH
        if count >= least and time.perf_counter() >= end:
            return count


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1]), int(sys.argv[2])):,} profilers")
