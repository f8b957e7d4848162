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
LEAVES = {"clock": time.thread_time}
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
    end = time.thread_time() + seconds
    addresses = []
    # Three cycles at least, whatever the clock says: what it shows takes more than one.
    while len(addresses) < 3 * JOBS or time.thread_time() < end:
        addresses += cycle()
    # Else nothing would be shown by this.
    assert len(set(addresses)) < len(addresses)


make()
if __name__ == "__main__":
    run(float(sys.argv[1]))
