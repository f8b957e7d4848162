"""Has its own stack captured as often as it is told: `python deep.py LIBRARY TIMES`.

The stack is one of every kind of link between frames: calls of Python, calls by way of C, a
generator that is being run.
"""

import ctypes
import sys

DEPTH = 40


def down(depth):
    if depth == 0:
        return next(last())
    if depth % 10 == 0:
        return max(map(down, [depth - 1]))
    return down(depth - 1)


def last():
    # PyDLL keeps the GIL, as a thread has it that is asked by a signal.
    captures = ctypes.PyDLL(sys.argv[1]).pyflame_captures
    captures.restype = ctypes.c_int64
    yield captures(int(sys.argv[2]))


frames = down(DEPTH)
if frames < DEPTH:
    sys.exit(f"{frames} frames were captured")
