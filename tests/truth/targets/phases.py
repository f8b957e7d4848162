"""Measures its own phases: what share of the time each truly takes, by the wall and the CPU clock.

Prints a JSON object: phase to [wall nanoseconds, CPU nanoseconds].
"""

import json
import sys
import time
import zlib

DATA = bytes(20_000_000)


def tiny_calls():
    for number in range(60_000):
        tiny(number)


def tiny(x):
    return tinier(x) + 1


def tinier(x):
    return x


def tight_loop():
    total = 0
    for number in range(120_000):
        total += number & 3
    return total


def long_c_call():
    # Counts in C, without a look at the GIL.
    return sum(range(500_000))


def without_the_gil():
    return zlib.crc32(DATA)


def recursion():
    for _ in range(1500):
        down(60)


def down(depth):
    return down(depth - 1) + 1 if depth else 0


def sleeping():
    time.sleep(0.012)


PHASES = (tiny_calls, tight_loop, long_c_call, without_the_gil, recursion, sleeping)


def run(seconds):
    times = {phase.__name__: [0, 0] for phase in PHASES}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for phase in PHASES:
            wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
            phase()
            wall, cpu = time.perf_counter_ns() - wall, time.thread_time_ns() - cpu
            times[phase.__name__][0] += wall
            times[phase.__name__][1] += cpu
    print(json.dumps(times))


if __name__ == "__main__":
    run(float(sys.argv[1]))
