"""C functions that let go of the GIL for long and for short, in several threads at once."""

import hashlib
import os
import sqlite3
import sys
import threading
import time
import zlib

# Threads of its own would stay, and not be ours.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import numpy as np
except ImportError:
    np = None

SHORT = bytes(3_000)
LONG = bytes(3_000_000)
EXPECTED = (zlib.crc32(SHORT), zlib.crc32(LONG), hashlib.sha256(LONG).digest())


def checksums():
    assert zlib.crc32(SHORT) == EXPECTED[0]
    assert zlib.crc32(LONG) == EXPECTED[1]


def digests():
    assert hashlib.sha256(LONG).digest() == EXPECTED[2]


def tables():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE numbers (number INTEGER)")
    database.executemany("INSERT INTO numbers VALUES (?)", rows())
    (total,) = database.execute("SELECT sum(number) FROM numbers ORDER BY 1").fetchone()
    assert total == 499_500
    database.close()


def rows():
    for number in range(1000):
        yield (number,)


def packed():
    assert zlib.decompress(zlib.compress(LONG, 1)) == LONG


def arrays():
    numbers = np.arange(300_000)
    assert (np.sort(numbers[::-1]) == numbers).all()
    ones = np.ones((200, 200))
    assert (ones @ ones == 200).all()


def repeat(function, end, counts):
    while time.perf_counter() < end:
        function()
        counts[function.__name__] += 1


def main():
    end = time.perf_counter() + float(sys.argv[1])
    functions = [checksums, digests, tables, packed]
    if np is not None:
        functions.append(arrays)
    counts = dict.fromkeys((function.__name__ for function in functions), 0)
    threads = [threading.Thread(target=repeat, args=(one, end, counts)) for one in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = " ".join(f"{count} {name}" for name, count in counts.items())
    print(said if np else f"{said}; not run: arrays, as there is no numpy")


if __name__ == "__main__":
    main()
