"""Writes what a program can see of how it was started, as JSON."""

import gc
import json
import os
import pickle
import re
import sys
import threading
import warnings

import __main__


class Thing:
    """Something that can be pickled only where `__main__` is the program's."""


def shown(value):
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def main():
    spec = globals()["__spec__"]
    world = {
        "argv": sys.argv,
        "orig_argv": getattr(sys, "orig_argv", None),  # Python 3.10 and newer.
        "path": sys.path,
        "globals": [(name, shown(value)) for name, value in GLOBALS.items()],
        "main is this": vars(__main__) is globals(),
        "pickled": type(pickle.loads(pickle.dumps(Thing()))) is Thing,
        "spec": spec and [spec.name, spec.origin, spec.cached, spec.parent, shown(spec.loader)],
        "file of the code": main.__code__.co_filename,
        "flags": shown(sys.flags),
        "hooks": [sys.excepthook is sys.__excepthook__, sys.gettrace(), sys.getprofile()],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold()],
        "threads": [shown(thread) for thread in map(type, threading.enumerate())],
        "filters": [shown(entry) for entry in warnings.filters],
        "folder": os.getcwd(),
        "environment": sorted(os.environ),
        "exceptions": shown(sys.exc_info()),
    }
    json.dump(world, sys.stdout, indent=1)


GLOBALS = dict(globals())
if __name__ == "__main__":
    main()
