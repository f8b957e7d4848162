"""Runs a program as `__main__` under `pyflame.Profiler` and writes what was recorded, as JSON.

python record.py RESULT INTERVAL ENGINE TARGET [ARGUMENT…]
"""

from __future__ import annotations

import json
import runpy
import sys
import threading  # noqa: F401 - the oracle has it before the target as well, and sees no import
import time
from pathlib import Path

import pyflame


def main() -> None:
    """Records the target's run, all threads of it."""
    result, interval, engine, *sys.argv[:] = sys.argv[1:]
    profiler = pyflame.Profiler(interval=float(interval), threads="all", engine=engine)
    profiler.start()
    begun, begun_cpu = time.monotonic(), time.thread_time()
    runpy.run_path(sys.argv[0], run_name="__main__")
    ended, ended_cpu = time.monotonic(), time.thread_time()
    profile = profiler.stop()
    facts = {
        "by_line": profile.folded(by_line=True),
        "cpu": profile.folded(mode="cpu"),
        "wall": profile.folded(),
        "samples": profile.samples,
        "duration": profile.duration,
        "effective_samples": profile.effective_samples,
        "longest_gap": profile.longest_gap,
        "within": [ended - begun, ended_cpu - begun_cpu],
        "cpu_time": profile.cpu_time,
        "wall_time": profile.wall_time,
        "uncaptured": profile.uncaptured,
        "retaken": profile.retaken,
        "engine": str(profile.engine),
    }
    with Path(result).open("w", encoding="utf-8") as output:
        json.dump(facts, output)


if __name__ == "__main__":
    main()
