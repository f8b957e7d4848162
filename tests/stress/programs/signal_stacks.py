"""Threads with small signal stacks of their own, which only their owner's handlers may use."""

import ctypes
import faulthandler
import mmap
import sys
import threading
import time

SIZE = 16_384
GUARD = 4_096
MARK = b"\xa5"


class Stack(ctypes.Structure):
    """`stack_t` of sigaltstack(2)."""

    _fields_ = (
        ("start", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


LIBC = ctypes.CDLL(None, use_errno=True)


def busy(depth):
    return busy(depth - 1) + 1 if depth else sum(range(50))


def with_a_stack(end):
    memory = mmap.mmap(-1, GUARD + SIZE)
    memory.write(MARK * (GUARD + SIZE))
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    mine, before, now = Stack(start + GUARD, 0, SIZE), Stack(), Stack()
    assert LIBC.sigaltstack(ctypes.byref(mine), ctypes.byref(before)) == 0
    rounds = 0
    while time.perf_counter() < end:
        busy(20)
        rounds += 1
    assert LIBC.sigaltstack(ctypes.byref(before), ctypes.byref(now)) == 0
    assert (now.start, now.size) == (mine.start, mine.size)
    assert memory[:GUARD] == MARK * GUARD, "something ran over the end of the signal stack"
    return rounds


def main():
    end = time.perf_counter() + float(sys.argv[1])
    # It has a signal stack for the main thread.
    was_enabled = faulthandler.is_enabled()
    faulthandler.enable()
    rounds = []
    threads = [threading.Thread(target=lambda: rounds.append(with_a_stack(end))) for _ in range(4)]
    for thread in threads:
        thread.start()
    while time.perf_counter() < end:
        busy(30)
    for thread in threads:
        thread.join()
    if not was_enabled:
        faulthandler.disable()
    assert len(rounds) == 4
    print(f"{sum(rounds)} rounds on 4 threads")


if __name__ == "__main__":
    main()
