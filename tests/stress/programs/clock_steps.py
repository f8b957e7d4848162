"""The time of day is set forward and back while threads work, sleep and are recorded.

It is the whole machine's, so this is done only where `PYFLAME_MAY_SET_THE_CLOCK` is set and the
system lets us: as root on a machine that nobody else uses. It is put right by the clock that can't
be set, a moment after each step.
"""

import os
import sys
import threading
import time

import pyflame

STEP_SECONDS = 20


def busy(done):
    while not done.is_set():
        sum(range(500))


def sleepy(done):
    while not done.wait(0.002):
        time.sleep(0.001)


def step(seconds):
    """Sets the clock by so much, and back by what has passed meanwhile."""
    real, since = time.time(), time.monotonic()
    time.clock_settime(time.CLOCK_REALTIME, real + seconds)
    try:
        time.sleep(0.005)
        sum(range(1000))
    finally:
        time.clock_settime(time.CLOCK_REALTIME, real + time.monotonic() - since)


def recorded_step(seconds):
    before = time.monotonic()
    with pyflame.Profiler(threads="all") as profiler:
        step(seconds)
    longest = time.monotonic() - before
    profile = profiler.profile
    for thread_seconds in (profile.duration, profile.wall_time / max(1, len(profile.threads))):
        if not 0 <= thread_seconds <= longest:
            raise RuntimeError(f"{thread_seconds} s were recorded within {longest} s")


def why_not():
    if "PYFLAME_MAY_SET_THE_CLOCK" not in os.environ:
        return "PYFLAME_MAY_SET_THE_CLOCK is not set"
    try:
        time.clock_settime(time.CLOCK_REALTIME, time.time())
    except OSError as error:
        return f"the clock can't be set: {error.strerror}"
    return None


def run(seconds):
    done = threading.Event()
    threads = [threading.Thread(target=work, args=(done,)) for work in (busy, sleepy)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    count = 0
    try:
        while True:
            recorded_step(STEP_SECONDS)
            recorded_step(-STEP_SECONDS)
            count += 2
            if time.monotonic() >= end:
                return count
    finally:
        done.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    if reason := why_not():
        print(f"not run: {reason}")
    else:
        print(f"{run(float(sys.argv[1])):,} steps")
