"""Measures Python's profilers on the same programs; prints tables and draws them.

    python bench/peers [--length 0.1] [--python 3.13]… [--rate 1000]… [--part NAME]… [TOOL…]
    python bench/peers --json FILE --show

The page goes to standard output, a picture of each table into target/peers, or where `--pictures`
says; the figures of each row as they are there, and the names of the pictures, to standard error.

Everything it needs it brings: ours is built from this checkout, each other profiler installed into
an environment of its own. docs/benchmarks.md says what each figure is. As root, since py-spy,
austin and `profiling.sampling` look at other processes.

With `--json`, each row is kept as soon as it is there, and what the file holds from an earlier run
stays: a long measurement can be made in parts. `--show` measures nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(HERE), *(str(CHECKOUT / name) for name in ("bench", "scripts", "tests"))]

# The path has to be set before these can be found.
import measure  # noqa: E402
import report  # noqa: E402
from environments import InstallError  # noqa: E402
from interpreters import UnavailableError  # noqa: E402
from results import Results  # noqa: E402
from tools import TOOLS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools import Tool

VERSIONS = ("3.11", "3.13", "3.14", "3.15")
RATES = (100.0, 1000.0, 10000.0)
PICTURES = CHECKOUT / "target" / "peers"


def main() -> int:
    """Measures what was asked for, by default everything."""
    wanted = parsed()
    results = Results.load(wanted.json)
    if not wanted.show:
        places = measure.Places(built_wheel())
        for tool, version in selected(wanted):
            measure.rows(tool, version, places, wanted, results)
    print(report.text(results), flush=True)
    try:
        measure.pictures(results, wanted.pictures)
    except (InstallError, UnavailableError, OSError, subprocess.SubprocessError) as reason:
        print(f"no pictures: {reason}", file=sys.stderr)
        return 1
    return 0


def built_wheel() -> Path:
    """Ours, as it is in this checkout."""
    # What is printed here is the page.
    subprocess.run([str(CHECKOUT / "check"), "wheel"], check=True, stdout=sys.stderr)
    return next((CHECKOUT / "target" / "wheels").glob("*.whl"))


def parsed() -> argparse.Namespace:
    """What is meant by the words of the command line."""
    parser = argparse.ArgumentParser(prog="python bench/peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    names = [tool.name for tool in TOOLS]
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=f"of {', '.join(names)}")
    parser.add_argument("--length", type=float, default=1.0, help="0.1: a tenth of the time")
    parser.add_argument("--python", action="append", choices=VERSIONS)
    parser.add_argument("--rate", action="append", type=float, help="samples a second")
    at_one = f"by default all, but at other rates than {measure.ONE_RATE:,.0f} not the last ones"
    parser.add_argument("--part", action="append", choices=measure.PARTS, help=at_one)
    parser.add_argument("--json", type=Path, help="where the figures are kept")
    parser.add_argument("--show", action="store_true", help="only show what the file has")
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        default=PICTURES,
        help="where a picture of each table is drawn (default: target/peers in the checkout)",
    )
    wanted = parser.parse_args()
    if unknown := set(wanted.tools) - set(names):
        parser.error(f"no such tool: {', '.join(sorted(unknown))}")
    if wanted.show and wanted.json is None:
        parser.error("--show needs --json")
    wanted.python = wanted.python or VERSIONS
    wanted.rate = wanted.rate or RATES
    return wanted


def selected(wanted: argparse.Namespace) -> Iterator[tuple[Tool, str]]:
    """Each tool on each Python."""
    for version in wanted.python:
        for tool in TOOLS:
            if not wanted.tools or tool.name in wanted.tools:
                yield tool, version


if __name__ == "__main__":
    sys.exit(main())
