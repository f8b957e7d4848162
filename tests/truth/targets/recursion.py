"""Functions that call themselves and each other, over several chunks of the data stack."""

import sys
import time

DEPTH = 150


def down(depth):
    if depth:
        return down(depth - 1) + 1
    return bottom(3)


def bottom(x):
    return x * x


def even(depth):
    return True if depth == 0 else odd(depth - 1)


def odd(depth):
    return False if depth == 0 else even(depth - 1)


def wide(depth, one, two, three, four, five, six, seven, eight):
    if depth:
        return wide(depth - 1, two, three, four, five, six, seven, eight, one)
    return one


def walk(tree):
    if tree:
        yield from walk(tree[0])
        yield 1
        yield from walk(tree[1])


def tree(depth):
    return (tree(depth - 1), tree(depth - 1)) if depth else ()


def cycle():
    down(DEPTH)
    even(DEPTH)
    wide(DEPTH, *range(8))
    sum(walk(tree(5)))


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
