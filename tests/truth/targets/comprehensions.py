"""Comprehensions of every kind: frames of their own up to 3.11, inlined from 3.12 on."""

import sys
import time


def leaf(x):
    return x % 7


def lists(count):
    return [leaf(x) for x in range(count)]


def sets(count):
    return {leaf(x) for x in range(count)}


def dicts(count):
    return {leaf(x): leaf(x + 1) for x in range(count)}


def nested(count):
    return [[leaf(x) for x in range(y)] for y in range(count)]


def generated(count):
    return sum(leaf(x) for x in range(count) if leaf(x) > 2)


def captured(count):
    return [(lambda: leaf(x))() for x in range(count)]


class Table:
    rows = [leaf(x) for x in range(5)]

    def total(self):
        return sum([leaf(row) for row in self.rows])


def cycle():
    lists(30)
    sets(30)
    dicts(30)
    nested(8)
    generated(30)
    captured(10)
    Table().total()


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
