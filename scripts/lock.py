"""Remakes every lock file: `requirements.txt` from the `requirements.in` beside it, and so on.

    .venv/bin/python scripts/lock.py [--upgrade]

An input names what is wanted; its lock file names the one version of everything that this brings,
with the hashes of its files, for every Python from the oldest that uses it on. A version that is
locked stays as it is, unless the input rules it out or `--upgrade` is given.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

import installer
from places import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

# The oldest Python that each input is for; no entry, and it is for all that are supported.
OLDEST = {
    "tests/requirements.in": "3.10",
    "tests/browser/requirements.in": "3.10",
    "tests/django/requirements-4.2.in": "3.10",
    "tests/django/requirements-5.2.in": "3.11",
    "tests/django/requirements-6.0.in": "3.12",
    "tests/django/requirements-6.1.in": "3.13",
    "tests/doors/requirements.in": "3.12",
    "tests/jupyter/requirements-kernel.in": "3.11",
    "tests/jupyter/requirements.in": "3.13",
}
OLDEST_OF_ALL = "3.9"
# Those of which the packages that they name are all that is wanted.
ALONE = ("scripts/flamegraph.in",)


def inputs() -> list[Path]:
    """Every file that a lock file is made from."""
    folders = ("scripts", "tests", "bench")
    found = {path for folder in folders for path in (CHECKOUT / folder).rglob("*.in")}
    return sorted(found)


def lock(wanted: Path, *, is_upgraded: bool) -> None:
    """Makes one lock file."""
    name = str(wanted.relative_to(CHECKOUT))
    command = [str(installer.UV), "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--only-binary", ":all:", "--python-version", OLDEST.get(name, OLDEST_OF_ALL)]
    command += ["--custom-compile-command", "python scripts/lock.py"]
    command += ["--upgrade"] if is_upgraded else []
    command += ["--no-deps"] if name in ALONE else []
    command += [name, "--output-file", str(wanted.with_suffix(".txt"))]
    subprocess.run(command, cwd=CHECKOUT, env=installer.environment(), check=True)


def main() -> int:
    """Remakes them all, and says how long each has become."""
    parser = argparse.ArgumentParser(prog="python scripts/lock.py", description="Remakes locks.")
    parser.add_argument("--upgrade", action="store_true", help="to the newest that is allowed")
    asked = parser.parse_args()
    for path in inputs():
        lock(path, is_upgraded=asked.upgrade)
        made = path.with_suffix(".txt")
        lines = len(made.read_text(encoding="utf-8").splitlines())
        print(f"{lines:5} lines  {made.relative_to(CHECKOUT)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
