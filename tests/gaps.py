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
    """By how many seconds one visit, or one process, may be off."""
    # Folded text has whole microseconds for each stack.
    return most_off(profile.longest_gap) + ROUNDING_SECONDS * profile.folded().count("\n")


def most_off(longest_gap: float, visits: int = 1) -> float:
    """By how many seconds so many visits may be off: a gap at each of their ends."""
    return 2 * longest_gap * visits + ROUNDING_SECONDS
