"""Forks, spawned programs and replaced images, while another thread keeps running."""

import os
import subprocess
import sys
import threading
import time
import warnings

import pyflame

# CPython 3.12 warns of forks in programs with threads; to do so is the point here.
warnings.simplefilter("ignore", DeprecationWarning)


def tell(profile):
    """Gives what was recorded to the judge, if one is there."""
    # In one piece, beside what others write.
    with open(os.environ.get("PYFLAME_STRESS_TOLD", os.devnull), "ab", buffering=0) as file:
        file.write(profile.folded(by_line=True).encode())


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


def fork_and_record():
    child = os.fork()
    if child == 0:
        record_work()
        os._exit(8)
    expect(os.waitpid(child, 0)[1], 8)


# The oracle is not told of what a child does; it sees this in the parent.
# called anywhere: record_work
def record_work():
    with pyflame.Profiler(interval=0.00005, threads="all") as profiler:
        child_work()
    tell(profiler.profile)


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
    record_work()
    try:
        while True:
            fork()
            fork_and_record()
            fork_and_execute()
            spawn()
            run_a_program()
            count += 5
            if time.perf_counter() >= end:
                return count
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1])):,} children")
