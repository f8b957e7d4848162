"""Runs a program as `__main__` under a fast profiler and checks that nothing of it stays behind.

    python record.py RESULT INTERVAL TARGET SECONDS AT_LEAST

Writes JSON: the folded stacks and what was counted. What was not there before the profiler came,
and is there when all of it has gone, is an error. So is memory that grows with what the program
does; what is made once has been made before, in a short recording.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import re
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

import pyflame

# Only for these imports: the program is not to find our tests.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from allocator import bytes_in_use
from directives import Directives
from looks import wakes_of

del sys.path[:2]

# Signals 32 and 33 are the C library's own; it takes them when the first thread is made.
OF_THE_C_LIBRARY = 1 << 31 | 1 << 32
# Caches and the C library's own borders, and room for the stacks of the threads that there were at
# once, 25 kB for each: after minutes this is what the programs have grown by at most, all in the
# first seconds.
MOST_GROWTH_BYTES = 1 << 20
# Besides that, for each thread, child, profiler or round. What is lost for each comes to more.
MOST_GROWTH_BYTES_EACH = 16


class Surroundings:
    """What a process has that a profiler could leave something in."""

    def __init__(self) -> None:
        """Looks around."""
        self.our_threads = [name for name in self._threads() if name == "pyflame"]
        self.threads = len(self._threads())
        self.python_threads = threading.active_count()
        self.descriptors = sorted(self._descriptors())
        status = dict(
            line.split(":", 1)
            for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        )
        self.signals = {
            key: hex(int(status[key], 16) & ~OF_THE_C_LIBRARY)
            for key in ("SigBlk", "SigIgn", "SigCgt")
        }
        self.handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}

    @classmethod
    def once_quiet(cls, before: Surroundings) -> Surroundings:
        """Looks around once the program's threads have ended.

        Up to Python 3.12, `Thread.join` waits for a lock that a thread lets go of some steps before
        its end (`release_sentinel` of Modules/_threadmodule.c). What is ours is not waited for.
        """
        found = cls()
        until = time.monotonic() + 5
        while found.threads > before.threads and time.monotonic() < until:
            if found.our_threads:
                break
            found = cls()
        return found

    @staticmethod
    def _threads() -> list[str]:
        names = []
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # It has ended since.
                names.append((task / "comm").read_text(encoding="utf-8").strip())
        return names

    @staticmethod
    def _descriptors() -> list[str]:
        folder = Path("/proc/self/fd")
        # The listing itself has a descriptor open, which is gone when its link is read.
        found = [str(path.readlink()) for path in folder.iterdir() if path.is_symlink()]
        # libffi keeps itself open for its trampolines, from `ctypes`' first callback on.
        return [path for path in found if "libffi" not in path]

    def leaks(self, before: Surroundings) -> list[str]:
        """Says what is different from `before`."""
        names = (
            "our_threads",
            "threads",
            "python_threads",
            "descriptors",
            "signals",
            "handlers",
        )
        return [
            f"{name} were {getattr(before, name)} and are {getattr(self, name)}"
            for name in names
            if getattr(self, name) != getattr(before, name)
        ]


def record(result: Path, interval: float, program: str) -> None:
    """Records the program, and lets go of everything but the file."""
    profiler = pyflame.Profiler(interval=interval, threads="all", engine="signal")
    with profiler:
        runpy.run_path(program, run_name="__main__")
        wakes = sum(wakes_of("pyflame").values())
    profile = profiler.profile
    facts = {
        "by_line": profile.folded(by_line=True),
        "samples": profile.samples,
        "wakes": wakes,
        "duration": profile.duration,
        "longest_gap": profile.longest_gap,
        "uncaptured": profile.uncaptured,
        "retaken": profile.retaken,
        "rate": profile.rate,
        "engine": str(profile.engine),
    }
    result.write_text(json.dumps(facts), encoding="utf-8")


def run_one_round(program: str) -> None:
    """Runs it once and shows nothing of it, for what it and we load and keep."""
    arguments = sys.argv[1:]
    sys.argv[1:] = ["0", "0"]
    with contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(program, run_name="__main__")
    sys.argv[1:] = arguments


def most_growth(said: str) -> int:
    """How many bytes more may be in use after a program that says that it did so much."""
    number = re.search(r"\d[\d,]*", said)
    count = int(number[0].replace(",", "")) if number else 0
    return MOST_GROWTH_BYTES + MOST_GROWTH_BYTES_EACH * count


def main() -> None:
    """Looks around, records, looks around again."""
    result, interval, *sys.argv[:] = sys.argv[1:]
    before = Surroundings()
    run_one_round(sys.argv[0])
    with pyflame.Profiler(interval=float(interval), threads="all", engine="signal"):
        run_one_round(sys.argv[0])
    gc.collect()
    in_use = bytes_in_use()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        record(Path(result), float(interval), sys.argv[0])
    print(output.getvalue(), end="")
    leaks = Surroundings.once_quiet(before).leaks(before)
    gc.collect()
    growth = bytes_in_use() - in_use
    keeps_memory = Directives.of(Path(sys.argv[0])).keeps_memory
    if growth > most_growth(output.getvalue()) and not keeps_memory:
        leaks.append(f"{growth:,} bytes are in use that were not")
    if leaks:
        sys.exit("\n".join(leaks))


if __name__ == "__main__":
    main()
