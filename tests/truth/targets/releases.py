"""Functions that release the GIL and take it again as fast as Python can, at varying depths."""

import os
import sys
import time
import zlib

BLOCK = bytes(10_000)


def write_from_a(fd):
    os.write(fd, b"x")


def write_from_b(fd):
    os.write(fd, b"x")


def deeper(fd, depth):
    if depth:
        deeper(fd, depth - 1)
        os.write(fd, b"x")
    else:
        write_from_a(fd)


def with_a_large_frame(fd):
    a = b = c = d = e = f = g = h = i = j = k = m = n = o = p = q = fd
    write_from_b(a)
    os.write(b, b"x")
    return [a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q]


def checksum():
    zlib.crc32(BLOCK)


def twice(function):
    function()
    function()


def give_way():
    time.sleep(0)


def lazily(fd):
    for _ in range(3):
        os.write(fd, b"x")
        yield
        write_from_b(fd)


def cycle(fd):
    write_from_a(fd)
    write_from_b(fd)
    deeper(fd, 3)
    with_a_large_frame(fd)
    checksum()
    twice(checksum)
    twice(give_way)
    for _ in lazily(fd):
        write_from_a(fd)


def run(seconds):
    fd = os.open(os.devnull, os.O_WRONLY)
    end = time.thread_time() + seconds
    cycles = 0
    # Three at least, whatever the clock says: what it shows takes more than one.
    while cycles < 3 or time.thread_time() < end:
        for _ in range(20):
            cycle(fd)
        cycles += 1
    os.close(fd)


if __name__ == "__main__":
    run(float(sys.argv[1]))
