"""Generators and coroutines that are dropped half-way: by reference count, by the collector."""

import gc
import sys
import time


def note(x):
    return x


def inner(count):
    try:
        for number in range(count):
            yield note(number)
    finally:
        note(count)


def outer(count):
    try:
        yield from inner(count)
    finally:
        note(-count)


class Pause:
    def __await__(self):
        yield
        note(1)


async def coroutine(depth):
    if depth:
        return await coroutine(depth - 1)
    await Pause()
    return note(depth)


async def async_numbers(count):
    for number in range(count):
        await Pause()
        yield note(number)


async def use_async_numbers():
    async for number in async_numbers(5):
        note(number)


def drop_by_count():
    # Not in a variable: up to 3.10, the oracle's own look at the variables would keep it alive.
    next(outer(10))


def drop_by_collector():
    generator = outer(10)
    next(generator)
    cycle = [generator]
    cycle.append(cycle)


def drop_coroutines():
    waiting = coroutine(5)
    waiting.send(None)
    waiting.close()
    numbers = use_async_numbers()
    numbers.send(None)
    numbers.send(None)
    numbers.close()


def throw():
    generator = outer(10)
    next(generator)
    try:
        generator.throw(KeyError("thrown in"))
    except KeyError:
        note(0)


def run(seconds):
    end = time.perf_counter() + seconds
    while True:
        for _ in range(50):
            drop_by_count()
            drop_coroutines()
            throw()
        for _ in range(5):
            drop_by_collector()
        gc.collect(0)
        if time.perf_counter() >= end:
            gc.collect()
            return


if __name__ == "__main__":
    run(float(sys.argv[1]))
