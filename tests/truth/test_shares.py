"""Shares of time are what the program itself measures, by the wall and by the CPU clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from truth.shares import tolerance
from truth.stacks import parse

if TYPE_CHECKING:
    from truth.conftest import Programs

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
    # On a busy machine there are fewer samples than were asked for, and each says as much.
    samples = recorded["samples"] * sum(measured.values()) / 1e6 / recorded["wall_time"]
    assert abs(share - expected) <= tolerance(expected, samples)


def test_the_weights_add_up_to_the_time_that_passed(recorded: dict[str, Any]) -> None:
    total = sum(stack.microseconds for stack in parse(recorded["wall"])) / 1e6
    assert total == pytest.approx(recorded["duration"], rel=0.01)


def test_sleep_is_shown_as_waiting_and_work_is_not(recorded: dict[str, Any]) -> None:
    stacks = list(parse(recorded["wall"]))
    asleep = [stack for stack in stacks if stack.frames and stack.frames[-1].name == "sleeping"]
    running = time_of(stack for stack in asleep if not stack.is_off_the_cpu)
    samples = time_of(asleep) / 1e6 / INTERVAL
    # To fall asleep and to wake up takes a little CPU, which the program has measured.
    wall, cpu = json.loads(recorded["stdout"])["sleeping"]
    assert abs(running / time_of(asleep) - cpu / wall) <= tolerance(cpu / wall, samples)
    busy = [stack for stack in stacks if stack not in asleep]
    waiting = time_of(stack for stack in busy if stack.marker == "[waiting]")
    # Importing reads files, which waits; the phases themselves don't.
    assert waiting <= 0.02 * time_of(busy)


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
