"""Runs a program under `sys.setprofile` and writes every stack that the program can have.

    python oracle.py TARGET RESULT [ARGUMENT…]

CPython calls the profile function at each entry into a Python function, a generator that goes on
among them, when the stack is whole; so for a program that repeats itself this is the full set.
What is written, as JSON:

- `stacks`: each a list of `[name, first line, line]`, outermost frame first. Runs of frames that
  are not the target's own are one `null`; those before its first frame are left out. Code that the
  target makes under a file name like `<made 7>` is its own, and bears it: `<made 7> name`.
- `rootless`: the functions that CPython itself shows without a caller at times.
- `lines`: the lines that each of the target's functions has, by name and first line.
"""

from __future__ import annotations

import dis
import inspect
import json
import runpy
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from types import CodeType, FrameType

# Name as far as this version tells it, first line, executing line; None stands for foreign frames.
Step = Optional[tuple[str, int, int]]


class Oracle:
    """A profile function that remembers the stacks that it saw."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.stacks: set[tuple[Step, ...]] = set()
        self.codes: set[CodeType] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """Is called by CPython."""
        if event == "call":
            if frame.f_code.co_filename == self.target:
                self.codes.add(frame.f_code)
            self._add(frame)

    def _add(self, innermost: FrameType) -> None:
        steps: list[Step] = []
        frame: FrameType | None = innermost
        while frame is not None:
            if is_own(frame.f_code.co_filename, self.target):
                # The innermost function has only just been entered; it can get to any line.
                line = 0 if frame is innermost else frame.f_lineno
                steps.append((place_of(frame.f_code), frame.f_code.co_firstlineno, line))
            elif not steps or steps[-1] is not None:
                steps.append(None)
            frame = frame.f_back
        if steps[-1] is None:
            steps.pop()
        self.stacks.add(tuple(reversed(steps)))


# How the name of a file begins that the target makes itself.
MADE = "<made "


def is_own(file: str, target: str) -> bool:
    """Whether it is the target's file, or one that it makes."""
    return file == target or file.startswith(MADE)


def place_of(code: CodeType) -> str:
    """Its name, with the name of the file before it where that is one of many."""
    name = name_of(code)
    return f"{code.co_filename} {name}" if code.co_filename.startswith(MADE) else name


def name_of(code: CodeType) -> str:
    """The qualified name where CPython keeps one (from 3.11 on), else the plain name."""
    return getattr(code, "co_qualname", code.co_name)


def loses_its_caller(code: CodeType) -> bool:
    """Whether CPython itself shows it without a caller at times, which no reader can mend.

    Up to 3.10, a generator that passes on to another what was thrown into it is current without
    being linked to its caller (`_gen_throw`, Objects/genobject.c).
    """
    return sys.version_info < (3, 11) and bool(code.co_flags & DELEGATING)


# Generators, coroutines, and generators that are used as coroutines.
DELEGATING = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE


def lines_of(code: CodeType) -> list[int]:
    """Every line of a code object's own instructions."""
    if sys.version_info >= (3, 10):
        lines = {line for _, _, line in code.co_lines() if line is not None}
    else:
        lines = {line for _, line in dis.findlinestarts(code)}
    return sorted(lines | {code.co_firstlineno})


def main() -> None:
    """Runs the target as `__main__`."""
    target, result, *sys.argv[1:] = sys.argv[1:]
    sys.argv[0] = target
    oracle = Oracle(target)
    threading.setprofile(oracle)
    sys.setprofile(oracle)
    try:
        runpy.run_path(target, run_name="__main__")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    lines = [[name_of(code), code.co_firstlineno, lines_of(code)] for code in oracle.codes]
    with Path(result).open("w", encoding="utf-8") as output:
        rootless = [name_of(code) for code in oracle.codes if loses_its_caller(code)]
        json.dump({"stacks": list(oracle.stacks), "rootless": rootless, "lines": lines}, output)


if __name__ == "__main__":
    main()
