"""A stack is shown whole, however deep it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from truth.stacks import parse

if TYPE_CHECKING:
    from truth.conftest import Programs

DEPTH = 50_000


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="before 3.11 every Python call takes C stack: it overflows"
)
def test_a_recursion_of_fifty_thousand_calls_loses_nothing(programs: Programs) -> None:
    facts = programs.record_inside("abyss", interval=0.001, seconds=0.5)
    stacks = list(parse(facts["wall"]))
    assert facts["uncaptured"] == 0
    assert all(stack.is_captured for stack in stacks)
    at_the_bottom = [stack for stack in stacks if stack.frames[-1].name == "bottom"]
    depths = {sum(frame.name == "down" for frame in stack.frames) for stack in at_the_bottom}
    assert depths == {DEPTH + 1}
    # To read so deep a stack takes milliseconds, so single samples may stand for so much.
    bottom = sum(stack.microseconds for stack in at_the_bottom) / 1e6
    assert bottom == pytest.approx(0.5, abs=0.03)
