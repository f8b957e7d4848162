"""Profilers that are started and stopped all the time, several at once and in several threads."""

import sys
import threading
import time

import pyflame


def work():
    return sum(number % 3 for number in range(500))


def one_after_the_other():
    for _ in range(20):
        with pyflame.Profiler(interval=0.0002):
            work()


def nested(depth):
    if depth:
        with pyflame.Profiler(interval=0.0001 * depth, threads="all"):
            return nested(depth - 1)
    return work()


def crossing():
    first, second = pyflame.Profiler(), pyflame.Profiler(threads="all")
    first.start()
    second.start()
    work()
    first.stop()
    work()
    second.stop()


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


def run(seconds):
    end = time.perf_counter() + seconds
    count = 0
    while True:
        count += round_of_threads()
        if time.perf_counter() >= end:
            return count


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1])):,} profilers")
