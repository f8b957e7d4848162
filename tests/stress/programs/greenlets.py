"""Greenlets: stacks that one thread puts aside and takes up again, with and without gevent."""

# without frames: 0.5 greenlets begin and end in C
# main thread without frames: that is where they run

import sys
import time

try:
    from greenlet import getcurrent, greenlet
except ImportError:
    greenlet = None


def deep(depth, other):
    if depth:
        return deep(depth - 1, other) + 1
    give_way(other)
    return 0


def give_way(other):
    other.switch()


def there_and_back(main):
    while True:
        deep(20, main)
        deep(3, main)


def dropped(main):
    deep(10, main)


def cycle(partners):
    for _ in range(20):
        for partner in partners:
            partner.switch(getcurrent())
    # One that is never taken up again dies with its frames on its stack. Only one: each maps memory
    # for its frames and gives it back, in C, which takes some machines longer than 20 switches do.
    greenlet(dropped).switch(getcurrent())


def main():
    if greenlet is None:
        print("not run: there is no greenlet")
        return
    end = time.perf_counter() + float(sys.argv[1])
    partners = [greenlet(there_and_back) for _ in range(10)]
    rounds = 0
    while time.perf_counter() < end:
        cycle(partners)
        rounds += 1
    print(f"{rounds} rounds")


if __name__ == "__main__":
    main()
