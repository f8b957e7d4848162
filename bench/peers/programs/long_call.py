"""One long call into C that keeps the GIL, between Python code: what share of the time each takes.

    python long_call.py SECONDS

Prints a JSON object: phase to wall nanoseconds. Two fifths of the time are the one call.
"""

import json
import sys
import time


def python_code(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for number in range(1000):
            number & 3


def c_call(count):
    # Counts in C, without a look at the GIL or at signals.
    return sum(range(count))


def main():
    seconds, count = float(sys.argv[1]), 2_000_000
    begin = time.perf_counter()
    sum(range(count))
    count = int(count * 0.4 * seconds / (time.perf_counter() - begin))
    times = dict.fromkeys(("python_code", "c_call"), 0)
    for phase, size in (
        (python_code, 0.3 * seconds),
        (c_call, count),
        (python_code, 0.3 * seconds),
    ):
        begin = time.perf_counter_ns()
        phase(size)
        times[phase.__name__] += time.perf_counter_ns() - begin
    print(json.dumps(times))


if __name__ == "__main__":
    main()
