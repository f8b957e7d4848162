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
    end = time.perf_counter() + seconds
    while True:
        cycle()
        if time.perf_counter() >= end:
            return


if __name__ == "__main__":
    run(float(sys.argv[1]))
