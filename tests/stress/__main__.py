"""The stress test: programs that are hard to sample, at 20 kHz, for as long as one wants.

    python tests/stress [--seconds 60] [--interval 0.00005] [PROGRAM…]

Each program runs in a process of its own, watched from here. It passes if it ends as it does
without a profiler, shows no stack that CPython does not show too, and leaves no thread, no file
descriptor, no signal handler and no memory behind. What was counted is printed for each.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from truth.stacks import Calls, parse  # noqa: E402 (the path has to be set first)

ORACLE_SECONDS = 0.5
# Starting, writing the result, and whatever a loaded machine adds.
PATIENCE_SECONDS = 60


# Of all samples. What is not believed for longer than moments is a kind of stack that isn't known,
# whose time would go to the stack that comes next.
MOST_RETAKEN = 0.1


class StressError(Exception):
    """A program did not pass; the message says why."""


def run(program: Path, seconds: float, interval: float, folder: Path) -> str:
    """Runs one program and returns the line to print, or raises `StressError`."""
    oracle, result = folder / "oracle.json", folder / "result.json"
    look = [str(HERE.parent / "truth" / "oracle.py"), str(program), str(oracle)]
    watch([*look, str(ORACLE_SECONDS)], PATIENCE_SECONDS)
    record = [str(HERE / "record.py"), str(result), str(interval), str(program), str(seconds)]
    said = watch(["-X", "faulthandler", *record], seconds + PATIENCE_SECONDS)
    facts = json.loads(result.read_text(encoding="utf-8"))
    if facts["engine"] != "signal":
        raise StressError(f"the engine was {facts['engine']}")
    calls = Calls(program, oracle)
    stacks = [stack for stack in parse(facts["by_line"]) if stack.is_captured]
    impossible = [problem for stack in stacks if (problem := calls.problem(stack.frames))]
    if impossible:
        raise StressError(f"{len(impossible)} impossible stacks: {impossible[0]}")
    if facts["retaken"] > MOST_RETAKEN * facts["samples"]:
        raise StressError(f"{facts['retaken']:,} retakes of {facts['samples']:,} samples")
    counted = (
        f"{facts['samples']:>9,} samples {facts['rate']:>7,.0f} Hz"
        f" {facts['uncaptured']:>6,} uncaptured {facts['retaken']:>6,} retaken"
    )
    return f"{counted}  {said.strip()}"


def watch(arguments: list[str], limit: float) -> str:
    """Runs Python on the arguments and returns what it printed; hangs and crashes are failures."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
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


def attempt(program: Path, seconds: float, interval: float) -> str | None:
    """Runs one program, prints how it went, and returns its name if it failed."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            line = run(program, seconds, interval, Path(folder))
        except StressError as failure:
            print(f"{program.stem:20} FAILED: {failure}", flush=True)
            return program.stem
    print(f"{program.stem:20} {line}", flush=True)
    return None


def main() -> int:
    """Runs the programs that were asked for, by default all, each for its share of the time."""
    programs = {path.stem: path for path in sorted((HERE / "programs").glob("*.py"))}
    parser = argparse.ArgumentParser(prog="python tests/stress", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help=f"of {', '.join(programs)}")
    parser.add_argument("--seconds", type=float, default=60, help="for all together (60)")
    parser.add_argument("--interval", type=float, default=0.00005, help="in seconds (0.00005)")
    wanted = parser.parse_args()
    for name in wanted.names:
        if name not in programs:
            parser.error(f"no program is called {name}; there are {', '.join(programs)}")
    chosen = [programs[name] for name in wanted.names or programs]
    share = wanted.seconds / len(chosen)
    print(
        f"stress on Python {sys.version.split()[0]}: {share:.1f} s each, every {wanted.interval} s"
    )
    failed = [name for path in chosen if (name := attempt(path, share, wanted.interval))]
    print(f"stress: {len(chosen) - len(failed)} passed, {len(failed)} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
