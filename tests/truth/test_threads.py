"""Every thread is shown under its own name, with its own stacks, for as long as it lived."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from gaps import most_off
from truth.shares import most_by_chance
from truth.stacks import Legal, Stack, parse

if TYPE_CHECKING:
    from truth.conftest import Programs

pytestmark = pytest.mark.measures

INTERVAL = 0.001
OWN_WORK = {"alpha": "alpha_work", "beta": "beta_work", "idle": "wait_for_the_end"}
# The function that notes when it begins and ends.
LIFE = {"alpha": "repeat", "beta": "repeat", "idle": "wait_for_the_end"}


@pytest.fixture(scope="module")
def recorded(programs: Programs) -> dict[str, Any]:
    """A recording of the program with threads."""
    return programs.record_inside("workers", interval=INTERVAL, seconds=1.5)


def test_no_stack_is_impossible_while_threads_take_turns(
    programs: Programs, recorded: dict[str, Any]
) -> None:
    legal = Legal(programs.target("workers"), programs.oracle("workers"), by_line=True)
    stacks = [stack for stack in parse(recorded["by_line"]) if stack.is_captured]
    assert not [problem for stack in stacks if (problem := legal.problem(stack.frames))]


@pytest.mark.parametrize("name", OWN_WORK)
def test_a_thread_shows_its_own_work_and_nobody_elses(recorded: dict[str, Any], name: str) -> None:
    foreign = {work for other, work in OWN_WORK.items() if other != name}
    functions = {frame.name for stack in of_thread(recorded, name) for frame in stack.frames}
    assert OWN_WORK[name] in functions
    assert not functions & foreign


@pytest.mark.parametrize("name", OWN_WORK)
def test_a_lasting_thread_is_seen_all_the_time(recorded: dict[str, Any], name: str) -> None:
    begun, ended, _ = json.loads(recorded["stdout"])[name]
    seen = time_of(within(recorded, name, LIFE[name])) / 1e6
    assert abs(seen - (ended - begun)) <= most_off(recorded["longest_gap"])


def test_short_lived_threads_are_seen_under_their_names(recorded: dict[str, Any]) -> None:
    for number in range(3):
        assert of_thread(recorded, f"short-{number}")


def test_an_idle_thread_waits(recorded: dict[str, Any]) -> None:
    begun, ended, cpu = json.loads(recorded["stdout"])["idle"]
    idle = within(recorded, "idle", LIFE["idle"])
    running = time_of(stack for stack in idle if not stack.is_off_the_cpu) / 1e6
    # To fall asleep and to wake up takes a little CPU, in which a sample may fall.
    looks = (ended - begun) / INTERVAL
    most = most_by_chance(looks, cpu / (ended - begun))
    assert running <= most * recorded["longest_gap"]


def within(recorded: dict[str, Any], thread: str, function: str) -> list[Stack]:
    """The stacks of a thread that are within a function."""
    stacks = of_thread(recorded, thread)
    return [stack for stack in stacks if any(frame.name == function for frame in stack.frames)]


def of_thread(recorded: dict[str, Any], name: str) -> list[Stack]:
    """The stacks of the threads with a name."""
    return [stack for stack in parse(recorded["wall"]) if stack.thread == name]


def time_of(stacks: Any) -> int:
    """The time of some stacks together."""
    return sum(stack.microseconds for stack in stacks)
