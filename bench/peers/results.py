"""All rows that were measured, in memory and in a file."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass
class Results:
    """Rows, each of one tool on one Python at one rate."""

    path: Path | None = None
    rows: list[Row] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    """When, where and how they were measured: more than one where a file was continued."""

    @classmethod
    def load(cls, path: Path | None) -> Results:
        """What a file holds; nothing, where there is none."""
        if path is None or not path.exists():
            return cls(path)
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, kept["rows"], kept["runs"])

    def row(self, tool: str, python: str, asked: float) -> Row:
        """The row that is there, or a new one."""
        name = {"tool": tool, "python": python, "asked": asked}
        for row in self.rows:
            if name.items() <= row.items():
                return row
        self.rows.append(name)
        return name

    def keep(self, length: float) -> None:
        """Notes how a row was measured, and writes all."""
        here = f"{machine()}; {length:g} of the usual length"
        if here not in self.runs:
            self.runs.append(here)
        if self.path is not None:
            kept = {"runs": self.runs, "rows": self.rows}
            self.path.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def machine() -> str:
    """The day, the processor, how many there are of it, and the kernel."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    processor = found[1] if found else platform.machine()
    day = dt.datetime.now(dt.timezone.utc).date()
    return f"{day}, {processor}, {os.cpu_count()} CPUs, Linux {platform.release()}"
