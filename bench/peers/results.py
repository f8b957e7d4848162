"""All rows that were measured, in memory and in a file."""

from __future__ import annotations

import datetime as dt
import json
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
    machines: list[str] = field(default_factory=list)
    """When and where they were measured: more than one where a file was continued."""

    @classmethod
    def load(cls, path: Path | None) -> Results:
        """What a file holds; nothing, where there is none."""
        if path is None or not path.exists():
            return cls(path)
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, kept["rows"], kept["machines"])

    def row(self, tool: str, python: str, asked: float) -> Row:
        """The row that is there, or a new one."""
        name = {"tool": tool, "python": python, "asked": asked}
        for row in self.rows:
            if name.items() <= row.items():
                return row
        self.rows.append(name)
        return name

    def keep(self) -> None:
        """Notes where a row was measured, and writes all."""
        here = machine()
        if here not in self.machines:
            self.machines.append(here)
        if self.path is not None:
            kept = {"machines": self.machines, "rows": self.rows}
            self.path.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def machine() -> str:
    """The day, the processor and the kernel."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    processor = found[1] if found else platform.machine()
    day = dt.datetime.now(dt.timezone.utc).date()
    return f"{day}, {processor}, Linux {platform.release()}"
