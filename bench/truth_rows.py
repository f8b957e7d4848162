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
CLOCKS = {"wall": "wall clock", "cpu": "CPU clock"}


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
        rate = f"{1 / interval:,.0f} Hz"
        found = f"{impossible} in {samples:,} samples"
        yield Row(f"impossible stacks at {rate}", "0", found, impossible == 0)
        share = uncaptured / samples
        what = f"samples without a stack at {rate}"
        yield Row(what, "≤ 0.1 %", f"{100 * share:.3f} %", share <= 0.001)


def shares(run: Run) -> Iterator[Row]:
    """The shares of a program that times its own phases: the one that is nearest to its bar."""
    facts = run.record("phases", 0.001, seconds=10)
    for position, clock in enumerate(("wall", "cpu")):
        truth = {name: times[position] for name, times in json.loads(facts["stdout"]).items()}
        measured = dict.fromkeys(truth, 0)
        for stack in parse(facts[clock]):
            for frame in stack.frames:
                if frame.name in measured:
                    measured[frame.name] += stack.microseconds
        total, seen = sum(truth.values()), sum(measured.values())
        found = []
        for name, time in truth.items():
            error = measured[name] / seen - time / total
            found.append((error, tolerance(time / total, seen / 1000), time / total))
        error, allowed, true = max(found, key=lambda one: abs(one[0]) / one[1])
        worst = f"{100 * error:+.2f} of {100 * true:.1f} % (allowed: {100 * allowed:.2f} points)"
        what = f"shares of {len(found)} phases by the {CLOCKS[clock]}, the worst"
        yield Row(what, "3 standard errors", worst, abs(error) <= allowed)


def rate(run: Run) -> Iterator[Row]:
    """Samples delivered of those asked for, and the time that they stand for."""
    for interval, bar in ((0.001, 0.99), (0.0001, 0.95)):
        facts = run.record("calls", interval, seconds=5)
        delivered = facts["samples"] * interval / facts["duration"]
        what = f"rate delivered at {1 / interval:,.0f} Hz"
        yield Row(what, f"≥ {100 * bar:.0f} %", f"{100 * delivered:.1f} %", delivered >= bar)
        total = sum(stack.microseconds for stack in parse(facts["wall"])) / 1e6
        error = total / facts["duration"] - 1
        what = f"sum of the weights against the wall time at {1 / interval:,.0f} Hz"
        yield Row(what, "within 1 %", f"{100 * error:+.2f} %", abs(error) <= 0.01)


def depth(run: Run) -> Iterator[Row]:
    """The deepest recursion."""
    facts = run.record("abyss", 0.001, seconds=2)
    deepest = max(len(stack.frames) for stack in parse(facts["wall"]))
    lost = facts["uncaptured"]
    met = deepest > 50_000 and lost == 0
    yield Row("recursion of 50,000 frames", "nothing lost", f"{deepest:,} deep, {lost} lost", met)
