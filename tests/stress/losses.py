"""Judges what a recording lost: it may lose little, and has to say of what.

A recording that shows nothing false because it shows nothing is not a good one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gaps import most_off
from judge import MAIN_THREAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from directives import Directives
    from truth.stacks import Stack

# Of the times that the sampling thread woke: at each it looks at every thread. How often it wakes,
# and how many looks come late, is the machine's doing.
LEAST_SAMPLES = 0.5
# So many are uncaptured by chance in a short run.
FEW = 5
# Of all samples. What is not believed for longer than moments is a kind of stack that isn't known,
# whose time would go to the stack that comes next.
MOST_RETAKEN = 0.1
# The main thread is there all the time; its stacks, and what is not known of it, make up all of it.
MOST_MISSING_TIME = 0.01


def losses(facts: dict[str, Any], stacks: Sequence[Stack], said: Directives) -> Iterator[str]:
    """Says of a recording what was lost that shouldn't have been."""
    samples, duration = facts["samples"], facts["duration"]
    if samples < LEAST_SAMPLES * facts["wakes"] or samples == 0:
        yield f"{samples:,} samples where the sampling thread woke {facts['wakes']:,} times"
    if facts["uncaptured"] > said.most_uncaptured * samples + FEW:
        yield f"{facts['uncaptured']:,} of {samples:,} samples are uncaptured"
    if facts["retaken"] > MOST_RETAKEN * samples:
        yield f"{facts['retaken']:,} retakes of {samples:,} samples"
    recorded = sum(stack.microseconds for stack in stacks if stack.thread in MAIN_THREAD) / 1e6
    # On a busy machine, a gap can be longer than so small a part of a short run.
    if abs(recorded - duration) > max(MOST_MISSING_TIME * duration, most_off(facts["longest_gap"])):
        yield f"the main thread's stacks make up {recorded:.3f} s of {duration:.3f} s"
    yield from _too_much_in_c(stacks, said)


def _too_much_in_c(stacks: Sequence[Stack], said: Directives) -> Iterator[str]:
    total = sum(stack.microseconds for stack in stacks)
    empty = sum(stack.microseconds for stack in stacks if is_empty(stack))
    if empty > said.without_frames * total:
        most = f"at most {said.without_frames:.0%} can be"
        yield f"{empty / total:.1%} of the time is without frames, {most}"


def is_empty(stack: Stack) -> bool:
    """Whether it is captured and has no frame, of a thread that had a CPU or didn't want one.

    How long threads wait for a CPU says something of the machine, and nothing of the engine.
    """
    return stack.is_captured and not stack.frames and stack.marker != "[waiting for a CPU]"
