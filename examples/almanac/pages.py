"""Writes the pages: a small template language, charts and maps."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parsing import Year
    from stations import Station

TAG = re.compile(r"\{(\w+)\}")
PAGE = "<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
MONTH_NAMES = "January February March April May June July August September October November December"


def render(template: str, **values: str) -> str:
    """Fills in a template's tags."""
    return TAG.sub(lambda tag: values[tag.group(1)], template)


def station_page(station: Station, year: Year) -> str:
    """The page of a station: its chart, a table, and the numbers for other programs."""
    numbers = json.dumps({"months": year.months, "daily": year.daily, "rain": year.rain}, indent=1)
    body = chart(year.daily) + table(year) + f"<pre>{escape(numbers)}</pre>"
    return render(PAGE, title=station.name, body=body)


def month_page(month: int, heat: list[list[float]]) -> str:
    """The page of a month: its map."""
    return render(PAGE, title=MONTH_NAMES.split()[month - 1], body=heat_map(heat))


def chart(daily: list[float]) -> str:
    """A line through the days of a year."""
    smooth = [weighted_mean(daily, day) for day in range(len(daily))]
    points = " ".join(f"{day},{50 - value:.1f}" for day, value in enumerate(smooth))
    return f'<svg viewBox="0 0 {len(daily)} 100"><polyline points="{points}"/></svg>'


def weighted_mean(daily: list[float], day: int) -> float:
    """The mean around a day; the further a day is, the less it counts."""
    total = weights = 0.0
    for other in range(max(0, day - 7), min(len(daily), day + 8)):
        weight = 8 - abs(day - other)
        total += weight * daily[other]
        weights += weight
    return total / weights


def table(year: Year) -> str:
    """A row for each month."""
    rows = (
        f"<tr><td>{name}</td><td>{year.months[month]:+.1f}</td></tr>"
        for month, name in enumerate(MONTH_NAMES.split(), 1)
    )
    return f"<table>{''.join(rows)}</table>"


def heat_map(heat: list[list[float]]) -> str:
    """A map as coloured squares."""
    squares = "".join(
        f'<rect x="{x}" y="{y}" width="1" height="1" fill="{colour(warmth)}"/>'
        for y, row in enumerate(heat)
        for x, warmth in enumerate(row)
    )
    return f'<svg viewBox="0 0 {len(heat)} {len(heat)}">{squares}</svg>'


def colour(warmth: float) -> str:
    """Blue for cold, red for warm."""
    red = max(0, min(255, int(128 + warmth * 6)))
    return f"rgb({red},96,{255 - red})"


def escape(text: str) -> str:
    """Makes text safe to stand in a page."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
