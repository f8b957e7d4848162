"""What a profiler saw, in one form for all: stacks of named functions, and how many of each.

Every tool writes its own text. What is common to all is the name of a function without its class
and the file that it is in; so stacks are compared by these.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


COLORS = re.compile(r"\x1b\[[\d;]*m")


class Function(NamedTuple):
    """A function of a stack."""

    name: str
    file: str


class Stack(NamedTuple):
    """A stack, outermost function first, and how much of the time or of the samples it has."""

    functions: tuple[Function, ...]
    weight: float
    thread: str = ""


@dataclass
class Seen:
    """All that one run of a profiler has to say."""

    stacks: list[Stack]
    samples: float
    """Those with a stack."""
    lost: float | None = None
    """Samples of which the profiler itself says that it has no stack; None: it says nothing."""


def plain(name: str) -> str:
    """A name without what contains it: not every profiler knows that."""
    return name.rpartition(".")[2]


def folded_lines(text: str) -> Iterator[tuple[list[str], float]]:
    """Frames and value of each line of folded stacks; some begin with what is known of the run."""
    for line in text.splitlines():
        path, _, value = line.rpartition(" ")
        if path and not path.startswith("#"):
            yield path.split(";"), float(value)


def of_py_spy(text: str, said: str) -> Seen:
    """`function (file:line)`, and how often; it prints how many samples it could not take."""
    stacks = []
    for frames, count in folded_lines(text):
        places = [re.fullmatch(r"(.*) \((.*?)(?::\d+)?\)", frame) for frame in frames]
        functions = [Function(plain(place[1]), place[2]) for place in places if place]
        stacks.append(Stack(tuple(functions), count))
    errors = re.search(r"Errors: (\d+)", said)
    return counted(stacks, float(errors[1]) if errors else None)


def of_sampling(text: str, said: str) -> Seen:
    """`tid:1;file:function:line`, and how often: `profiling.sampling --collapsed`.

    It prints how many samples it tried to take, and of how many percent nothing came; where none
    failed, it prints no rate.
    """
    stacks = []
    for frames, count in folded_lines(text):
        thread = frames.pop(0) if frames[0].startswith("tid:") else ""
        parts = [frame.rsplit(":", 2) for frame in frames]
        functions = [Function(plain(part[1]), part[0]) for part in parts if len(part) == 3]
        stacks.append(Stack(tuple(functions), count, thread))
    tried = re.search(r"Captured ([\d,]+) samples", said)
    percent = re.search(r"Error rate: ([\d.]+)", said)
    if tried is None:
        return counted(stacks)
    share = float(percent[1]) / 100 if percent else 0.0
    return counted(stacks, share * float(tried[1].replace(",", "")))


def of_austin(text: str, said: str) -> Seen:
    """`P1;T1;file:function:line`, and microseconds: a line is a sample; it prints its errors."""
    stacks = []
    for frames, value in folded_lines(text):
        parts = [frame.rsplit(":", 2) for frame in frames[2:]]
        functions = [Function(plain(part[1]), part[0]) for part in parts if len(part) == 3]
        stacks.append(Stack(tuple(functions), value, frames[1]))
    errors = re.search(r"Error rate\D*(\d+)/\d", COLORS.sub("", said))
    return Seen(stacks, len(stacks), float(errors[1]) if errors else None)


def of_old_pyflame(text: str) -> Seen:
    """`function:file:first line`, and how often: what pyflame 0.3.2 hands to its script."""
    stacks = []
    for frames, count in folded_lines(text):
        parts = [frame.rsplit(":", 2) for frame in frames]
        functions = [Function(plain(part[0]), part[1]) for part in parts if len(part) == 3]
        stacks.append(Stack(tuple(functions), count))
    return counted(stacks)


def of_pyinstrument(text: str) -> Seen:
    """A tree of functions with their seconds, and how many samples it is made of."""
    session = json.loads(text)
    stacks = []
    rest = [(session["root_frame"], ())] if session["root_frame"] else []
    while rest:
        frame, callers = rest.pop()
        # Others are written in C, or stand for time that is no child's.
        is_function = frame["file_path"] not in (None, "", "<built-in>")
        own = (Function(plain(frame["function"]), frame["file_path"]),) if is_function else ()
        functions = (*callers, *own)
        below = sum(child["time"] for child in frame["children"])
        if frame["time"] - below > 1e-9:
            stacks.append(Stack(functions, frame["time"] - below))
        rest.extend((child, functions) for child in frame["children"])
    return Seen(stacks, session["sample_count"])


def of_ours(text: str) -> Seen:
    """Folded stacks of a recording of ours, and its counts, as JSON."""
    from truth.stacks import parse

    profile = json.loads(text)
    stacks = [
        Stack(
            tuple(Function(plain(frame.name), frame.file) for frame in stack.frames),
            stack.microseconds,
            stack.thread or "",
        )
        for stack in parse(profile["folded"])
        if stack.is_captured
    ]
    captured = profile["samples"] - profile["uncaptured"]
    return Seen(stacks, captured, profile["uncaptured"])


def of_scalene(text: str) -> Seen:
    """`file class.function:line;` for each frame, with its share of the time and a count."""
    stacks, samples = [], 0
    for frames, facts in json.loads(text)["stacks"]:
        places = [re.fullmatch(r"(.*) (.*):\d+;", frame) for frame in frames]
        functions = tuple(Function(plain(place[2]), place[1]) for place in places if place)
        if all(function.file.endswith("/threading.py") for function in functions):
            continue  # The threads of its own, and others in which nothing of a program runs.
        stacks.append(Stack(functions, facts["cpu_samples"]))
        samples += facts["count"]
    return Seen(stacks, samples)


def of_cprofile(text: str) -> Seen:
    """Functions and the time from call to return: it has no stacks, and no samples."""
    stacks = [
        Stack((Function(plain(name), file),), seconds) for file, name, seconds in json.loads(text)
    ]
    return Seen(stacks, 0)


def counted(stacks: Iterable[Stack], lost: float | None = None) -> Seen:
    """Stacks whose weight is how often they were seen."""
    stacks = list(stacks)
    return Seen(stacks, sum(stack.weight for stack in stacks), lost)
