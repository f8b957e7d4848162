"""To compute until one has been looked at, which no number of milliseconds can promise.

Programs under test can import this, or have its text in theirs.
"""

import inspect
import os


def until_looked_at(times=5, *, by="pyflame"):
    """Computes until the thread that looks at this process has woken so many times more.

    The signal engine's has a name of its own; for the fallback engine, it is what a program of one
    thread has besides. Where there is none, as without pyflame, this takes no time. Where it never
    wakes again, who waits for the program has a limit.
    """
    wakes = wakes_of(by)
    while wakes is not None and wakes_of(by) < wakes + times:
        sum(range(10_000))


def wakes_of(name, process="self"):
    """How often a task of a name has slept, or for no name any but the first task."""
    folder = "/proc/" + str(process) + "/task/"
    for task in os.listdir(folder):
        with open(folder + task + "/status") as status:
            facts = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        if facts["Name"] == name or (name is None and facts["Pid"] != facts["Tgid"]):
            return int(facts["voluntary_ctxt_switches"])
    return None


UNTIL_LOOKED_AT = "import os\n" + inspect.getsource(until_looked_at) + inspect.getsource(wakes_of)
"""The same for a program of its own."""
