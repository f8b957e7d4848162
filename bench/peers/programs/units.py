"""Does one unit of work after the other and writes when each was done; a profiler may be switched.

    python units.py PROGRAM COUNT SECONDS LOG [PROFILER INTERVAL WINDOW]

A unit is COUNT times what the program calls a cycle; for 0 the count is found that takes some 2 ms.
It is printed, with the CPU time that the thread took for all units. The log has a line for each
unit: when it ended, by the monotonic clock, in nanoseconds. Where a profiler is named, it is on in
every other window of so many seconds, and the log says so: `on TIME`, `off TIME`. SIGTERM ends it
early.
"""

import json
import runpy
import signal
import sys
import time
from pathlib import Path

UNIT_SECONDS = 0.002
ENDED = []


def main():
    program, count, seconds, log, *switched = sys.argv[1:]
    cycle = runpy.run_path(program)["cycle"]
    count = int(count) or calibrate(cycle)
    end = time.monotonic_ns() + int(float(seconds) * 1e9)
    lines = []
    started = time.thread_time()
    if switched:
        name, interval, window = switched
        windows(SWITCHES[name](float(interval)), int(float(window) * 1e9), cycle, count, end, lines)
    else:
        signal.signal(signal.SIGTERM, lambda *_: ENDED.append(True))
        work(cycle, count, end, lines)
    taken = time.thread_time() - started
    Path(log).write_text("\n".join(lines), encoding="ascii")
    print(json.dumps({"count": count, "work_cpu_seconds": taken}))


def calibrate(cycle):
    for _ in range(5):
        started = time.monotonic_ns()
        cycle()
        taken = time.monotonic_ns() - started
    return max(1, int(UNIT_SECONDS * 1e9 / taken))


def work(cycle, count, end, lines):
    while True:
        for _ in range(count):
            cycle()
        now = time.monotonic_ns()
        lines.append(str(now))
        if now >= end or ENDED:
            return


def windows(switch, window, cycle, count, end, lines):
    is_on = False
    while time.monotonic_ns() < end:
        work(cycle, count, time.monotonic_ns() + window, lines)
        is_on = not is_on
        switch(is_on)
        lines.append(f"{'on' if is_on else 'off'} {time.monotonic_ns()}")


def ours(interval):
    import pyflame

    running = []

    def switch(is_on):
        if is_on:
            running.append(pyflame.Profiler(interval=interval, threads="all"))
            running[0].start()
        else:
            running.pop().stop()

    return switch


def old_pyflame(interval):
    from pyflame.sampler import Sampler

    running = []

    def switch(is_on):
        running.append(Sampler(interval)) if is_on else running.pop().stop()

    return switch


def pyinstrument(interval):
    import pyinstrument

    running = []

    def switch(is_on):
        if is_on:
            running.append(pyinstrument.Profiler(interval=interval))
            running[0].start()
        else:
            running.pop().stop()

    return switch


def c_profile(_):
    import cProfile

    running = []

    def switch(is_on):
        if is_on:
            running.append(cProfile.Profile())
            running[0].enable()
        else:
            running.pop().disable()

    return switch


SWITCHES = {
    "pyflame": ours,
    "pyflame 0.3.2": old_pyflame,
    "pyinstrument": pyinstrument,
    "cProfile": c_profile,
}

if __name__ == "__main__":
    main()
