"""A job: commands that belong together, what they need, and how their end is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Job:
    """Something to run: one line of the summary."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    limit_seconds: float
    needs: tuple[str, ...] = ()
    """Names of jobs that must have passed."""
    lane: str = ""
    """Of jobs in one lane, one runs at a time: they would only wait for each other's lock."""
    is_alone: bool = False
    """Whether it measures, and has the machine to itself."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What it is told on top; a pattern (`*`) of a path becomes the file that is there by then."""
    unavailable: str = ""
    """Why it can't be run on this machine; empty where it can."""
    counts_tests: bool = False
    """Whether it tells how many tests passed: none is a failure then."""
    may_lack: tuple[str, ...] = ()
    """Programs of the stress test that may be left out."""
    is_fetch: bool = False
    """Whether it brings what others need, and is not worth a line where it passes."""
