"""Reads folded text back into stacks, and holds them against what a program can have."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Frame(NamedTuple):
    """A frame of folded text; file and line are empty for a thread's name or a marker."""

    name: str
    file: str
    line: int


@dataclass(frozen=True)
class Stack:
    """A line of folded text: outermost frame first, with the markers taken off."""

    thread: str | None
    frames: tuple[Frame, ...]
    marker: str | None
    microseconds: int

    @property
    def is_captured(self) -> bool:
        """Whether the whole stack is known."""
        return self.marker is None or not self.marker.startswith("[uncaptured")

    @property
    def is_off_the_cpu(self) -> bool:
        """Whether the thread was asleep, or woken and not yet given a CPU."""
        return self.marker in {"[waiting]", "[waiting for a CPU]"}


def parse(folded: str) -> Iterator[Stack]:
    """Yields the stacks of folded text."""
    for line in folded.splitlines():
        path, _, value = line.rpartition(" ")
        frames = [_parse_frame(text) for text in path.split(";")]
        # Thread names and markers are what bears no file.
        thread = marker = None
        if frames and not frames[0].file and not frames[0].name.startswith("["):
            thread = frames.pop(0).name
        if frames and not frames[-1].file and frames[-1].name.startswith("["):
            marker = frames.pop().name
        yield Stack(thread, tuple(frames), marker, int(value))


def _parse_frame(text: str) -> Frame:
    # Threads are called `Thread-1 (work)` since Python 3.10, which is no place.
    place = re.fullmatch(r"(?s)(.*) \((.*):(\d+)\)", text)
    return Frame(place[1], place[2], int(place[3])) if place else Frame(text, "", 0)


class Legal:
    """The stacks that a program can have, as `oracle.py` saw them."""

    def __init__(self, target: Path, oracle: Path, *, by_line: bool) -> None:
        """Reads what the oracle wrote; without `by_line`, frames bear their first line."""
        seen = json.loads(oracle.read_text(encoding="utf-8"))
        self.target = str(target)
        self.by_line = by_line
        self.stacks = {
            tuple(
                None if step is None else (plain(step[0]), step[2] if by_line else step[1])
                for step in stack
            )
            for stack in seen["stacks"]
        }
        if not by_line:
            # What a program imports may have been loaded already where the oracle looked.
            self.stacks.add((("<module>", 1), None))
        self.rootless = {plain(name) for name in seen["rootless"]}
        self.stacks |= {
            stack[start:]
            for stack in self.stacks
            for start, step in enumerate(stack)
            if step is not None and step[0] in self.rootless
        }
        self.lines: dict[str, set[int]] = {}
        for name, _, lines in seen["lines"]:
            self.lines.setdefault(plain(name), set()).update(lines)

    def problem(self, frames: tuple[Frame, ...]) -> str | None:
        """Says why the program can't have this stack, or None if it can."""
        stack = own_steps(frames, self.target)
        if self.by_line and stack and stack[-1] is not None:
            name, line = stack[-1]
            if line not in self.lines.get(name, ()):
                return f"{name} has no line {line}"
            # The oracle saw the innermost function enter, not how far it got.
            stack[-1] = (name, 0)
        if stack and tuple(stack) not in self.stacks:
            return "no such stack: " + " > ".join(map(str, stack))
        return None


# A function and its line; None stands for any number of frames that are not the target's.
Step = Optional[tuple[str, int]]


def own_steps(frames: tuple[Frame, ...], target: str) -> list[Step]:
    """The steps of a stack from the target's first frame on."""
    steps: list[Step] = []
    for frame in frames:
        if frame.file == target:
            steps.append((plain(frame.name), frame.line))
        elif steps and steps[-1] is not None:
            steps.append(None)
    return steps


# Up to Python 3.10 code objects have no qualified name, so the oracle does not know it.
HAS_QUALIFIED_NAMES = hasattr(json.dumps.__code__, "co_qualname")


def plain(name: str) -> str:
    """The name in the form that oracle and profile share on this version."""
    return name if HAS_QUALIFIED_NAMES else name.rpartition(".")[2]
