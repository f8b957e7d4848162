"""Runs every check and test of the project: Rust, Python on each interpreter, the stress test.

Everything runs, also after a failure, so that one run tells all that is wrong; only what needs
something that could not be had or built is failed without being run. What could not be tested here
is named at the end; where `CI` is set, it has failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import IO, NoReturn

import interpreters
import places
import running
import table
from places import CACHE, CHECKOUT
from pool import WORKERS, Pool
from results import Summary

# A mirror may be away for so long.
FETCH_LIMIT_SECONDS = 600
# The whole of the usual run ends by itself before CI ends it without a summary.
RUN_LIMIT_SECONDS = 80 * 60
LONG_RUN_LIMIT_SECONDS = 24 * 3600


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="./check", description="Runs every check and test.")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"one of {', '.join(table.STEPS)}")
    parser.add_argument(
        "--python",
        action="append",
        choices=interpreters.SUPPORTED,
        metavar="VERSION",
        help="only on this interpreter, for example 3.12; may be given again",
    )
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument(
        "--quick",
        action="store_true",
        help="the inner loop: Rust, lints, types, tests on one Python",
    )
    how_much.add_argument(
        "--long", action="store_true", help="an hour of stress, long fuzzing, new random inputs"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        default=os.environ.get("CI", "") not in {"", "0", "false"},
        help="what could not be tested has failed (as with CI=true)",
    )
    parser.add_argument(
        "--jobs", type=int, default=WORKERS, metavar="N", help=f"at a time ({WORKERS})"
    )
    parser.add_argument("--list", action="store_true", help="print the jobs and run none")
    asked = parser.parse_args()
    for step in asked.steps:
        if step not in table.STEPS:
            parser.error(f"no step is called {step}; there are {', '.join(table.STEPS)}")
    if asked.jobs < 1:
        parser.error("--jobs has to be 1 at least")
    return asked


def wanted(asked: argparse.Namespace, started: float) -> table.Wanted:
    """The steps and versions of a run."""
    usual = table.QUICK if asked.quick else [s for s in table.STEPS if s not in table.LONG_ONLY]
    steps = tuple(asked.steps or (table.STEPS if asked.long else usual))
    own = [interpreters.own_version()]
    versions = tuple(asked.python or (own if asked.quick else interpreters.SUPPORTED))
    return table.Wanted(steps, versions, started + FETCH_LIMIT_SECONDS, asked.quick, asked.long)


def keep_target() -> IO[str] | None:
    """Has cargo build in the cache where CI is set: what is kept there is not built again.

    One checkout has the folder at a time. Cargo tells by times of change what is stale, and names
    the crates of two checkouts alike; so ours are built anew, and only the others are kept.
    """
    if not os.environ.get("CI") or "CARGO_TARGET_DIR" in os.environ:
        return None
    rustc = shutil.which("rustc") or "rustc"
    said = subprocess.run([rustc, "-vV"], capture_output=True, text=True, check=True).stdout
    release = re.search(r"^release: (\S+)", said, re.MULTILINE)
    folder = CACHE / f"target-{release[1] if release else 'unknown'}"
    lock = places.take(folder.with_suffix(".lock"), waits=False)
    if lock is None:
        return None
    os.environ["CARGO_TARGET_DIR"] = str(folder)
    ours = [word for path in (CHECKOUT / "crates").iterdir() for word in ("-p", path.name)]
    if folder.is_dir():
        for profile in ("dev", "release"):
            clean = ["cargo", "clean", "--offline", "--quiet", "--profile", profile, *ours]
            subprocess.run(clean, cwd=CHECKOUT, check=False)
    return lock


def interrupted(number: int, _frame: object) -> NoReturn:
    """Ends the run as an interrupt does."""
    raise KeyboardInterrupt(signal.Signals(number).name)


def main() -> int:
    """Runs the steps that were asked for, by default all."""
    asked = arguments()
    started = time.monotonic()
    running.reset_signals()
    signal.signal(signal.SIGTERM, interrupted)
    limit = LONG_RUN_LIMIT_SECONDS if asked.long else RUN_LIMIT_SECONDS
    summary = Summary(asked.strict)
    target = None
    try:
        places.remove_leftovers()
        target = keep_target()
        if asked.strict:
            # Tests take it from there that nothing may be skipped for want of something.
            os.environ["CI"] = "true"
        rows = table.Table(wanted(asked, started)).jobs()
        if asked.list:
            for job in rows:
                print(f"{job.limit_seconds:6.0f} s  {'alone' * job.is_alone:5}  {job.name}")
            return 0
        Pool(rows, summary, asked.jobs, started + limit).run()
    except KeyboardInterrupt:
        print("\n=== interrupted", flush=True)
        summary.close(time.monotonic() - started)
        return 130
    finally:
        if target is not None:
            target.close()
    return summary.close(time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
