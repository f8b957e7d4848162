"""To compute until one has been looked at, which no number of milliseconds can promise.

Programs under test can import this, or have its text in theirs.
"""

import inspect
import os
import sys
import time


def until_looked_at(times=5, *, by="pyflame"):
    """Computes until each thread that looks at this process has woken so many times more.

    Those of the signal engine have a name of their own; what looks for the fallback engine is a
    thread that `threading` doesn't know, which a name of None stands for. Where there is none, as
    without pyflame, this takes no time. Where one never wakes again, who waits for the program has
    a limit.
    """
    before = wakes_of(by)
    while True:
        wakes = wakes_of(by)
        # One that is gone can't wake.
        if all(wakes.get(task, count + times) >= count + times for task, count in before.items()):
            return
        sum(range(10_000))


def wakes_of(name, process="self"):
    """How often each task of a name has slept, or for no name each that Python doesn't know."""
    import _thread

    threads = sys.modules["threading"].enumerate() if "threading" in sys.modules else ()
    known = {_thread.get_native_id(), *(thread.native_id for thread in threads)}
    wakes = {}
    for task in os.listdir("/proc/" + str(process) + "/task"):
        try:
            with open("/proc/" + str(process) + "/task/" + task + "/status") as status:
                facts = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        except OSError:  # It has ended meanwhile.
            continue
        is_known = facts["Pid"] == facts["Tgid"] or int(facts["Pid"]) in known
        if facts["Name"] == name or (name is None and not is_known):
            wakes[task] = int(facts["voluntary_ctxt_switches"])
    return wakes


UNTIL_LOOKED_AT = (
    "import os, sys\n" + inspect.getsource(until_looked_at) + inspect.getsource(wakes_of)
)
"""The same for a program of its own."""


def busy(seconds=0.03, wakes=20):
    """Computes for so much CPU time at least, and until this process was looked at, by either engine.

    The fallback engine's thread sleeps for the GIL, too, so of its wakes few are looks.
    """
    spin(seconds)
    until_looked_at(wakes, by=None)


def spin(seconds):
    """Computes for so much CPU time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(100))
