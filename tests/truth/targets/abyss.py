"""Goes 50,000 calls deep, and computes at the bottom for so much CPU time."""

import sys
import time

DEPTH = 50_000


def down(depth, seconds):
    if depth:
        return down(depth - 1, seconds)
    return bottom(seconds)


def bottom(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def run(seconds):
    sys.setrecursionlimit(DEPTH + 1000)
    down(DEPTH, seconds)


if __name__ == "__main__":
    run(float(sys.argv[1]))
