"""Forks for each case, tampers with the interpreter there, and records.

    python tampered.py is VERSION…
    python tampered.py offset WORD…

Prints a line for each case: the case, how the fork ended, and what it said. That is "right" or
"wrong" where the engine recorded by signals, else its reason not to.
"""

import ctypes
import mmap
import os
import struct
import sys
from pathlib import Path

import pyflame

sys.path.append(str(Path(__file__).parents[2]))

import looks

KEPT = []
# Goes over a border of the data stack's chunks.
DEPTH = 300


def deep(depth):
    return deep(depth - 1) if depth else recorded()


def recorded():
    with pyflame.Profiler(interval=0.0005) as profiler:
        looks.busy()
    return profiler.profile


def verdict():
    profile = deep(DEPTH)
    if profile.engine != "signal":
        return profile.engine_note
    stacks = profile.folded().splitlines()
    # The last moments may have had no look any more.
    captured = [stack for stack in stacks if "[uncaptured: " not in stack]
    is_whole = captured and profile.uncaptured <= 1 + 0.1 * profile.samples
    is_right = is_whole and all(stack.count("deep (") == DEPTH + 1 for stack in captured)
    return "right" if is_right else "wrong"


def say_another_version(version):
    """Has `Py_GetVersion` return our text: `mov rax, TEXT; ret`, over its first instructions."""
    text = ctypes.create_string_buffer(f"{version}.1 (main)".encode())
    KEPT.append(text)
    code = b"\x48\xb8" + struct.pack("<Q", ctypes.addressof(text)) + b"\xc3"
    function = ctypes.cast(ctypes.pythonapi.Py_GetVersion, ctypes.c_void_p).value
    page = function & -mmap.PAGESIZE
    everything = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    mprotect = ctypes.CDLL(None, use_errno=True).mprotect
    if mprotect(ctypes.c_void_p(page), ctypes.c_size_t(2 * mmap.PAGESIZE), everything):
        raise OSError(ctypes.get_errno(), "its code stays as it is")
    ctypes.memmove(function, code, len(code))


def move_an_offset(word):
    table = (ctypes.c_uint64 * 64).in_dll(ctypes.pythonapi, "_PyRuntime")
    table[int(word)] += 8


def main():
    tamper = {"is": say_another_version, "offset": move_an_offset}[sys.argv[1]]
    for case in sys.argv[2:]:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            tamper(case)
            os.write(writer, verdict().encode())
            os._exit(0)
        os.close(writer)
        status = os.waitpid(child, 0)[1]
        sys.stdout.write(f"{case}|{status}|{os.read(reader, 4096).decode()}\n")


if __name__ == "__main__":
    main()
