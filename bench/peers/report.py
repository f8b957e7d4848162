"""The figures of all profilers as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("impossible", "impossible stacks", lambda value: f"{value:.2%}"),
    ("lost", "lost", lambda value: f"{value:.2%}"),
    ("distance", "distance of shares, points", lambda value: f"{100 * value:.2f}"),
    ("distance by chance", "by chance", lambda value: f"{100 * value:.2f}"),
    ("rate", "rate of asked", lambda value: f"{value:.0%}"),
    ("slowdown", "slowdown", lambda value: f"{value:+.1%}"),
    ("cpu per sample", "CPU a sample, µs", lambda value: f"{1e6 * value:.0f}"),
    ("memory", "peak MB", lambda value: f"{value:.0f}"),
    ("after", "end to output, s", lambda value: f"{value:.2f}"),
    ("depth", "deepest", lambda value: f"{value:,.0f}"),
    ("threads", "threads of 40", lambda value: f"{value:.0f}"),
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A table in Markdown for each Python and rate."""
    parts = []
    for version, rate in dict.fromkeys((row["python"], row["asked"]) for row in rows):
        parts.append(f"\n### Python {version}, {rate:,.0f} Hz\n")
        parts.append("| profiler | " + " | ".join(title for _, title, _ in COLUMNS) + " |")
        parts.append("|---" * (len(COLUMNS) + 1) + "|")
        shown = [row for row in rows if (row["python"], row["asked"]) == (version, rate)]
        parts.extend(f"| {row['tool']} | {' | '.join(cells(row))} |" for row in shown)
        failed = [row for row in shown if "failed" in row]
        parts.extend(f"\n{row['tool']}: {'; '.join(row['failed'])}" for row in failed)
    return "\n".join(parts)


def cells(row: dict[str, Any]) -> list[str]:
    """The figures of one profiler; what was not measured is a dash."""
    return [
        show(row[key]) if key in row and not math.isnan(row[key]) else "-"
        for key, _, show in COLUMNS
    ]
