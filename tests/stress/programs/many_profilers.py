"""Profilers that are started and stopped all the time, several at once and in several threads."""

# at least: 10000
# without frames: 0.3 threads that begin wait for the GIL and for a CPU

import os
import sys
import threading
import time

import pyflame


def tell(profile):
    """Gives what was recorded to the judge, if one is there."""
    # In one piece, beside what others write.
    with open(os.environ.get("PYFLAME_STRESS_TOLD", os.devnull), "ab", buffering=0) as file:
        file.write(profile.folded(by_line=True).encode())


def work():
    return sum(number % 3 for number in range(500))


def one_after_the_other():
    for _ in range(20):
        with pyflame.Profiler(interval=0.00005) as profiler:
            work()
    tell(profiler.profile)


def nested(depth):
    if depth:
        # Of different rates, so that they come to the one sampling thread at different times.
        with pyflame.Profiler(interval=0.00005 * depth, threads="all"):
            return nested(depth - 1)
    return work()


def crossing():
    first = pyflame.Profiler(interval=0.00005)
    second = pyflame.Profiler(interval=0.00005, threads="all")
    first.start()
    second.start()
    work()
    first.stop()
    work()
    tell(second.stop())


def in_a_thread():
    one_after_the_other()
    nested(3)
    crossing()


def round_of_threads():
    threads = [threading.Thread(target=in_a_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    in_a_thread()
    for thread in threads:
        thread.join()
    return 5 * 25  # The threads are gone with this frame: in each round in the same place.


def run(seconds, least):
    end = time.perf_counter() + seconds
    count = 0
    while True:
        count += round_of_threads()
        if count >= least and time.perf_counter() >= end:
            return count


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1]), int(sys.argv[2])):,} profilers")
