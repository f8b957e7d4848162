"""Goes 50,000 calls deep, computes at the bottom for so much CPU time, and prints how much."""

import sys
import time

DEPTH = 50_000


def down(depth, seconds):
    if depth:
        return down(depth - 1, seconds)
    return bottom(seconds)


def bottom(seconds):
    begun = time.thread_time()
    while time.thread_time() < begun + seconds:
        pass
    print(time.thread_time() - begun)


def run(seconds):
    sys.setrecursionlimit(DEPTH + 1000)
    down(DEPTH, seconds)


if __name__ == "__main__":
    run(float(sys.argv[1]))
