"""What a program of the stress test says of itself, in comments that begin a line.

    # at least: 10000
    # most uncaptured: 0.02 threads that begin and end block signals

A number comes first where one is asked for; what follows it says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LINE = re.compile(r"^# ([a-z][a-z ]*): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Directives:
    """The directives of one program, with what holds where it says nothing."""

    # How many of what it counts it makes, however long that takes; it gets this as an argument.
    at_least: int = 0
    # Of all samples.
    most_uncaptured: float = 0.01
    # Of all recorded time, that which threads are in C alone, as when they begin and end.
    without_frames: float = 0.1
    # Why the main thread can be; empty where it never is, having been in Python all the time.
    main_thread_without_frames: str = ""
    # What CPython calls between any two instructions: handlers, finalizers.
    called_anywhere: frozenset[str] = frozenset()
    # What begins a stack though the oracle, which looks at one interpreter only, saw a caller.
    without_a_caller: frozenset[str] = frozenset()
    # How often in a row a function is there at most, by its caller and itself. What is not named
    # here is there as often as the oracle saw it at most.
    reaches: dict[tuple[str, str], int] = field(default_factory=dict)
    # Why the process grows without us, too; empty where it doesn't.
    keeps_memory: str = ""

    @classmethod
    def of(cls, program: Path) -> Directives:
        """Reads a program's comments; one that isn't known is a mistake."""
        said = LINE.findall(program.read_text(encoding="utf-8"))
        unknown = {name for name, _ in said} - READERS.keys()
        if unknown:
            raise ValueError(f"{program.name} says what nobody reads: {', '.join(sorted(unknown))}")
        return cls(**{name.replace(" ", "_"): READERS[name](value) for name, value in said})


def _number(value: str) -> float:
    return float(value.split(maxsplit=1)[0])


def _count(value: str) -> int:
    return int(value.split(maxsplit=1)[0])


def _names(value: str) -> frozenset[str]:
    return frozenset(value.split(", "))


def _reaches(value: str) -> dict[tuple[str, str], int]:
    found = {}
    for one in value.split(", "):
        caller, callee, count = one.replace(" > ", " ").rsplit(" ", 2)
        found[caller, callee] = int(count)
    return found


READERS = {
    "at least": _count,
    "most uncaptured": _number,
    "without frames": _number,
    "main thread without frames": str,
    "called anywhere": _names,
    "without a caller": _names,
    "reaches": _reaches,
    "keeps memory": str,
}
