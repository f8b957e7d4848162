"""Programs that end in every way while they are being sampled."""

import subprocess
import sys
import time

START = """
import os, signal, sys, threading, time
import pyflame
profiler = pyflame.Profiler(interval=0.00005, threads="all")
profiler.start()
def busy():
    while True:
        sum(range(100))
threading.Thread(target=busy, daemon=True).start()
end = time.perf_counter() + 0.02
while time.perf_counter() < end:
    sum(range(100))
"""
# How the program ends, and the status that it must end with.
ENDS = (
    ("", 0),
    ("sys.exit(3)", 3),
    ("os._exit(4)", 4),
    ("raise SystemExit(5)", 5),
    ("os.execv('/bin/sh', ['sh', '-c', 'exit 6'])", 6),
    ("os.kill(os.getpid(), signal.SIGTERM)", -15),
    ("os.fork() or os._exit(9)", 0),
    ("profiler.stop()", 0),
)


def end_one(how, status):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START + how], capture_output=True, check=False
    )
    if done.returncode != status or done.stderr:
        said = done.stderr.decode(errors="replace")
        raise RuntimeError(f"{how!r} ended with {done.returncode}, not {status}\n{said}")


def run(seconds):
    end = time.perf_counter() + seconds
    count = 0
    while True:
        for how, status in ENDS:
            end_one(how, status)
            count += 1
        if time.perf_counter() >= end:
            return count


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1])):,} programs")
