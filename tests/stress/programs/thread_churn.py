"""Threads that come and go, by the thousand, some of them gone before a sampler can look twice."""

# at least: 10000
# without frames: 0.3 threads that begin wait for the GIL and for a CPU
# most uncaptured: 0.03 threads that are about to begin or to end block signals

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


def run(seconds, least):
    end = time.perf_counter() + seconds
    count = 0
    while True:
        count += churn()
        if count >= least and time.perf_counter() >= end:
            return count


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1]), int(sys.argv[2])):,} threads")
