"""Interpreters within the interpreter, made, used and destroyed, some with a GIL of their own."""

# keeps memory: CPython 3.12 and 3.13 lose some 0.4 MB with each interpreter, without us too
# without a caller: <made N> <module>
# main thread without frames: it makes and destroys interpreters in C

import importlib
import sys
import threading
import time

SOURCE = """
def deep(depth):
    return deep(depth - 1) + 1 if depth else 0
for _ in range(20):
    deep(30)
"""
CODE = f"exec(compile({SOURCE!r}, '<made 1>', 'exec'))"


def made(_file):
    """The source of what runs in them: for the judge."""
    return SOURCE


def find():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    sys.exit("there is no module for interpreters")


INTERPRETERS = find()


def rehearse():
    # The oracle looks at this interpreter only.
    exec(CODE, {})


def use_one():
    interpreter = INTERPRETERS.create()
    try:
        for _ in range(3):
            INTERPRETERS.run_string(interpreter, CODE)
            between()
    finally:
        INTERPRETERS.destroy(interpreter)


def between():
    return sum(range(3000))


def repeat(end, counts):
    while time.perf_counter() < end:
        use_one()
        counts.append(1)


def compute(end):
    while time.perf_counter() < end:
        between()


def main():
    end = time.perf_counter() + float(sys.argv[1])
    counts = []
    rehearse()
    threads = [threading.Thread(target=compute, args=(end,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    # In one thread: to make them in two at once can crash CPython itself.
    repeat(end, counts)
    for thread in threads:
        thread.join()
    print(f"{len(counts)} interpreters")


if __name__ == "__main__":
    main()
