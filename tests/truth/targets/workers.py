"""Threads with names and work of their own, some of which live but a few milliseconds.

Prints a JSON object: name of a lasting thread to [when its work began, when it ended, its CPU
time], in seconds on the monotonic clock.
"""

import json
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import looks

LIVED = {}


def alpha_work():
    alpha_inner()


def alpha_inner():
    return sum(range(200))


def beta_work():
    beta_inner()


def beta_inner():
    return sorted(range(200))


def wait_for_the_end(done):
    begun, cpu = time.monotonic(), time.thread_time()
    done.wait()
    LIVED["idle"] = begun, time.monotonic(), time.thread_time() - cpu


def repeat(function, done):
    begun, cpu = time.monotonic(), time.thread_time()
    while not done.is_set():
        function()
    name = threading.current_thread().name
    LIVED[name] = begun, time.monotonic(), time.thread_time() - cpu


def short(function):
    for _ in range(20):
        function()
    looks.busy(0.002, wakes=5)


def start(name, target, *arguments):
    thread = threading.Thread(target=target, args=arguments, name=name)
    thread.start()
    return thread


def run(seconds):
    done = threading.Event()
    lasting = [
        start("idle", wait_for_the_end, done),
        start("alpha", repeat, alpha_work, done),
        start("beta", repeat, beta_work, done),
    ]
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < 3 or time.perf_counter() < end:
        for number in range(3):
            start(f"short-{number}", short, alpha_work).join()
        rounds += 1
    done.set()
    for thread in lasting:
        thread.join()
    print(json.dumps(LIVED))


if __name__ == "__main__":
    run(float(sys.argv[1]))
