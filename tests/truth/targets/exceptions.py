"""Exceptions that unwind through frames, are caught, re-raised, and pass context managers."""

import sys
import time
from contextlib import contextmanager


class Trouble(Exception):
    def __init__(self, depth):
        super().__init__(depth)
        self.depth = note(depth)


def note(x):
    return x


def fall(depth):
    if depth == 0:
        raise Trouble(depth)
    fall(depth - 1)


def fall_with_finally(depth):
    try:
        if depth == 0:
            raise Trouble(depth)
        fall_with_finally(depth - 1)
    finally:
        note(depth)


def fall_and_raise_again(depth):
    try:
        if depth == 0:
            raise Trouble(depth)
        fall_and_raise_again(depth - 1)
    except Trouble as trouble:
        raise Trouble(depth) from trouble


@contextmanager
def guarded():
    try:
        yield
    except Trouble:
        note(1)


def fall_in_generator(depth):
    yield note(depth)
    yield from fall_in_generator(depth - 1) if depth else raising()


def raising():
    note(1)
    raise Trouble(0)
    yield


def catch(function, depth):
    try:
        function(depth)
    except Trouble as trouble:
        return note(trouble.depth)


def cycle():
    for _ in range(5):
        catch(fall, 20)
        catch(fall_with_finally, 20)
        catch(fall_and_raise_again, 10)
        with guarded():
            fall(5)
        catch(sum_all, 10)


def sum_all(depth):
    return sum(fall_in_generator(depth))


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
