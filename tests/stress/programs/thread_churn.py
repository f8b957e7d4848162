"""Threads that come and go, by the thousand, some of them gone before a sampler can look twice."""

import sys
import threading
import time
import zlib


def work_a_little():
    return sum(number & 7 for number in range(200))


def work_without_the_gil():
    return zlib.crc32(b"x" * 50_000)


def sleep_a_little():
    time.sleep(0.0005)


def nothing():
    pass


WORK = (work_a_little, work_without_the_gil, sleep_a_little, nothing)


def churn():
    threads = [threading.Thread(target=WORK[number % len(WORK)]) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(threads)


def run(seconds):
    end = time.perf_counter() + seconds
    count = 0
    while True:
        count += churn()
        if time.perf_counter() >= end:
            return count


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1])):,} threads")
