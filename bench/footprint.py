"""The row about memory."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from row import NotMeasuredError, Row, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent


def memory(run: Run) -> Iterator[Row]:
    """Peak memory of a long recording, as the Rust example measures it."""
    del run
    example = ["cargo", "run", "--quiet", "--release", "-p", "pyflame-profile"]
    try:
        said = subprocess.run(
            [*example, "--example", "memory"],
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMeasuredError(f"the Rust example did not run ({error})") from error
    found = re.search(r"peak (\d+) MB", said)
    if found is None:
        raise NotMeasuredError(f"the Rust example said {said!r}")
    met = int(found[1]) < 150
    yield Row("10 million samples over 100,000 stacks", "< 150 MB", f"{found[1]} MB", met)
