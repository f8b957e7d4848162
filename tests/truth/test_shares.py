"""Shares of time are what the program itself measures, by the wall and by the CPU clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from gaps import most_off
from truth.shares import most_by_chance, tolerance
from truth.stacks import Stack, parse

if TYPE_CHECKING:
    from truth.conftest import Programs

pytestmark = pytest.mark.measures

INTERVAL = 0.001
PHASES = ("tiny_calls", "tight_loop", "long_c_call", "without_the_gil", "recursion", "sleeping")


@pytest.fixture(scope="module")
def recorded(programs: Programs) -> dict[str, Any]:
    """A recording of the program that times its own phases."""
    return programs.record_inside("phases", interval=INTERVAL, seconds=5)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("clock", "position"), [("wall", 0), ("cpu", 1)])
def test_a_phase_has_the_share_that_the_program_measured(
    recorded: dict[str, Any], phase: str, clock: str, position: int
) -> None:
    truth = {name: times[position] for name, times in json.loads(recorded["stdout"]).items()}
    measured = time_by_phase(parse(recorded[clock]))
    expected = truth[phase] / sum(truth.values())
    share = measured[phase] / sum(measured.values())
    assert abs(share - expected) <= tolerance(expected, recorded["effective_samples"])


def test_the_weights_add_up_to_the_time_that_passed(recorded: dict[str, Any]) -> None:
    stacks = list(parse(recorded["wall"]))
    # Folded text has whole microseconds.
    rounded = abs(time_of(stacks) / 1e6 - recorded["wall_time"])
    assert rounded <= 1e-6 * len(stacks)
    assert recorded["wall_time"] <= recorded["duration"]
    # Up to two intervals without a look are as they should be at the end; more is shown.
    wall, _ = recorded["within"]
    assert recorded["wall_time"] >= wall - 2 * INTERVAL


def test_no_cpu_time_is_lost_or_made_up(recorded: dict[str, Any]) -> None:
    _, cpu = recorded["within"]
    assert abs(recorded["cpu_time"] - cpu) <= most_off(recorded["longest_gap"])


def test_sleep_is_shown_as_waiting_and_work_is_not(recorded: dict[str, Any]) -> None:
    stacks = list(parse(recorded["wall"]))
    asleep = [stack for stack in stacks if innermost(stack) == "sleeping"]
    running = time_of(stack for stack in asleep if not stack.is_off_the_cpu) / time_of(asleep)
    # To fall asleep and to wake up takes a little CPU, which the program has measured. How much of
    # it is seen here depends on the machine (docs/engine.md), but no more than there is; none is
    # lost, as the test before this one says.
    wall, cpu = json.loads(recorded["stdout"])["sleeping"]
    looks = recorded["effective_samples"] * time_of(asleep) / time_of(stacks)
    assert running <= most_by_chance(looks, cpu / wall) / looks
    busy = [stack for stack in stacks if innermost(stack) in PHASES and stack not in asleep]
    assert time_of(busy) > 0
    waiting = time_of(stack for stack in busy if stack.marker == "[waiting]")
    assert waiting <= 0.02 * time_of(busy)


def innermost(stack: Stack) -> str:
    """The name of the innermost function."""
    return stack.frames[-1].name if stack.frames else ""


def time_by_phase(stacks: Any) -> dict[str, int]:
    """The time below each phase's function."""
    times = dict.fromkeys(PHASES, 0)
    for stack in stacks:
        for frame in stack.frames:
            if frame.name in times:
                times[frame.name] += stack.microseconds
    return times


def time_of(stacks: Any) -> int:
    """The time of some stacks together."""
    return sum(stack.microseconds for stack in stacks)
