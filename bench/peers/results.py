"""All rows that were measured, in memory and in a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import machine

if TYPE_CHECKING:
    from pathlib import Path

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
        here = f"{machine.described()}; {length:g} of the usual length"
        if here not in self.runs:
            self.runs.append(here)
        if self.path is not None:
            kept = {"runs": self.runs, "rows": self.rows}
            self.path.write_text(json.dumps(kept, indent=1), encoding="utf-8")
