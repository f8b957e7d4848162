"""Runs a command and writes what it cost, as JSON; in a process that is small itself.

    python watch.py RESULT COMMAND…

The kernel counts what a process was before it was executed into its peak (`setmax_mm_hiwater_rss`
in fs/exec.c), so whoever starts it has to be smaller than what is measured.

The programs' last word is a line of JSON, which arrives when it is printed, since Python does not
buffer here; what a tool says after it holds no brace.
"""

import json
import os
import sys
import time


def main() -> None:
    """Runs it."""
    result, *command = sys.argv[1:]
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
    said = []
    while piece := os.read(end, 1 << 16):
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
        "peak_megabytes": usage.ru_maxrss / 1024,
    }
    with open(result, "w", encoding="utf-8") as output:  # noqa: PTH123 - for no more modules
        json.dump(facts, output)


if __name__ == "__main__":
    main()
