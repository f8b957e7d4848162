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
    # A thread that has never slept may be the one that looks, and have no name yet.
    while not all(wakes_of(None).values()):
        pass
    before = wakes_of(by)
    while not is_looked_at_since(before, times):
        sum(range(10_000))


def is_looked_at_since(before, times=20):
    """Whether each of those that were there has woken so many times more: for who waits."""
    for task, wakes in before.items():
        facts = facts_of_task(task)
        # One that is gone can't wake.
        if facts is not None and int(facts["voluntary_ctxt_switches"]) < wakes + times:
            return False
    return True


def wakes_of(name, process="self"):
    """How often each task of a name has slept, or for no name each that Python doesn't know."""
    import _thread

    threads = sys.modules["threading"].enumerate() if "threading" in sys.modules else ()
    known = {_thread.get_native_id(), *(thread.native_id for thread in threads)}
    wakes = {}
    for task in os.listdir("/proc/" + str(process) + "/task"):
        facts = facts_of_task(task, process)
        if facts is None:
            continue
        is_known = facts["Pid"] == facts["Tgid"] or int(facts["Pid"]) in known
        if facts["Name"] == name or (name is None and not is_known):
            wakes[task] = int(facts["voluntary_ctxt_switches"])
    return wakes


def facts_of_task(task, process="self"):
    """What the kernel says of a task (proc_pid_status(5)); None if it has ended."""
    try:
        with open("/proc/" + str(process) + "/task/" + task + "/status") as status:
            return dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    except OSError:
        return None


OF_LOOKS = (until_looked_at, is_looked_at_since, wakes_of, facts_of_task)
UNTIL_LOOKED_AT = "import os, sys\n" + "".join(map(inspect.getsource, OF_LOOKS))
"""The same for a program of its own."""


def busy(seconds=0.03, wakes=20):
    """Computes for so much CPU time at least, and until either engine has looked at this process.

    The fallback engine's thread sleeps for the GIL, too, so of its wakes few are looks.
    """
    spin(seconds)
    until_looked_at(wakes, by=None)


def spin(seconds):
    """Computes for so much CPU time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(100))
