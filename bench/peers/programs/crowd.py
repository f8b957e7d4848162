"""Forty threads, each with a function of its own: some compute, most wait."""

import sys
import threading
import time

THREADS = 40


def working(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(300))


def waiting(seconds):
    time.sleep(seconds)


def named(number):
    what = "working" if number % 10 == 0 else "waiting"
    scope = {"working": working, "waiting": waiting}
    exec(f"def thread_{number}(begin, seconds):\n    begin.wait()\n    {what}(seconds)\n", scope)
    return scope[f"thread_{number}"]


def main():
    begin, seconds = threading.Event(), float(sys.argv[1])
    threads = [
        threading.Thread(target=named(number), args=(begin, seconds)) for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
