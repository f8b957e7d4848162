"""No stack is ever shown that the program could not have; hardly any is missed.

What a program can have is not written down here: CPython itself says it (oracle.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gaps import most_off
from truth.conftest import FACTOR
from truth.shares import most_by_chance
from truth.stacks import Legal, Stack, parse

if TYPE_CHECKING:
    from truth.conftest import Programs

TARGETS = (
    "calls",
    "classes",
    "closures",
    "comprehensions",
    "coroutines",
    "decorators",
    "exceptions",
    "generators",
    "recursion",
    "releases",
    "reused",
    "tasks",
)
# At the higher rate there are ten times as many samples, each of which can be wrong.
RATES = (("signal", 0.0001), ("fallback", 0.001))
# CPU time. The oracle knows every stack, so samples count, and how many runs they are of does not.
SECONDS = 0.3
MOST_UNCAPTURED = 0.001


@pytest.mark.parametrize(("engine", "interval"), RATES)
@pytest.mark.parametrize("name", TARGETS)
def test_every_stack_and_line_is_one_that_cpython_shows_too(
    programs: Programs, name: str, engine: str, interval: float
) -> None:
    facts = programs.record_inside(name, interval=interval, seconds=SECONDS, engine=engine)
    assert facts["engine"] == engine
    stacks = list(parse(facts["by_line"]))
    legal = Legal(programs.target(name), programs.oracle(name), by_line=True)
    assert_truthful(stacks, legal, root="record.py")
    assert_is_there(stacks, legal, facts["longest_gap"])
    assert_captured(facts["samples"], facts["uncaptured"])


@pytest.mark.parametrize("name", TARGETS)
def test_the_command_shows_only_stacks_that_cpython_shows_too(
    programs: Programs, name: str
) -> None:
    profile = programs.record_command(name, interval=0.0001, seconds=SECONDS)
    stacks = list(parse(profile.folded()))
    legal = Legal(programs.target(name), programs.oracle(name), by_line=False)
    assert_truthful(stacks, legal, root=f"{name}.py")
    assert_is_there(stacks, legal, profile.longest_gap)
    assert_captured(profile.samples, profile.uncaptured)


def assert_captured(samples: int, uncaptured: int) -> None:
    """Hardly any sample is without its stack."""
    # And one more where the sampling thread had no CPU at the end of the recording.
    assert uncaptured <= most_by_chance(samples, MOST_UNCAPTURED) + 1


def assert_truthful(stacks: list[Stack], legal: Legal, root: str) -> None:
    """Every stack starts at the program's root and is a legal one."""
    captured = [stack for stack in stacks if stack.is_captured]
    impossible = [problem for stack in captured if (problem := legal.problem(stack.frames))]
    assert not impossible, "\n".join(impossible)
    rootless = [stack for stack in captured if not is_rooted(stack, root, legal.rootless)]
    assert not rootless


def assert_is_there(stacks: list[Stack], legal: Legal, longest_gap: float) -> None:
    """The target has run for as long as it was told to, of which little may be uncaptured."""
    # What is recorded of ours, imports above all, takes as long as the machine likes.
    own = [
        stack
        for stack in stacks
        if not stack.is_captured or any(frame.file == legal.target for frame in stack.frames)
    ]
    seconds = sum(stack.microseconds for stack in own) / 1e6
    assert seconds >= SECONDS * FACTOR - most_off(longest_gap) - len(stacks) / 1e6


def is_rooted(stack: Stack, root: str, exceptions: set[str]) -> bool:
    """Whether the outermost frame is the program's, or one that the interpreter itself calls."""
    first = stack.frames[0] if stack.frames else None
    if first is None:
        # The interpreter begins and ends a program in C, and may be without a CPU there.
        return stack.marker in {"[no Python frames]", "[waiting for a CPU]"}
    if first.name == "<module>":
        return first.file.endswith(root)
    if (plain_name(first.name), Path(first.file).parts[-2:]) in CALLED_BY_THE_INTERPRETER:
        return True
    return plain_name(first.name) in exceptions


# Threads, and what the standard library itself registers with `atexit`.
CALLED_BY_THE_INTERPRETER = {
    ("_bootstrap", (f"python3.{sys.version_info[1]}", "threading.py")),
    ("_shutdown", (f"python3.{sys.version_info[1]}", "threading.py")),
    ("shutdown", ("logging", "__init__.py")),
}


def plain_name(name: str) -> str:
    """A name without its class."""
    return name.rpartition(".")[2]
