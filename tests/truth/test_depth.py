"""A stack is shown whole, however deep it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from gaps import most_off
from truth.stacks import Stack, parse

if TYPE_CHECKING:
    from truth.conftest import Programs

pytestmark = pytest.mark.measures

DEPTH = 50_000
UNSEEN_END = "[uncaptured: the end, which no sample followed]"


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="before 3.11 every Python call takes C stack: it overflows"
)
def test_a_recursion_of_fifty_thousand_calls_loses_nothing(programs: Programs) -> None:
    facts = programs.record_inside("abyss", interval=0.001, seconds=0.5)
    stacks = list(parse(facts["wall"]))
    # On a machine that gives the sampling thread no CPU, the end may go by without a look.
    end = [stack for stack in stacks if stack.marker == UNSEEN_END]
    assert facts["uncaptured"] == len(end)
    assert all(stack.is_captured for stack in stacks if stack not in end)
    at_the_bottom = [stack for stack in stacks if is_at_the_bottom(stack)]
    depths = {sum(frame.name == "down" for frame in stack.frames) for stack in at_the_bottom}
    assert depths == {DEPTH + 1}
    computing = [s for s in parse(facts["cpu"]) if is_at_the_bottom(s) or s.marker == UNSEEN_END]
    bottom = sum(stack.microseconds for stack in computing) / 1e6
    # To read so deep a stack takes milliseconds, so single samples may stand for so much.
    assert abs(bottom - float(facts["stdout"])) <= most_off(facts["longest_gap"])


def is_at_the_bottom(stack: Stack) -> bool:
    """Whether the innermost function is the one that computes."""
    return bool(stack.frames) and stack.frames[-1].name == "bottom"
