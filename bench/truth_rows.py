"""The rows about truth: impossible stacks, missed ones, shares, rate, depth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from row import Row, Run
from truth.shares import tolerance
from truth.stacks import Legal, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGETS = (
    "calls",
    "generators",
    "coroutines",
    "recursion",
    "decorators",
    "comprehensions",
    "closures",
    "classes",
    "exceptions",
)


def stacks(run: Run) -> Iterator[Row]:
    """Impossible stacks, and samples without a stack."""
    for interval in (0.001, 0.0001):
        impossible = uncaptured = samples = 0
        for name in TARGETS:
            facts = run.record(name, interval, seconds=5)
            legal = Legal(run.target(name), run.oracle(name), by_line=True)
            for stack in parse(facts["by_line"]):
                impossible += stack.is_captured and legal.problem(stack.frames) is not None
            uncaptured += facts["uncaptured"]
            samples += facts["samples"]
        rate = f"{1 / interval:,.0f} Hz, {samples:,} samples"
        yield Row(f"impossible stacks, {rate}", "0", str(impossible), impossible == 0)
        share = uncaptured / samples
        yield Row(f"uncaptured, {rate}", "<= 0.1 %", f"{share:.3%}", share <= 0.001)


def shares(run: Run) -> Iterator[Row]:
    """The shares of a program that times its own phases."""
    facts = run.record("phases", 0.001, seconds=10)
    for position, clock in enumerate(("wall", "cpu")):
        truth = {name: times[position] for name, times in json.loads(facts["stdout"]).items()}
        measured = dict.fromkeys(truth, 0)
        for stack in parse(facts[clock]):
            for frame in stack.frames:
                if frame.name in measured:
                    measured[frame.name] += stack.microseconds
        total, seen = sum(truth.values()), sum(measured.values())
        for name, time in truth.items():
            error = measured[name] / seen - time / total
            allowed = tolerance(time / total, seen / 1000)
            bar = f"within {100 * allowed:.2f} points"
            found = f"{100 * error:+.2f} of {100 * time / total:.1f} %"
            yield Row(f"share of {name} ({clock})", bar, found, abs(error) <= allowed)


def rate(run: Run) -> Iterator[Row]:
    """Samples delivered of those asked for, and the time that they stand for."""
    for interval, bar in ((0.001, 0.99), (0.0001, 0.95)):
        facts = run.record("calls", interval, seconds=5)
        delivered = facts["samples"] * interval / facts["duration"]
        what = f"rate delivered at {1 / interval:,.0f} Hz"
        yield Row(what, f">= {bar:.0%}", f"{delivered:.1%}", delivered >= bar)
        total = sum(stack.microseconds for stack in parse(facts["wall"])) / 1e6
        error = total / facts["duration"] - 1
        what = f"weights against wall time at {1 / interval:,.0f} Hz"
        yield Row(what, "within 1 %", f"{error:+.2%}", abs(error) <= 0.01)


def depth(run: Run) -> Iterator[Row]:
    """The deepest recursion."""
    facts = run.record("abyss", 0.001, seconds=2)
    deepest = max(len(stack.frames) for stack in parse(facts["wall"]))
    lost = facts["uncaptured"]
    met = deepest > 50_000 and lost == 0
    yield Row("recursion", "50,000 deep, 0 lost", f"{deepest:,} deep, {lost} lost", met)
