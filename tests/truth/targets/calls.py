"""Tiny functions that call each other: the frames live a few dozen nanoseconds."""

import sys
import time


def a(x):
    return x + 1


def b(x):
    return a(x) + a(x)


def c(x):
    return b(x) + b(x)


def d(x):
    return c(x) + 1


def e(x):
    return d(x) - d(x - 1)


def cycle():
    for number in range(200):
        e(number)


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
