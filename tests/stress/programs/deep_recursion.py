"""Recursion that goes over the borders of the interpreter's stack chunks, up and down again."""

# The depth of each round is another one, and most rounds are too late for the oracle to see.
# reaches: run > down 900, run > wide 900, run > saw 300, catch > failing 900

import sys
import time


def down(depth):
    return down(depth - 1) + 1 if depth else 0


def wide(depth, a, b, c, d, e, f, g, h):
    # Many locals: other frame sizes meet the borders at other places.
    i, j, k, l = a, b, c, d  # noqa: E741
    if depth:
        return wide(depth - 1, b, c, d, e, f, g, h, i) + (j and k and l and 0)
    return 0


def saw(depth):
    # Back and forth over one border.
    for _ in range(20):
        down(3)
    return saw(depth - 1) if depth else 0


def failing(depth):
    if depth == 0:
        raise RecursionError
    failing(depth - 1)


def catch(depth):
    try:
        failing(depth)
    except RecursionError:
        return depth


def run(seconds):
    sys.setrecursionlimit(5000)
    end = time.perf_counter() + seconds
    depth = 1
    while True:
        down(depth)
        wide(depth, *range(8))
        saw(min(depth, 300))
        catch(depth)
        depth = depth * 7 % 901
        if time.perf_counter() >= end:
            return


if __name__ == "__main__":
    run(float(sys.argv[1]))
