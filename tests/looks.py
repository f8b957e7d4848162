"""To compute until one has been looked at, which no number of milliseconds can promise.

Programs under test can import this, or have its text in theirs.
"""

import inspect
import os


def until_looked_at(times=5, *, by="pyflame"):
    """Computes until the thread that looks at this process has woken so many times more.

    The signal engine's has a name of its own; what looks for the fallback engine in a program of one
    thread is the other thread. Where there is none, as without pyflame, it takes no time. That it
    ends is up to who waits for the program.
    """
    wakes = _wakes(by)
    while wakes is not None and _wakes(by) < wakes + times:
        sum(range(10_000))


def _wakes(name):
    """How often a task of a name has slept, or for no name any but the first task."""
    for task in os.listdir("/proc/self/task"):
        with open("/proc/self/task/" + task + "/status") as status:
            facts = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        if facts["Name"] == name or (name is None and int(task) != os.getpid()):
            return int(facts["voluntary_ctxt_switches"])
    return None


UNTIL_LOOKED_AT = "import os\n" + inspect.getsource(until_looked_at) + inspect.getsource(_wakes)
"""The same for a program of its own."""
