"""Turns a station's log into a summary of its year, in a pipeline of generators."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINE = re.compile(
    r"(?P<day>\d{3})T(?P<hour>\d{2}):00 temp=(?P<temp>[+-]\d+\.\d)C rain=(?P<rain>\d+\.\d)mm"
)
DAYS_A_MONTH = 30.5


@dataclass
class Reading:
    """One line of a log."""

    day: int
    hour: int
    warmth: float
    rain: float


@dataclass
class Year:
    """What a year was like: the daily means, and the mean of every month."""

    daily: list[float] = field(default_factory=list)
    months: dict[int, float] = field(default_factory=dict)
    rain: float = 0.0


def summarise(log: str) -> Year:
    """Reads a log and sums it up."""
    year = Year()
    by_month = defaultdict(list)
    for day, readings in by_day(smooth(parse(log.splitlines()))):
        warmth = mean(reading.warmth for reading in readings)
        year.daily.append(warmth)
        year.rain += sum(reading.rain for reading in readings)
        by_month[month_of(day)].append(warmth)
    year.months = {month: mean(days) for month, days in by_month.items()}
    return year


def parse(lines: Iterable[str]) -> Iterator[Reading]:
    """Yields the readings of the lines that are whole."""
    for line in lines:
        match = LINE.match(line)
        if match is not None:
            day, hour, warmth, rain = match.groups()
            yield Reading(int(day), int(hour), float(warmth), float(rain))


def smooth(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Evens out jumps that no weather makes."""
    last = None
    for reading in readings:
        if last is not None and abs(reading.warmth - last.warmth) > 8:
            reading.warmth = (reading.warmth + last.warmth) / 2
        last = reading
        yield reading


def by_day(readings: Iterable[Reading]) -> Iterator[tuple[int, list[Reading]]]:
    """Yields each day with its readings."""
    today: list[Reading] = []
    for reading in readings:
        if today and reading.day != today[0].day:
            yield today[0].day, today
            today = []
        today.append(reading)
    if today:
        yield today[0].day, today


def month_of(day: int) -> int:
    """The month of a day of the year, near enough for an almanac."""
    return min(12, 1 + int(day / DAYS_A_MONTH))


def mean(numbers: Iterable[float]) -> float:
    """The mean of at least one number."""
    values = list(numbers)
    return sum(values) / len(values)
