"""Whether memory stays flat: a program under the command, at many times the usual rate.

At 20,000 samples a second a minute is as long as twenty at the usual rate. The program computes,
waits, and makes and drops code; with `--churn` threads and children come and go as well, of which a
profile keeps a row each. Prints the memory of the program and of the process that waits for it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine

PROGRAM = """
import os, sys, threading, time

def work(depth):
    return sum(range(200)) if depth == 0 else work(depth - 1)

def burst():
    for depth in range(30):
        work(depth)

end = time.monotonic() + float(sys.argv[1])
churns = sys.argv[2] == "True"
while time.monotonic() < end:
    exec(compile("for _ in range(100): pass", "made", "exec"))
    burst()
    time.sleep(0.001)
    if not churns:
        continue
    threads = [threading.Thread(target=burst) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if os.fork() == 0:
        burst()
        os._exit(0)
    os.wait()
"""


def resident_kib(pid: int) -> int:
    """What a process holds in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def main() -> None:
    """Run the program and print a line now and then."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--churn", action="store_true")
    wanted = parser.parse_args()
    print(machine.with_python())
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(PROGRAM)
        command = ["-m", "pyflame", "-r", str(wanted.rate), "-o", "x.pyflame", program.name]
        process = subprocess.Popen(
            [sys.executable, *command, str(wanted.seconds), str(wanted.churn)], cwd=folder
        )
        print("seconds  program KiB  waiting KiB  file KiB")
        started = time.monotonic()
        while process.poll() is None:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            output = Path(folder) / "x.pyflame"
            size = output.stat().st_size // 1024 if output.exists() else 0
            if children:
                held = resident_kib(int(children[0])), resident_kib(process.pid)
                print(f"{time.monotonic() - started:7.0f} {held[0]:12,} {held[1]:12,} {size:9,}")
            time.sleep(wanted.seconds / 12)


if __name__ == "__main__":
    main()
