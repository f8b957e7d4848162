"""What each figure is called, how it is shown, and which of two is better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from results import Row


def low(shown: float) -> float:
    """How bad a figure is that should be low."""
    return shown


def high(shown: float) -> float:
    """How bad one is that should be high."""
    return -shown


def whole(shown: float) -> float:
    """How bad a share of 100 % is."""
    return abs(shown - 100)


@dataclass(frozen=True)
class Column:
    """One figure."""

    key: str
    title: str
    scale: float = 1
    digits: int = 0
    unit: str = ""
    badness: Callable[[float], float] | None = low
    """Of the figure as shown: what looks equal is equal. None where there is no better."""
    has_error: bool = False
    """Shown with its standard error."""
    is_change: bool = False
    """Shown with its sign."""
    floor: str | None = None
    """The figure of the same unit that chance alone gives; what lies below it says no more."""

    def shown(self, row: Row) -> float | None:
        """The figure in the table's unit, rounded as the table does; None where there is none."""
        value = row.get(self.key)
        if not isinstance(value, (int, float)) or math.isnan(value):
            return None
        return round(value * self.scale, self.digits)

    def is_apart(self, row: Row, other: Row) -> bool:
        """Whether two figures differ by more than chance.

        That is twice the standard error of their difference; of two that both lie below what chance
        alone gives, none is better.
        """
        one, two = self.shown(row), self.shown(other)
        if self.is_below_chance(row) and self.is_below_chance(other):
            return False
        error = self.scale * math.hypot(self.error(row), self.error(other))
        return one is None or two is None or not abs(one - two) <= 2 * error

    def is_below_chance(self, row: Row) -> bool:
        """Whether the figure is no larger than chance alone gives."""
        value, floor = row.get(self.key), row.get(self.floor) if self.floor else None
        return isinstance(value, float) and isinstance(floor, float) and value <= floor

    def error(self, row: Row) -> float:
        """The standard error of the figure; nothing where it has none."""
        found: float = row.get(f"{self.key} error", 0.0)
        return 0.0 if math.isnan(found) else found

    def text(self, row: Row) -> str:
        """What the table says; a dash where nothing was measured."""
        shown = self.shown(row)
        if shown is None:
            value = row.get(self.key)
            return value if isinstance(value, str) else "-"
        text = f"{shown + 0.0:{'+' if self.is_change else ''},.{self.digits}f}"
        if self.has_error:
            text += f" ± {self.error(row) * self.scale:.{self.digits}f}"
        return f"{text}{self.unit}"


@dataclass(frozen=True)
class Group:
    """A column of the table: of one figure, or of some that belong together."""

    title: str
    columns: tuple[Column, ...]


def alone(column: Column) -> Group:
    """A column of the table with one figure."""
    return Group(column.title, (column,))


def slower(key: str, title: str) -> Column:
    """How much longer something takes."""
    return Column(key, title, 100, 1, " %", has_error=True, is_change=True)


def of_application(name: str, title: str) -> Group:
    """The figures of an application."""
    columns = (
        slower(f"{name} slowdown", f"{title}: slowdown"),
        Column(f"{name} lost", f"{title}: lost", 100, 2, " %"),
        Column(f"{name} after", f"{title}: end to output", 1, 2, " s"),
    )
    return Group(f"{title}: slowdown · lost · end to output", columns)


TRUTH = tuple(
    alone(column)
    for column in (
        Column("impossible", "impossible stacks", 100, 2, " %"),
        Column("lost", "lost", 100, 2, " %"),
        Column("distance", "distance of shares, points", 100, 2, floor="distance by chance"),
        Column("distance by chance", "by chance", 100, 2, badness=None),
        Column("long call", "one C call, of its time", 100, 0, " %", whole),
        Column("rate", "rate of asked", 100, 0, " %", whole),
        Column("depth", "deepest", badness=high),
        Column("threads", "threads of 40", badness=high),
    )
)
COST = (
    alone(slower("slowdown", "slowdown of tiny calls")),
    alone(Column("cpu per sample", "CPU a sample, µs", 1e6, has_error=True)),
    alone(Column("cpu beside", "elsewhere, µs", 1e6, badness=None)),
    alone(Column("memory", "peak MB", 1, 1)),
    alone(Column("memory alone", "without it, MB", 1, 1, badness=None)),
    alone(Column("after", "end to output, s", 1, 2)),
    alone(slower("start slowdown", "start with imports")),
)
APPLICATIONS = (
    of_application("templates", "Django templates"),
    of_application("parser", "regex parser"),
    of_application("round_trip", "JSON"),
    of_application("arrays", "numpy"),
)
TABLES = (TRUTH, COST, APPLICATIONS)
