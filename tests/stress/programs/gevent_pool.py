"""gevent: greenlets that its hub switches between, many of which end half-way."""

# without frames: 0.5 greenlets begin and end in C
# main thread without frames: that is where they run

import sys
import time

try:
    import gevent
    from gevent.pool import Pool
except ImportError:
    gevent = None


def deep(depth):
    if depth:
        return deep(depth - 1) + 1
    gevent.sleep(0)
    return 0


def worker():
    # Several times, as a beginning and an end, both in C, can take longer than all of this.
    for depth in (20, 3, 50) * 5:
        assert deep(depth) == depth


def stuck():
    gevent.sleep(1000)


def cycle(pool):
    for _ in range(10):
        pool.spawn(worker)
    unfinished = [gevent.spawn(stuck) for _ in range(5)]
    pool.join()
    gevent.killall(unfinished)
    return 15


def main():
    if gevent is None:
        print("not run: there is no gevent")
        return
    end = time.perf_counter() + float(sys.argv[1])
    pool, greenlets = Pool(8), 0
    while time.perf_counter() < end:
        greenlets += cycle(pool)
    print(f"{greenlets:,} greenlets")
    # With it go the descriptors and the watchers of its loop.
    gevent.get_hub().destroy(destroy_loop=True)


if __name__ == "__main__":
    main()
