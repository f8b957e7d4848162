"""Forks, spawned programs and replaced images, while another thread keeps running."""

import os
import subprocess
import sys
import threading
import time
import warnings

# CPython 3.12 warns of forks in programs with threads; to do so is the point here.
warnings.simplefilter("ignore", DeprecationWarning)


def busy(done):
    while not done.is_set():
        sum(range(500))


def child_work():
    return sum(number * number for number in range(2000))


def fork():
    child = os.fork()
    if child == 0:
        child_work()
        os._exit(7)
    expect(os.waitpid(child, 0)[1], 7)


def fork_and_execute():
    child = os.fork()
    if child == 0:
        os.execv("/bin/sh", ["sh", "-c", "exit 5"])
    expect(os.waitpid(child, 0)[1], 5)


def spawn():
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 3"], {})
    expect(os.waitpid(child, 0)[1], 3)


def run_a_program():
    # Uses vfork from Python 3.10 on: the child shares our memory for a moment.
    done = subprocess.run(
        ["/bin/sh", "-c", "echo said; exit 4"], stdout=subprocess.PIPE, check=False
    )
    if (done.returncode, done.stdout) != (4, b"said\n"):
        raise RuntimeError(f"a child went wrong: {done}")


def expect(status, wanted):
    if not os.WIFEXITED(status) or os.WEXITSTATUS(status) != wanted:
        raise RuntimeError(f"a child ended with {status}, not with {wanted}")


def run(seconds):
    done = threading.Event()
    thread = threading.Thread(target=busy, args=(done,))
    thread.start()
    end = time.perf_counter() + seconds
    count = 0
    try:
        while True:
            fork()
            fork_and_execute()
            spawn()
            run_a_program()
            count += 4
            if time.perf_counter() >= end:
                return count
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1])):,} children")
