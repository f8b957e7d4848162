"""Functions behind wrappers: closures, classes that are called, the standard library's own."""

import functools
import sys
import time
from contextlib import contextmanager


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def scaled(factor):
    def decorate(function):
        def scale(x):
            return factor * function(x)

        return scale

    return decorate


class Remembered:
    def __init__(self, function):
        self.function = function

    def __call__(self, x):
        return self.function(x)


@contextmanager
def section(x):
    prepare(x)
    yield x
    prepare(x)


def prepare(x):
    return x + 1


@counted
def once(x):
    return x + 1


@counted
@scaled(3)
@Remembered
def thrice(x):
    return once(x) + 1


@section(5)
def in_section(x):
    return once(x)


@functools.singledispatch
def dispatched(x):
    return prepare(x)


@dispatched.register(int)
def dispatched_int(x):
    return once(x)


def cycle():
    cached = functools.lru_cache(maxsize=None)(prepare)
    for number in range(50):
        thrice(number)
        in_section(number)
        dispatched(number)
        dispatched(1.5)
        cached(number % 7)
        functools.partial(once, number)()


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
