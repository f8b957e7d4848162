"""Weather stations and their logs. The logs are made up, from a fixed seed, so every run is alike."""

from __future__ import annotations

import math
import random
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 72
DAYS = 365
NETWORK_DELAY_SECONDS = 0.01


class Station(NamedTuple):
    """A place that measures."""

    name: str
    east: float
    north: float


def all_stations() -> Iterator[Station]:
    """Yields the stations, spread over a square of 100 by 100 km."""
    chance = random.Random(1873)
    for number in range(COUNT):
        yield Station(f"station-{number:02}", chance.uniform(0, 100), chance.uniform(0, 100))


def download(station: Station) -> str:
    """Fetches a station's log; the wait stands for the network."""
    time.sleep(NETWORK_DELAY_SECONDS)
    return "\n".join(measure(station))


def measure(station: Station) -> Iterator[str]:
    """Yields one line for every six hours of a year, a few of them damaged on the way."""
    chance = random.Random(station.name)
    for day in range(DAYS):
        season = -math.cos(2 * math.pi * day / DAYS)
        for hour in (0, 6, 12, 18):
            warmth = 9 + 11 * season - station.north / 20 + 4 * math.sin(math.pi * hour / 24)
            reading = f"{warmth + chance.gauss(0, 2):+.1f}C"
            if chance.random() < 0.01:
                reading = "####"
            rain = max(0.0, chance.gauss(-1, 2))
            yield f"{day:03}T{hour:02}:00 temp={reading} rain={rain:.1f}mm wind={chance.randrange(80)}"
