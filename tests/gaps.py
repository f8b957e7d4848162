"""How exactly a profile knows how long something took: to the gaps between its samples.

A sample stands for the time back to the one before. So where something begins and ends, a profile
is off by one gap at most, however busy the machine was; on one that had no time to look for 90 ms,
a profile says so, and is asked for no more. The truth is what a program has noted of itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyflame

ROUNDING_SECONDS = 1e-6


def tolerance(profile: pyflame.Profile) -> float:
    """By how many seconds one visit, or one process, may be off: a gap at each of its ends."""
    # Folded text has whole microseconds for each stack.
    rounding = ROUNDING_SECONDS * profile.folded().count("\n")
    return 2 * profile.longest_gap + rounding
