"""Coroutines that await each other, by hand and as asyncio tasks, and asynchronous generators."""

import asyncio
import sys
import time


def leaf(x):
    return x * 2


class Pause:
    def __await__(self):
        yield
        return leaf(1)


async def inner(x):
    await Pause()
    return leaf(x)


async def middle(x):
    return await inner(x) + await inner(x + 1)


async def outer(x):
    return await middle(x) + leaf(x)


def drive(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as result:
        return result.value


def drop_half_way():
    coroutine = outer(1)
    coroutine.send(None)
    coroutine.close()


async def numbers(count):
    for number in range(count):
        yield await task_leaf(number)


async def task_leaf(x):
    await asyncio.sleep(0)
    return leaf(x)


async def task(x):
    total = 0
    async for number in numbers(4):
        total += leaf(number) + x
    return total


async def tasks():
    loop = asyncio.get_running_loop()
    results = [loop.create_task(task(number)) for number in range(10)]
    return [await result for result in results]


def cycle():
    for number in range(100):
        drive(outer(number))
        drop_half_way()
    asyncio.run(tasks())


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
