"""Threads with names and work of their own, some of which live but a few milliseconds."""

import sys
import threading
import time


def alpha_work():
    alpha_inner()


def alpha_inner():
    return sum(range(200))


def beta_work():
    beta_inner()


def beta_inner():
    return sorted(range(200))


def wait_for_the_end(done):
    done.wait()


def repeat(function, done):
    while not done.is_set():
        function()


def short(function):
    end = time.perf_counter() + 0.01
    while time.perf_counter() < end:
        function()


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
    while True:
        for number in range(3):
            start(f"short-{number}", short, alpha_work).join()
        if time.perf_counter() >= end:
            break
    done.set()
    for thread in lasting:
        thread.join()


if __name__ == "__main__":
    run(float(sys.argv[1]))
