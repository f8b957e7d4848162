"""What pyflame costs, in instructions, against `budgets.json`.

Counts are exact (`counts.py`), so a budget is tight: more than the allowed excess is a regression,
and so much less is a budget that no longer guards. A new compiler may move a count, too; then the
budget is set anew, alone in its commit.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import pytest
from cost import counts

BUDGETS = Path(__file__).with_name("budgets.json")
# Of two builds of one Python, each executes other instructions for the same program.
BUILD = f"CPython {platform.python_version()}, {platform.python_compiler()}"


def assert_within_budget(what: str, count: int) -> None:
    """Compares a count with its budget, or with that for this build of Python."""
    budgets = json.loads(BUDGETS.read_text(encoding="utf-8"))
    allowed = budgets["allowed_percent"]
    budget = budgets["instructions"][what]
    if isinstance(budget, dict):
        if BUILD not in budget and not os.environ.get("CI"):
            pytest.skip(f"not compared: {what} has no budget for {BUILD}; it takes {count}")
        assert BUILD in budget, f'{BUDGETS.name} has no {what} for this Python: "{BUILD}": {count}'
        budget = budget[BUILD]
    excess = 100 * (count - budget) / budget
    said = f"{what} takes {count} instructions, {excess:+.2f} % of the budget of {budget}"
    assert excess <= allowed, f"{said}: what has made it dearer?"
    assert excess >= -allowed, f"{said}: lower the budget in {BUDGETS.name}, so that it guards"


def test_a_capture_by_the_handler():
    assert_within_budget("capture", counts.of_the_handler())


def test_a_picture():
    assert_within_budget("picture", counts.of_a_picture())


def test_the_import():
    assert_within_budget("import", counts.of_the_import())
