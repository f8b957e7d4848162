"""Code objects that are made, run for milliseconds and dropped, each where the last one was."""

import marshal
import sys
import time
from types import FunctionType

SOURCE = """
def leaf_{0}():
    end = clock() + 0.004
    while clock() < end:
        pass

def job_{0}():
    leaf_{0}()
"""
JOBS = 5
LEAVES = {"clock": time.perf_counter}
MADE = []


def make():
    for number in range(JOBS):
        exec(compile(SOURCE.format(number), __file__, "exec"), LEAVES)
        MADE.append(marshal.dumps(LEAVES.pop(f"job_{number}").__code__))


def run_once(made):
    code = marshal.loads(made)
    FunctionType(code, LEAVES)()
    return id(code)


def cycle():
    return [run_once(made) for made in MADE]


def run(seconds):
    end = time.perf_counter() + seconds
    addresses = []
    while True:
        addresses += cycle()
        if time.perf_counter() >= end:
            break
    # Else nothing would be shown by this.
    assert len(set(addresses)) < len(addresses)


make()
if __name__ == "__main__":
    run(float(sys.argv[1]))
