"""Runs a program as `__main__` under a fast profiler and checks that nothing of it stays behind.

    python record.py RESULT INTERVAL TARGET [ARGUMENT…]

Writes JSON: the folded stacks, what was counted, and `leaks`, a sentence for each thing that was
not there before the profiler came.
"""

from __future__ import annotations

import json
import runpy
import signal
import sys
import threading
from pathlib import Path

import pyflame

# Signals 32 and 33 are the C library's own; it takes them when the first thread is made.
OF_THE_C_LIBRARY = 1 << 31 | 1 << 32


class Surroundings:
    """What a process has that a profiler could leave something in."""

    def __init__(self) -> None:
        """Looks around."""
        self.threads = len(list(Path("/proc/self/task").iterdir()))
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

    @staticmethod
    def _descriptors() -> list[str]:
        folder = Path("/proc/self/fd")
        # The listing itself has a descriptor open, which is gone when its link is read.
        found = [str(path.readlink()) for path in folder.iterdir() if path.is_symlink()]
        # libffi keeps itself open for its trampolines, from `ctypes`' first callback on.
        return [path for path in found if "libffi" not in path]

    def leaks(self, before: Surroundings) -> list[str]:
        """Says what is different from `before`."""
        names = ("threads", "python_threads", "descriptors", "signals", "handlers")
        return [
            f"{name} were {getattr(before, name)} and are {getattr(self, name)}"
            for name in names
            if getattr(self, name) != getattr(before, name)
        ]


def main() -> None:
    """Records, looks around, writes."""
    result, interval, *sys.argv[:] = sys.argv[1:]
    before = Surroundings()
    profiler = pyflame.Profiler(interval=float(interval), threads="all", engine="signal")
    with profiler:
        runpy.run_path(sys.argv[0], run_name="__main__")
    leaks = Surroundings().leaks(before)
    profile = profiler.profile
    facts = {
        "by_line": profile.folded(by_line=True),
        "samples": profile.samples,
        "uncaptured": profile.uncaptured,
        "retaken": profile.retaken,
        "rate": profile.rate,
        "engine": str(profile.engine),
        "leaks": leaks,
    }
    with Path(result).open("w", encoding="utf-8") as output:
        json.dump(facts, output)


if __name__ == "__main__":
    main()
