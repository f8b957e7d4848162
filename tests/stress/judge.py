"""Judges stacks: which of them the program can't have had.

What a stack has to be is found out in two ways. CPython, asked by `tests/truth/oracle.py`, tells
which stacks the program has; they are compared as a whole, with two differences from `Legal` of the
truth test, both for programs whose set of stacks is without end or too large to be seen at once:

- A function that calls itself from one line stands there once, with how often it may. The oracle's
  half a second does not get to all depths that a program has.
- What CPython calls anywhere (handlers, finalizers) cuts a stack in two: each part has to be one
  that the oracle saw. Where the cut is, is chance.

And each frame, whosever it is, has to be of a function that its file has, at a line of it: the file
is compiled for that. A program makes code under names like `<made 7>`, and tells the source of each
by its function `made`.
"""

from __future__ import annotations

import json
import re
import sysconfig
import tokenize
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, Callable, Optional

from truth.oracle import MADE, is_own, lines_of, name_of
from truth.stacks import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from directives import Directives
    from truth.stacks import Frame, Stack

# A function and its line, 0 for that of the innermost one, which the oracle only saw enter; None
# stands for any number of frames that are not the program's own.
Step = Optional[tuple[str, int]]
# Stacks with each step as often as it stands in a row left out, and how often that may be.
Depths = dict[tuple[Step, ...], tuple[int, ...]]

# Their functions remove what died from sets and caches; CPython calls them wherever that happens.
OF_WEAK_REFERENCES = ("/_weakrefset.py", "/weakref.py")
MAIN_THREAD = (None, "MainThread")


class Judge:
    """Knows one program's stacks."""

    def __init__(self, program: Path, said: Directives) -> None:
        """Knows the program's source, and none of its stacks yet."""
        self.program = str(program)
        self.said = said
        self.anywhere = {plain(name) for name in said.called_anywhere}
        self.reaches = {
            (plain(caller), plain(callee)): count
            for (caller, callee), count in said.reaches.items()
        }
        self.code = Code(sources_of(program))
        self.depths: Depths = {(): ()}

    def learn(self, oracle: Path) -> None:
        """Reads what the oracle wrote, besides what it wrote before."""
        seen = json.loads(oracle.read_text(encoding="utf-8"))
        rootless = {plain(name) for name in seen["rootless"]}
        rootless |= {plain(name) for name in self.said.without_a_caller}
        for written in seen["stacks"]:
            self._learn([None if step is None else step_of(step[0], step[2]) for step in written])
        self._learn_tails(rootless)

    def _learn(self, steps: list[Step]) -> None:
        for part in self._parts(steps):
            path, counts = collapsed(part)
            known = self.depths.get(path, counts)
            self.depths[path] = tuple(map(max, known, counts))

    def _learn_tails(self, rootless: set[str]) -> None:
        """From where they can begin without a caller, parts are parts as well."""
        for path, counts in list(self.depths.items()):
            for start, step in enumerate(path):
                if step is not None and step[0] in rootless:
                    tail = path[start:]
                    known = self.depths.get(tail, counts[start:])
                    self.depths[tail] = tuple(map(max, known, counts[start:]))

    def _parts(self, steps: list[Step]) -> Iterator[list[Step]]:
        """Cuts before each function that is called anywhere."""
        start = 0
        for at, step in enumerate(steps):
            if at > start and step is not None and step[0] in self.anywhere:
                # It may have been called from within what isn't the program's own.
                cut = at - 1 if steps[at - 1] is None else at
                yield as_innermost(steps[start:cut])
                start = at
        yield as_innermost(steps[start:])

    def problem(self, stack: Stack) -> str | None:
        """Says why the program can't have this stack, or None if it can."""
        if not stack.frames:
            return self._problem_without_frames(stack)
        for frame in stack.frames:
            if problem := self.code.problem(frame):
                return problem
        steps, problem = self._steps(stack.frames)
        if problem:
            return problem
        return next(filter(None, map(self._problem_of_part, self._parts(steps))), None)

    def _problem_without_frames(self, stack: Stack) -> str | None:
        if stack.thread in MAIN_THREAD and not self.said.main_thread_without_frames:
            return f"the main thread is without frames ({stack.marker})"
        return None

    def _problem_of_part(self, part: list[Step]) -> str | None:
        path, counts = collapsed(part)
        if path not in self.depths:
            return "no such stack: " + " > ".join(map(str, path))
        for at, count in enumerate(counts):
            most = self._most(path, at)
            if count > most:
                return f"{path[at]} is there {count} times in a row, at most {most} can be"
        return None

    def _most(self, path: tuple[Step, ...], at: int) -> int:
        caller, callee = path[at - 1] if at else None, path[at]
        if caller is None or callee is None:
            return self.depths[path][at]
        return self.reaches.get((caller[0], callee[0]), self.depths[path][at])

    def _steps(self, frames: tuple[Frame, ...]) -> tuple[list[Step], str | None]:
        """The steps from the program's first frame on; what it made has to be of one piece."""
        steps: list[Step] = []
        made = ""
        for frame in frames:
            if not is_own(frame.file, self.program):
                if steps and steps[-1] is not None and not frame.file.endswith(OF_WEAK_REFERENCES):
                    steps.append(None)
                continue
            if frame.file.startswith(MADE):
                if made not in ("", frame.file):
                    return steps, f"{frame.name} of {frame.file} within {made}"
                made = frame.file
                steps.append(step_of(f"{frame.file} {frame.name}", frame.line))
            else:
                made = ""
                steps.append(step_of(frame.name, frame.line))
        return steps, None


class Code:
    """The functions of source files, by compiling them."""

    def __init__(self, made: Callable[[str], str] | None) -> None:
        self._made = made
        self._problem = lru_cache(maxsize=None)(self._problem_of)
        self._lines = lru_cache(maxsize=None)(self._lines_of)

    def problem(self, frame: Frame) -> str | None:
        """Says why no such frame can be, or None if one can."""
        return self._problem(frame)

    def _problem_of(self, frame: Frame) -> str | None:
        if not frame.file:
            return f"{frame.name} is of no file"
        lines = self._lines(frame.file)
        if lines is None:
            return None
        if plain(frame.name) not in lines:
            return f"{frame.file} has no {frame.name}"
        if frame.line not in lines[plain(frame.name)]:
            return f"{frame.name} of {frame.file} has no line {frame.line}"
        return None

    def _lines_of(self, file: str) -> dict[str, set[int]] | None:
        """The lines of each function; None where there is no source, as for `<string>`."""
        source = self._source(file)
        if source is None:
            return None
        found: dict[str, set[int]] = {}
        for code in within(compile(source, file, "exec", dont_inherit=True)):
            found.setdefault(plain(name_of(code)), set()).update(lines_of(code))
        return found

    def _source(self, file: str) -> str | None:
        if file.startswith(MADE):
            if self._made is None:
                return ""
            return self._made(file)
        frozen = re.fullmatch(r"<frozen (.*)>", file)
        path = Path(file)
        if frozen:
            path = STANDARD_LIBRARY / (frozen[1].replace(".", "/") + ".py")
            if not path.exists():
                path = path.with_suffix("") / "__init__.py"
        if file.startswith("<") and not path.exists():
            return None
        # What is not there has no function at all.
        if not path.exists():
            return ""
        with tokenize.open(path) as text:
            return text.read()


STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))


def within(code: CodeType) -> Iterator[CodeType]:
    """A code object and all that it makes."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from within(constant)


def sources_of(program: Path) -> Callable[[str], str] | None:
    """The function of a program that knows the source of each file that it makes."""
    if "\ndef made(" not in program.read_text(encoding="utf-8"):
        return None
    names: dict[str, Any] = {"__name__": "judged"}
    exec(compile(program.read_text(encoding="utf-8"), str(program), "exec"), names)  # noqa: S102
    return names["made"]


def step_of(name: str, line: int) -> Step:
    """A step; of code that is made by the thousand, one stands for all: its numbers are left out.

    Whether they are those of its file, `Code` finds out.
    """
    if name.startswith(MADE):
        file, _, function = name.rpartition("> ")
        return re.sub(r"\d+", "N", f"{file}> {plain(function)}"), line
    return plain(name), line


def as_innermost(steps: list[Step]) -> list[Step]:
    """The same steps where the last may be at any line of its own; `Code` knows which it has."""
    if steps and steps[-1] is not None:
        return [*steps[:-1], (steps[-1][0], 0)]
    return steps


def collapsed(steps: Iterable[Step]) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """Each step once instead of in a row, and how often it was there."""
    groups = [(step, sum(1 for _ in same)) for step, same in groupby(steps)]
    return tuple(step for step, _ in groups), tuple(count for _, count in groups)
