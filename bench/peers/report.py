"""The figures of all profilers as tables, and in which of them ours is not best."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from columns import TABLES
from tools import OURS, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from columns import Column, Group
    from results import Results, Row


def text(results: Results) -> str:
    """A page in Markdown: tables for each Python and rate, below each what has to be said of it."""
    parts = [HEAD, *(f"- {run}" for run in results.runs), "", *summary(results.rows)]
    for version, rate, shown in by_table(results.rows):
        parts.append(f"\n## Python {version}, {rate:,.0f} Hz")
        for all_groups in TABLES:
            groups = [group for group in all_groups if has_figures(group, shown)]
            if groups:
                parts += ["", *table(groups, shown), "", verdict(groups, shown)]
        parts += [f"\n{row['tool']}: {why(row)}" for row in shown if row.get("failed")]
    return "\n".join(parts)


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """In which figures others are better than ours, and in how many tables.

    What chance can explain does not count; of a figure without an error that is not known.
    """
    better: Counter[tuple[str, str]] = Counter()
    compared: Counter[tuple[str, str]] = Counter()
    for _, _, shown in by_table(rows):
        for found in findings([group for groups in TABLES for group in groups], shown):
            column = found.column
            better.update((column.title, row["tool"]) for row in found.apart)
            having = [row for row in shown if column.shown(row) is not None]
            compared.update((column.title, row["tool"]) for row in having)
    if ours_of(rows) is None:
        yield "Ours was not measured."
        return
    if not better:
        yield "In none of the tables below is another better than ours, chance left aside."
        return
    yield "Others are better than ours in these figures, each in so many of the tables with it."
    yield "What twice the standard error explains, where a figure has one, does not count:"
    yield ""
    for title in dict.fromkeys(title for title, _ in better):
        tools = [name for name in NAMES if (title, name) in better]
        counts = [f"{name} in {better[title, name]} of {compared[title, name]}" for name in tools]
        yield f"- {title}: {', '.join(counts)}"


def by_table(rows: Sequence[Row]) -> Iterator[tuple[str, float, list[Row]]]:
    """The rows of each Python and rate, in the order of the tools."""
    ordered = sorted(rows, key=lambda row: NAMES.index(row["tool"]))
    for key in sorted({(row["python"], row["asked"]) for row in rows}):
        yield *key, [row for row in ordered if (row["python"], row["asked"]) == key]


def has_figures(group: Group, rows: Sequence[Row]) -> bool:
    """Whether anything of a table's column was measured."""
    return any(column.shown(row) is not None for column in group.columns for row in rows)


def table(groups: Sequence[Group], rows: Sequence[Row]) -> Iterator[str]:
    """The lines of one table; who was not measured at all has none."""
    yield "| profiler | " + " | ".join(group.title for group in groups) + " |"
    yield "|---" * (len(groups) + 1) + "|"
    for row in rows:
        if "release" in row:
            cells = [" · ".join(column.text(row) for column in group.columns) for group in groups]
            yield f"| {named(row)} | {' | '.join(cells)} |"


def verdict(groups: Sequence[Group], rows: Sequence[Row]) -> str:
    """Where others are better than ours, by name and figure."""
    ours = ours_of(rows)
    if ours is None:
        return "Ours was not measured here."
    found = findings(groups, rows)
    better = [text for one in found for text in beside(one.column, ours, one.apart)]
    unsure = [text for one in found for text in beside(one.column, ours, one.unsure)]
    said = [f"Ours is not best in: {'; '.join(better)}."] if better else []
    if unsure:
        said.append(f"Better by no more than chance: {'; '.join(unsure)}.")
    return "\n".join(said) or "No other is better than ours in any of these."


class Finding(NamedTuple):
    """Who is better than ours in one figure, the best one first."""

    column: Column
    apart: list[Row]
    """By more than chance."""
    unsure: list[Row]
    """By no more than that."""


def findings(groups: Sequence[Group], rows: Sequence[Row]) -> list[Finding]:
    """What was found of each figure of one table of which there is a better and a worse."""
    ours = ours_of(rows)
    if ours is None:
        return []
    others = [row for row in rows if row is not ours]
    found = []
    for column in (column for group in groups for column in group.columns if column.badness):
        best = ahead(column, ours, others)
        apart = [row for row in best if column.is_apart(row, ours)]
        found.append(Finding(column, apart, [row for row in best if row not in apart]))
    return found


def ours_of(rows: Sequence[Row]) -> Row | None:
    """The row of ours, where it was measured."""
    return next((row for row in rows if row["tool"] == OURS.name), None)


def beside(column: Column, ours: Row, others: Sequence[Row]) -> list[str]:
    """Our figure and those of some others, where there are any."""
    named = [f"{column.text(row)} ({row['tool']})" for row in others]
    return [f"{column.title} {column.text(ours)}, beside {', '.join(named)}"] if named else []


def ahead(column: Column, ours: Row, others: Sequence[Row]) -> list[Row]:
    """Who has a better figure, the best one first."""
    assert column.badness is not None  # noqa: S101 - only such columns are asked for
    own = column.shown(ours)
    if own is None and not ours.get("failed"):
        return []  # It was not asked for.
    ranked = [
        (column.badness(shown), row) for row in others if (shown := column.shown(row)) is not None
    ]
    ranked.sort(key=lambda pair: pair[0])
    return [row for badness, row in ranked if own is None or badness < column.badness(own)]


def why(row: Row) -> str:
    """What was not measured of a row, and why."""
    return "; ".join(f"{part}: {reason}" for part, reason in row["failed"].items())


def named(row: Row) -> str:
    """A tool and its version, which may be in its name."""
    name: str = row["tool"]
    return name if row["release"] in name else f"{name} ({row['release']})"


NAMES = [tool.name for tool in TOOLS]

HEAD = """# Profilers beside each other

Written by `python bench/peers`; [benchmarks.md](benchmarks.md) says what each figure is, and how it
is measured. These are from:
"""
