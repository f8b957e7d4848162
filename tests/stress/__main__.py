"""The stress test: programs that are hard to sample, at 20 kHz, for as long as one wants.

    python tests/stress [--seconds 60] [--interval 0.00005] [--brief] [--jobs 1] [PROGRAM…]

Each program runs in a process of its own, watched from here. It passes if it ends as it does
without a profiler, shows no stack that CPython does not show too (`judge.py`), loses hardly any
(`losses.py`), and leaves no thread, no file descriptor, no signal handler and no memory behind.
What was counted is printed for each, and what could not be run is named at the end.

Some programs go on until they have made as many threads or profilers as they say (`# at least: `),
if the time is over before; `--brief` leaves that out.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from directives import Directives  # noqa: E402 (the path has to be set first)
from judge import Judge  # noqa: E402
from losses import losses  # noqa: E402
from truth.stacks import Stack, parse  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

# How long the oracle looks. It looks on where it has not seen a stack yet: what a program shows in
# so short a time is chance, as which of its threads has the GIL. A stack that it can't have is not
# shown however long one looks.
ORACLE_SECONDS = (0.5, 5, 50)
# Starting, writing the result, and whatever a loaded machine adds.
PATIENCE_SECONDS = 60
# For what has to be made however long it takes: some minutes, and more on a loaded machine.
PATIENCE_FOR_COUNTS_SECONDS = 1800
# The variable with the name of the file where programs write what they recorded themselves.
TOLD = "PYFLAME_STRESS_TOLD"
# What a program prints that can't be run, or before the part of it that can't.
NOT_RUN = "not run: "


class StressError(Exception):
    """A program did not pass; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """How each program is to be run."""

    seconds: float
    interval: float
    is_brief: bool


@dataclass(frozen=True)
class Outcome:
    """How it went with one program."""

    name: str
    line: str
    has_failed: bool = False
    not_run: str = ""

    @property
    def has_passed(self) -> bool:
        """Whether it ran, if only in part, and nothing was wrong."""
        return not self.has_failed and not self.was_skipped

    @property
    def was_skipped(self) -> bool:
        """Whether nothing of it could be run."""
        return self.line.startswith(NOT_RUN)


def run(program: Path, wanted: Wanted, folder: Path) -> Outcome:
    """Runs one program, or raises `StressError`."""
    said = Directives.of(program)
    result, told = folder / "result.json", folder / "told"
    at_least = 0 if wanted.is_brief else said.at_least
    arguments = [str(result), str(wanted.interval), str(program), str(wanted.seconds)]
    record = ["-X", "faulthandler", str(HERE / "record.py"), *arguments, str(at_least)]
    patience = PATIENCE_FOR_COUNTS_SECONDS if at_least else PATIENCE_SECONDS
    output = watch(record, wanted.seconds + patience, told).strip()
    if output.startswith(NOT_RUN):
        return Outcome(program.stem, output, not_run=output[len(NOT_RUN) :])
    facts = json.loads(result.read_text(encoding="utf-8"))
    if facts["engine"] != "signal":
        raise StressError(f"the engine was {facts['engine']}")
    stacks = list(parse(facts["by_line"]))
    captured = [stack for stack in [*stacks, *told_stacks(told)] if stack.is_captured]
    if impossible := problems(program, said, captured, folder / "oracle.json"):
        raise StressError(f"{len(impossible)} impossible stacks: {impossible[0]}")
    lost = list(losses(facts, stacks, said))
    if lost:
        raise StressError("; ".join(lost))
    counted = (
        f"{facts['samples']:>9,} samples {facts['rate']:>7,.0f} Hz"
        f" {facts['uncaptured']:>6,} uncaptured {facts['retaken']:>6,} retaken"
    )
    line = f"{counted}  {output}"
    return Outcome(program.stem, line.rstrip(), not_run=output.partition(NOT_RUN)[2])


def problems(program: Path, said: Directives, stacks: Sequence[Stack], oracle: Path) -> list[str]:
    """What is wrong with the stacks that the program can't have had."""
    judge = Judge(program, said)
    found: list[str] = []
    for seconds in ORACLE_SECONDS:
        look = [str(HERE.parent / "truth" / "oracle.py"), str(program), str(oracle)]
        watch([*look, str(seconds), "0"], seconds + PATIENCE_SECONDS, Path(os.devnull))
        judge.learn(oracle)
        found = [problem for stack in stacks if (problem := judge.problem(stack))]
        if not found:
            break
    return found


def told_stacks(told: Path) -> list[Stack]:
    """What a program recorded itself.

    Where one thread was recorded, it is not named; one that begins in C may be that.
    """
    if not told.exists():
        return []
    return [stack for stack in parse(told.read_text(encoding="utf-8")) if stack.frames]


def watch(arguments: list[str], limit: float, told: Path) -> str:
    """Runs Python on the arguments and returns what it printed; hangs and crashes are failures."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, TOLD: str(told)},
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        # With faulthandler enabled, this signal prints where every thread hangs.
        process.send_signal(signal.SIGABRT)
        raise StressError(f"hung for {limit:.0f} s\n{last_words(process)}") from None
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        raise StressError(f"died of {name}\n{errors}")
    if process.returncode != 0 or errors:
        raise StressError(f"ended with status {process.returncode}\n{errors}")
    return output


def last_words(process: subprocess.Popen[str]) -> str:
    """What a hung process says when it is told to abort."""
    try:
        return process.communicate(timeout=10)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return "(it did not react to SIGABRT either)"


def attempt(program: Path, wanted: Wanted) -> Outcome:
    """Runs one program, whatever comes of it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return run(program, wanted, Path(folder))
        except StressError as failure:
            return Outcome(program.stem, f"FAILED: {failure}", has_failed=True)


def summary(outcomes: list[Outcome]) -> str:
    """How many passed, and what was not even tried."""
    failed = sum(outcome.has_failed for outcome in outcomes)
    passed = sum(outcome.has_passed for outcome in outcomes)
    counts = [f"{passed} passed", f"{failed} failed"]
    skipped = [outcome for outcome in outcomes if outcome.was_skipped]
    partly = [outcome for outcome in outcomes if outcome.has_passed and outcome.not_run]
    for few, how in ((skipped, "not run"), (partly, "run in part")):
        if few:
            names = ", ".join(f"{outcome.name} ({outcome.not_run})" for outcome in few)
            counts.append(f"{len(few)} {how}: {names}")
    return ", ".join(counts)


def main() -> int:
    """Runs the programs that were asked for, by default all, each for its share of the time."""
    programs = {path.stem: path for path in sorted((HERE / "programs").glob("*.py"))}
    parser = argparse.ArgumentParser(prog="python tests/stress", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help=f"of {', '.join(programs)}")
    parser.add_argument("--seconds", type=float, default=60, help="for all together (60)")
    parser.add_argument("--interval", type=float, default=0.00005, help="in seconds (0.00005)")
    parser.add_argument(
        "--brief", action="store_true", help="ends with the time, however little was made by then"
    )
    parser.add_argument("--jobs", type=int, default=1, help="programs at a time (1)")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in programs:
            parser.error(f"no program is called {name}; there are {', '.join(programs)}")
    if asked.jobs < 1:
        parser.error("--jobs has to be 1 at least")
    chosen = [programs[name] for name in asked.names or programs]
    share = asked.seconds / len(chosen) * min(asked.jobs, len(chosen))
    wanted = Wanted(share, asked.interval, asked.brief)
    print(
        f"stress on Python {sys.version.split()[0]}: {share:.1f} s each, every {asked.interval} s"
    )
    outcomes = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for outcome in pool.map(lambda path: attempt(path, wanted), chosen):
            print(f"{outcome.name:20} {outcome.line}", flush=True)
            outcomes.append(outcome)
    print(f"stress: {summary(outcomes)}", flush=True)
    return 1 if any(outcome.has_failed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
