"""Measures Python's sampling profilers on the same programs and prints a table.

    python bench/peers [--quick] [--python 3.13]… [--rate 1000]… [TOOL…]

Everything it needs it brings: each profiler is installed into an environment of its own. docs/
benchmarks.md says what each figure is. As root, since py-spy, austin and `profiling.sampling` look
at other processes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(CHECKOUT / "scripts"), str(CHECKOUT / "tests")]

# The path has to be set before these can be found.
import accuracy  # noqa: E402
import interpreters  # noqa: E402
import slowdown  # noqa: E402
from report import table  # noqa: E402
from running import FailedError  # noqa: E402
from tools import TOOLS, Place  # noqa: E402

if TYPE_CHECKING:
    from tools import Tool

VERSIONS = ("3.11", "3.13", "3.14", "3.15")
RATES = (100.0, 1000.0, 10000.0)


def main() -> int:
    """Measures what was asked for, by default everything."""
    parser = argparse.ArgumentParser(prog="python bench/peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("tools", nargs="*", metavar="TOOL", help="by default all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the time")
    parser.add_argument("--python", action="append", choices=VERSIONS)
    parser.add_argument("--rate", action="append", type=float, help="samples a second")
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    wanted = parser.parse_args()
    wheel = next((CHECKOUT / "target" / "wheels").glob("*.whl"), None)
    if wheel is None:
        print("there is no wheel; ./check wheel builds it", file=sys.stderr)
        return 2
    factor = 0.1 if wanted.quick else 1.0
    print(f"{dt.datetime.now(dt.timezone.utc).date()}, {cpu_name()}, Linux {platform.release()}\n")
    rows = []
    for version in wanted.python or VERSIONS:
        places: dict[str, Place | str] = {}
        for tool in TOOLS:
            if (wanted.tools and tool.name not in wanted.tools) or version not in tool.versions:
                continue
            if tool.needs not in places:
                places[tool.needs] = prepared(tool.needs, version, wheel)
            place = places[tool.needs]
            for rate in wanted.rate or RATES:
                row: dict[str, Any] = {"tool": tool.name, "python": version, "asked": rate}
                row.update(
                    {"failed": [place]}
                    if isinstance(place, str)
                    else measured(tool, place, rate, factor)
                )
                rows.append(row)
                print(json.dumps(row), file=sys.stderr, flush=True)
    if wanted.json:
        wanted.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(table(rows))
    return 0


def prepared(needs: str, version: str, wheel: Path) -> Place | str:
    """Where a tool has been installed, or why it could not be."""
    try:
        found = interpreters.find(version)
        place = found.for_tests(f"peer-{needs}", HERE / "needs" / f"{needs}.txt")
        place.prepare(wheel if needs == "nothing" else None)
    except interpreters.UnavailableError as reason:
        return str(reason)
    folder = interpreters.ENVIRONMENTS / "peers" / f"{version}-{needs}"
    folder.mkdir(parents=True, exist_ok=True)
    return Place(place, folder)


def measured(tool: Tool, place: Place, rate: float, factor: float) -> dict[str, Any]:
    """All figures of one tool; what fails is told, and the rest goes on."""
    row: dict[str, Any] = {}
    kinds = (
        *(accuracy.stacks, accuracy.shares, accuracy.depth, accuracy.threads),
        *(slowdown.windows, slowdown.cpu),
    )
    for kind in kinds:
        try:
            row.update(kind(tool, place, rate, factor))
        except (FailedError, OSError, ValueError, LookupError) as reason:
            row.setdefault("failed", []).append(f"{kind.__name__}: {reason}")
    return row


def cpu_name() -> str:
    """What the processor calls itself."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
