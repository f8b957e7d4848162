"""No stack is ever shown that the program could not have; hardly any is missed.

What a program can have is not written down here: CPython itself says it (oracle.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
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
# At the lower rate there are fewer samples, at the higher one more traps.
RATES = (("signal", 0.001), ("signal", 0.0001), ("fallback", 0.001))
MOST_UNCAPTURED = 0.001


@pytest.mark.parametrize(("engine", "interval"), RATES)
@pytest.mark.parametrize("name", TARGETS)
def test_every_stack_and_line_is_one_that_cpython_shows_too(
    programs: Programs, name: str, engine: str, interval: float
) -> None:
    facts = programs.record_inside(name, interval=interval, seconds=0.6, engine=engine)
    assert facts["engine"] == engine
    stacks = list(parse(facts["by_line"]))
    legal = Legal(programs.target(name), programs.oracle(name), by_line=True)
    assert_truthful(stacks, legal, root="record.py")
    assert facts["uncaptured"] <= most_by_chance(facts["samples"], MOST_UNCAPTURED)


@pytest.mark.parametrize("interval", [0.001, 0.0001])
@pytest.mark.parametrize("name", TARGETS)
def test_the_command_shows_only_stacks_that_cpython_shows_too(
    programs: Programs, name: str, interval: float
) -> None:
    profile = programs.record_command(name, interval=interval, seconds=0.4)
    stacks = list(parse(profile.folded()))
    legal = Legal(programs.target(name), programs.oracle(name), by_line=False)
    assert_truthful(stacks, legal, root=f"{name}.py")
    assert profile.uncaptured <= most_by_chance(profile.samples, MOST_UNCAPTURED)


def assert_truthful(stacks: list[Stack], legal: Legal, root: str) -> None:
    """Every stack starts at the program's root and is a legal one."""
    captured = [stack for stack in stacks if stack.is_captured]
    impossible = [problem for stack in captured if (problem := legal.problem(stack.frames))]
    assert not impossible, "\n".join(impossible)
    rootless = [stack for stack in captured if not is_rooted(stack, root, legal.rootless)]
    assert not rootless
    # Stacks of nothing but ours would pass all of the above.
    total = sum(stack.microseconds for stack in captured)
    assert total > 0
    own = [stack for stack in captured if any(f.file == legal.target for f in stack.frames)]
    assert sum(stack.microseconds for stack in own) >= 0.5 * total


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
