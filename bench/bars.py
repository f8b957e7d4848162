"""Measures what the engine promises and prints a table, in the form that docs/benchmarks.md has it.

    python bench/bars.py [--quick] [ROW…]

Run it with an interpreter that has pyflame installed, on a machine that does nothing else. Nothing
here is a unit test: the figures depend on the machine, and a bar that is missed on a loaded one
says little. Rows that compare with py-spy need `pip install -r bench/requirements.txt`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

# The path has to be set before these can be found.
import code_deaths  # noqa: E402
import cost  # noqa: E402
import crowd  # noqa: E402
import footprint  # noqa: E402
import leaves  # noqa: E402
import machine  # noqa: E402
import short_calls  # noqa: E402
import starts  # noqa: E402
import truth_rows  # noqa: E402
from row import NotMeasuredError, Row, Run  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS: dict[str, Callable[[Run], Iterator[Row]]] = {
    "stacks": truth_rows.stacks,
    "shares": truth_rows.shares,
    "leaves": leaves.rows,
    "short": short_calls.rows,
    "rate": truth_rows.rate,
    "cost": cost.rows,
    "depth": truth_rows.depth,
    "crowd": crowd.rows,
    "memory": footprint.memory,
    "deaths": code_deaths.rows,
    "start": starts.command,
    "imports": starts.imports,
    "first": starts.recording,
    "fork": starts.child,
}


def main() -> int:
    """Measures what was asked for, by default everything."""
    parser = argparse.ArgumentParser(prog="python bench/bars.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the time, for a first look"
    )
    wanted = parser.parse_args()
    for name in wanted.rows:
        if name not in ROWS:
            parser.error(f"no row is called {name}; there are {', '.join(ROWS)}")
    print(f"{machine.with_python()}\n")
    print("| what | bar | measured |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), 0.1 if wanted.quick else 1.0)
        missed = sum(measure(name, run) for name in wanted.rows or ROWS)
    return 1 if missed else 0


def measure(name: str, run: Run) -> int:
    """Prints the rows of one kind as they are measured; returns how many missed their bar."""
    missed = 0
    try:
        for row in ROWS[name](run):
            missed += not row.met
            missed_it = "" if row.met else ", **missed**"
            print(f"| {row.what} | {row.bar} | {row.measured}{missed_it} |", flush=True)
    except NotMeasuredError as reason:
        print(f"| {name} | | not measured: {reason} |", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
