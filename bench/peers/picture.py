"""Draws each table as a picture: a panel for each figure, a bar for each profiler.

    python picture.py FOLDER < ROWS

Runs where matplotlib is, and prints the name of each picture. A bar's length is the figure, from
zero, and the figure stands beside it; one below zero has no bar. Ours is told from the others by
bold names and by hatching, not by its colour alone. The picture is 900 pixels wide, so that a page
shows it as large as it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from columns import APPLICATIONS, COST, TRUTH, Column, high, low, whole
from matplotlib.figure import Figure
from report import by_table
from tools import OURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from results import Row

ACROSS = 3
WIDTH_INCHES, ROW_INCHES, HEAD_INCHES = 900 / 96, 0.2, 0.5
OUR_COLOR, OTHER_COLOR, QUIET_COLOR = "#b3420b", "#9db4c8", "#555555"
BEST = {low: "", high: " (more is better)", whole: " (100 % is best)"}
# Of the applications, how much slower they get.
PANELS = [
    *(column for group in (*TRUTH, *COST) for column in group.columns if column.badness),
    *(group.columns[0] for group in APPLICATIONS),
]


def main() -> None:
    """Draws all of them."""
    folder = Path(sys.argv[1])
    rows = [row for row in json.load(sys.stdin) if "release" in row]
    # Text stays text, and equal rows give equal files.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "peers", "font.size": 8.5})
    mpl.rcParams["font.sans-serif"] = ["DejaVu Sans", "Verdana", "sans-serif"]
    for version, rate, shown in by_table(rows):
        panels = [
            column for column in PANELS if any(column.shown(row) is not None for row in shown)
        ]
        if panels:
            figure = picture(f"Python {version}, {rate:,.0f} samples a second", panels, shown)
            path = folder / f"peers-{version}-{rate:.0f}.svg"
            figure.savefig(path, metadata={"Date": None})
            print(path)


def picture(title: str, panels: list[Column], rows: list[Row]) -> Figure:
    """All panels of one table."""
    down = -(-len(panels) // ACROSS)
    height = down * (len(rows) * ROW_INCHES + HEAD_INCHES) + 0.5
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    figure.suptitle(f"{title}; less is better where nothing else is said", fontsize=9)
    axes = figure.subplots(down, ACROSS, sharey=True, squeeze=False).flatten()
    for column, place in zip(panels, axes):
        panel(place, column, rows)
    for place in axes[len(panels) :]:
        place.set_axis_off()
    return figure


def panel(axes: Axes, column: Column, rows: list[Row]) -> None:
    """One figure of each profiler."""
    values = [max(0.0, column.shown(row) or 0.0) for row in rows]
    is_ours = [row["tool"] == OURS.name for row in rows]
    axes.barh(
        range(len(rows)),
        values,
        height=0.62,
        color=[OUR_COLOR if ours else OTHER_COLOR for ours in is_ours],
        hatch=["////" if ours else "" for ours in is_ours],
        edgecolor="white",
    )
    longest = max(values) or 1.0
    for place, (row, value, ours) in enumerate(zip(rows, values, is_ours)):
        axes.annotate(
            column.text(row),
            (value, place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold" if ours else "normal",
            color="black" if column.shown(row) is not None else QUIET_COLOR,
        )
    axes.set_title(
        f"{column.title}{BEST[column.badness]}", loc="left", fontsize=9, fontweight="bold"
    )
    # Room for the figures beside the bars.
    axes.set_xlim(0, longest * 1.75)
    axes.set_xticks([])
    axes.set_yticks(range(len(rows)), [row["tool"] for row in rows])
    axes.tick_params(left=False)
    for label, ours in zip(axes.get_yticklabels(), is_ours):
        label.set_fontweight("bold" if ours else "normal")
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    axes.spines[["top", "right", "bottom"]].set_visible(False)


if __name__ == "__main__":
    main()
