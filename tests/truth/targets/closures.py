"""Closures and lambdas, called from Python and from C (`map`, `sorted`, `re.sub`, `reduce`)."""

import functools
import re
import sys
import time


def adder(amount):
    def add(x):
        return x + amount

    return add


def counter():
    count = 0

    def increment():
        nonlocal count
        count += 1
        return tick(count)

    return increment


def tick(x):
    return x


def compose(*functions):
    return functools.reduce(lambda f, g: lambda x: g(f(x)), functions)


def by_key(items):
    return sorted(items, key=lambda item: -tick(item))


def by_map(items):
    return list(map(adder(3), items))


def by_pattern(text):
    return re.sub("[aeiou]", lambda match: match.group().upper(), text)


def cycle():
    increment = counter()
    together = compose(adder(1), tick, adder(2), tick)
    for number in range(20):
        increment()
        together(number)
        by_key([3, 1, 2])
        by_map([1, 2, 3])
        by_pattern("a flame graph")


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
