"""Class bodies, constructors, properties and the methods that operators call."""

import sys
import time


def leaf(x):
    return x + 1


class Meta(type):
    def __new__(cls, name, bases, body):
        leaf(1)
        return super().__new__(cls, name, bases, body)

    def __call__(cls, *args):
        return super().__call__(*args)


class Vector:
    def __init__(self, x, y):
        self.x = leaf(x)
        self.y = leaf(y)

    @property
    def length(self):
        return leaf(self.x * self.x + self.y * self.y)

    @length.setter
    def length(self, value):
        self.x = leaf(value)

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __eq__(self, other):
        return leaf(self.x) == leaf(other.x)

    def __hash__(self):
        return leaf(self.x)

    def __getitem__(self, index):
        return leaf(index)

    def __iter__(self):
        yield self.x
        yield leaf(self.y)

    def __enter__(self):
        return leaf(0)

    def __exit__(self, *error):
        leaf(0)

    def __getattr__(self, name):
        return leaf(len(name))


class Described:
    def __set_name__(self, owner, name):
        leaf(1)

    def __get__(self, instance, owner):
        return leaf(1)


def make_classes():
    class Local(metaclass=Meta):
        described = Described()
        number = leaf(2)

        class Nested:
            number = leaf(3)

        def method(self):
            return leaf(self.number)

    return Local().method() + Local().described


def use_operators():
    first, second = Vector(1, 2), Vector(3, 4)
    third = first + second
    third.length = first.length + second.length
    with third:
        sum(third)
    return {first: 1, second: 2}.get(third), first[0], first == second, first.missing


def cycle():
    make_classes()
    for _ in range(30):
        use_operators()


def run(seconds):
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        cycle()
        cycles += 1


if __name__ == "__main__":
    run(float(sys.argv[1]))
