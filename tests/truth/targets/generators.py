"""Generators that feed each other, delegate, are dropped half-way, closed and thrown into."""

import sys
import time


def leaf(x):
    return x * 3


def source(count):
    for number in range(count):
        yield leaf(number)


def odd(numbers):
    for number in numbers:
        if number % 2:
            yield number


def doubled(numbers):
    for number in numbers:
        yield leaf(number) + number


def delegate(count):
    yield from source(count)
    yield from delegate_again(count)


def delegate_again(count):
    received = yield from odd(source(count))
    return received


def patient(count):
    try:
        yield from source(count)
    except ValueError:
        yield leaf(count)
    finally:
        leaf(count)


def drop_half_way():
    half = patient(10)
    next(half)
    next(half)
    half.close()


def throw_into():
    patients = patient(10)
    next(patients)
    patients.throw(ValueError())
    patients.close()


def cycle():
    sum(doubled(odd(source(50))))
    sum(leaf(number) for number in delegate(20))
    for _ in range(5):
        drop_half_way()
        throw_into()


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
