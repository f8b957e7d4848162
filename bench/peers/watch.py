"""Runs a command and writes what it cost, as JSON.

    python watch.py RESULT LOOK_SECONDS COMMAND…

With `LOOK_SECONDS` above zero, the memory of all processes of this session but this one is summed
up that often: of each its proportional set size (`Pss` in smaps_rollup, see proc(5)), in which a
page that several share counts once as a whole.

The programs' last word is a line of JSON, which arrives when it is printed, since Python does not
buffer here; what a tool says after it holds no brace.
"""

import json
import os
import select
import sys
import time
from pathlib import Path


def main() -> None:
    """Runs it."""
    result, look_seconds, *command = sys.argv[1:]
    end, begin = os.pipe()
    errors = os.memfd_create("errors")
    os.environ["PYTHONUNBUFFERED"] = "1"
    null = os.open(os.devnull, os.O_RDONLY)
    started = spoken = time.monotonic()
    pid = os.fork()
    if pid == 0:
        for number, standard in ((null, 0), (begin, 1), (errors, 2)):
            os.dup2(number, standard)
        os.execvp(command[0], command)  # noqa: S606
    os.close(begin)
    said, peak_kilobytes = [], 0
    pause = float(look_seconds) or None
    while True:
        if pause and not select.select([end], [], [], pause)[0]:
            peak_kilobytes = max(peak_kilobytes, session_kilobytes())
            continue
        if not (piece := os.read(end, 1 << 16)):
            break
        said.append(piece)
        if b"{" in piece:
            spoken = time.monotonic()
    _, status, usage = os.wait4(pid, 0)
    ended = time.monotonic()
    facts = {
        "status": os.waitstatus_to_exitcode(status),
        "said": b"".join(said).decode(errors="replace"),
        "errors": os.pread(errors, 1 << 20, 0).decode(errors="replace"),
        "seconds": ended - started,
        "after_seconds": ended - spoken,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_megabytes": peak_kilobytes / 1024,
    }
    Path(result).write_text(json.dumps(facts), encoding="utf-8")


def session_kilobytes() -> int:
    """Of all processes that were started here, at this moment."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int(process.name) != os.getpid() and session(process) == os.getsid(0):
                found += proportional_kilobytes(process)
        except (FileNotFoundError, ProcessLookupError):
            continue  # It has just ended.
    return found


def session(process: Path) -> int:
    """The fourth word behind the name, which may hold any: see proc(5)."""
    return int((process / "stat").read_bytes().rpartition(b")")[2].split()[3])


def proportional_kilobytes(process: Path) -> int:
    """Nothing of one that is about to end, which has no memory any more."""
    lines = (process / "smaps_rollup").read_bytes().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(b"Pss:")), 0)


if __name__ == "__main__":
    main()
