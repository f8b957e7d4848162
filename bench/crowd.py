"""The row about many threads: 200 that wait and 2 that work, at 1 kHz."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
WAITING = 200
BUSY = 2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from row import Row, Run


def rows(run: Run) -> Iterator[Row]:
    """Measures in a fresh process."""
    from row import Row

    found = json.loads(run.python(str(HERE / "crowd.py"), str(run.seconds(5))))
    what = f"CPU of the profiler, {WAITING} waiting and {BUSY} busy threads at 1,000 Hz"
    yield Row(what, "< 0.25 core", f"{found['cores']:.3f} core", found["cores"] < 0.25)
    lost = f"{found['uncaptured']} of {found['samples']:,}"
    yield Row("samples lost there", "0", lost, found["uncaptured"] == 0)
    seen = found["least_seen"]
    what = "least time that one of the threads was seen there"
    yield Row(what, "≥ 99 %", f"{100 * seen:.1f} %", seen >= 0.99)


def measure(seconds: float) -> dict[str, float]:
    """Records the crowd and looks at the profiler's own threads from outside."""
    import pyflame
    from truth.stacks import parse

    done = threading.Event()
    crowd = [
        threading.Thread(target=done.wait, name=f"waiting-{number}") for number in range(WAITING)
    ] + [threading.Thread(target=work, args=(done,), name=f"busy-{n}") for n in range(BUSY)]
    for thread in crowd:
        thread.start()
    with pyflame.Profiler(interval=0.001, threads="all", engine="signal") as profiler:
        started = time.perf_counter()
        cpu = cpu_seconds_of_the_profiler()
        time.sleep(seconds)
        cpu = cpu_seconds_of_the_profiler() - cpu
        taken = time.perf_counter() - started
    done.set()
    for thread in crowd:
        thread.join()
    profile = profiler.profile
    seen = dict.fromkeys((thread.name for thread in crowd), 0)
    for stack in parse(profile.folded()):
        if stack.thread in seen:
            seen[stack.thread] += stack.microseconds
    return {
        "cores": cpu / taken,
        "uncaptured": profile.uncaptured,
        "samples": profile.samples,
        "least_seen": min(seen.values()) / 1e6 / profile.duration,
    }


def work(done: threading.Event) -> None:
    """Is busy until the end."""
    while not done.is_set():
        sum(range(200))


def cpu_seconds_of_the_profiler() -> float:
    """The CPU time of the threads that bear our name, as the kernel counts it."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        if (task / "comm").read_text(encoding="ascii").startswith("pyflame"):
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent / "tests"))
    print(json.dumps(measure(float(sys.argv[1]))))
