"""A thousand asyncio tasks at once: a ring that hands a number on, and a crowd that takes turns."""

import asyncio
import sys
import time

TASKS = 1000


def leaf(x):
    return x + 1


async def taken(future):
    return leaf(await future)


async def link(before, after):
    after.set_result(await taken(before))


async def ring():
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(TASKS + 1)]
    tasks = [loop.create_task(link(*pair)) for pair in zip(futures, futures[1:])]
    futures[0].set_result(0)
    await asyncio.gather(*tasks)
    return futures[-1].result()


async def turns(number):
    for _ in range(3):
        await asyncio.sleep(0)
        number = leaf(number)
    return number


async def crowd():
    return await asyncio.gather(*(turns(number) for number in range(TASKS)))


def cycle():
    assert asyncio.run(ring()) == TASKS
    assert sum(asyncio.run(crowd())) == sum(range(3, TASKS + 3))


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
