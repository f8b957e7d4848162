"""A Debian forky system in a folder of the cache: it brings Python 3.14 and 3.15.

Where a machine lacks these, root can lay out such a system with debootstrap, once. The folder's
name tells what is in it, so that a system with other packages is never taken for it. Whoever uses
it holds a lock on it, so that it is removed only when nobody does.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
from typing import IO

from places import CACHE, locked, take

PYTHONS = ("3.14", "3.15")
# Beside the interpreters what their tests need: CPython's own tests, and a C compiler.
PACKAGES = sorted(
    [
        "gcc",
        "libc6-dev",
        *(f"python{version}" for version in PYTHONS),
        *(f"libpython{version}-testsuite" for version in PYTHONS),
    ]
)
_KEY = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
SYSTEM = CACHE / f"forky-{_KEY}"
_LOCK = SYSTEM.with_suffix(".lock")


class LayOutError(Exception):
    """The system could not be laid out; the message says why."""


def obstacle() -> str:
    """Why there can't be such a system here; empty where there can."""
    if os.geteuid() != 0:
        return "root can run it from a Debian forky system"
    if not SYSTEM.is_dir() and shutil.which("debootstrap") is None:
        return "a Debian forky system has it, but debootstrap is missing"
    return ""


@functools.cache
def hold() -> IO[str] | None:
    """Keeps the system from being removed as long as this process lives."""
    return take(_LOCK, is_shared=True)


def lay_out(limit_seconds: float | None = None) -> None:
    """Makes the system where it is missing, or raises `LayOutError`."""
    with locked(CACHE / "forky.lock"):
        if not SYSTEM.is_dir():
            _remove_others()
            _debootstrap(limit_seconds)
        os.utime(SYSTEM)


def _debootstrap(limit_seconds: float | None) -> None:
    print(f"laying out a Debian forky system in {SYSTEM}; this takes a minute or two", flush=True)
    # Made beside its place and moved there, so that an interrupted start leaves no half system.
    growing = SYSTEM.with_suffix(".growing")
    shutil.rmtree(growing, ignore_errors=True)
    # An older debootstrap does not know forky by name, but all of Debian's suites are laid out
    # alike: its script for sid serves. The empty argument is the mirror, its default.
    make = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    try:
        made = subprocess.run(
            [*make, "forky", str(growing), "", "sid"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=limit_seconds,
        )
    except subprocess.TimeoutExpired:
        raise LayOutError(f"debootstrap was not done within {limit_seconds:.0f} s") from None
    if made.returncode != 0:
        raise LayOutError(f"debootstrap failed:\n{made.stdout[-2000:]}")
    lacking = [name for name in PYTHONS if not (growing / f"usr/bin/python{name}").exists()]
    if lacking:
        raise LayOutError(f"Debian forky has no Python {', '.join(lacking)}")
    # Debian's packages, once unpacked, are of no use.
    shutil.rmtree(growing / "var/cache/apt/archives", ignore_errors=True)
    growing.rename(SYSTEM)


def _remove_others() -> None:
    """Removes systems with other packages that nobody is using."""
    for folder in CACHE.glob("forky-*"):
        if folder.is_dir() and folder.stem != SYSTEM.name:
            lock = take(folder.with_suffix(".lock"), waits=False)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                lock.close()
