"""Records beside threads that treat their thread states as only C code can.

    python foreign_threads.py LIBRARY leaves | loses

Prints the functions that were seen running, in a line.
"""

import ctypes
import sys
import threading
import time

import pyflame

WITH_GIL, WITHOUT = ctypes.PyDLL(sys.argv[1]), ctypes.CDLL(sys.argv[1])


def spin():
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass


def foreign_work():
    spin()


def after():
    spin()


def leaves():
    """A new thread gets the ids of one that has ended, whose state is still there."""
    assert WITHOUT.leave_a_state() == 0
    thread = threading.Thread(target=after)
    thread.start()
    thread.join()


def loses():
    """A thread's first state is taken from it; then it works under a second one."""
    assert WITH_GIL.begin() == 0
    WITHOUT.wait_for_the_first()
    WITH_GIL.take_the_first()
    assert WITHOUT.finish() == 0
    after()


def main():
    scenario = {"leaves": leaves, "loses": loses}[sys.argv[2]]
    with pyflame.Profiler(interval=0.0005, threads="all", engine="signal") as profiler:
        scenario()
    stacks = [line for line in profiler.profile.folded().splitlines() if "[waiting" not in line]
    names = {frame.partition(" (")[0] for line in stacks for frame in line.split(";")}
    sys.stdout.write(" ".join(sorted(names & {"after", "foreign_work"})))


if __name__ == "__main__":
    main()
