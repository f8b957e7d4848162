"""How true a profile is: stacks that can't be, shares, rate, depth, threads.

A tool that counts calls has no samples, and its row says so; its times of functions have shares,
too.
"""

from __future__ import annotations

import functools
import json
import math
from types import CodeType
from typing import TYPE_CHECKING

from running import PHASES, PROGRAMS, TRUTH, FailedError, last_json, record, run
from stacks import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from running import Figures
    from stacks import Function, Seen, Stack
    from tools import Place, Tool

TARGETS = ("calls", "generators", "coroutines", "tasks", "recursion", "decorators")
NO_STACKS = "has no stacks"
NO_SAMPLES = "has no samples"
Steps = tuple["str | None", ...]


def stacks(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """Stacks that can't be, samples that are lost, and samples at all."""
    if not tool.has_samples:
        yield from {"impossible": NO_STACKS, "lost": NO_SAMPLES, "rate": NO_SAMPLES}.items()
        return
    impossible = captured = samples = 0.0
    lost: float | None = 0.0
    for target in TARGETS:
        program = TRUTH / "targets" / f"{target}.py"
        legal = legal_stacks(place, program)
        _, seen = record(tool, place, rate, program, str(4 * factor))
        for stack in seen.stacks:
            steps = own_steps(stack, program)
            captured += stack.weight
            impossible += stack.weight * bool(steps and steps not in legal)
        lost = None if lost is None or seen.lost is None else lost + seen.lost
        samples += seen.samples
        share = own_share(seen, program)
        if seen.stacks and not share:
            raise FailedError(f"of {program.name} it shows no function")
        if target == "calls":
            yield "rate", seen.samples * share / (4 * factor) / rate
    yield "impossible", impossible / captured if captured else math.nan
    yield "lost", share_lost(tool, samples, lost)


def own_share(seen: Seen, program: Path) -> float:
    """The share of the program's own code, which is no start and no end of an interpreter."""
    total = sum(stack.weight for stack in seen.stacks)
    own = sum(stack.weight for stack in seen.stacks if own_steps(stack, program))
    return own / total if total else 0.0


def share_lost(tool: Tool, samples: float, lost: float | None) -> float | str:
    """Samples without a stack of all samples."""
    if not tool.has_samples:
        return NO_SAMPLES
    if lost is None:
        return "does not say"
    return lost / (samples + lost) if samples + lost else math.nan


def depth(tool: Tool, place: Place, rate: float, _: float) -> Figures:
    """The deepest stack of a program that is 50,000 calls deep."""
    if not tool.has_samples:
        yield "depth", NO_STACKS
        return
    _ran, seen = record(tool, place, rate, TRUTH / "targets" / "abyss.py", "2")
    yield "depth", max((len(stack.functions) for stack in seen.stacks), default=0)


def threads(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """How many of forty threads are seen."""
    _, seen = record(tool, place, rate, PROGRAMS / "crowd.py", str(3 * factor))
    names = {function.name for stack in seen.stacks for function in stack.functions}
    yield "threads", sum(name.startswith("thread_") for name in names)


def shares(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """Half of the sum of all errors of a program that measures its own phases."""
    seconds = 10 * factor
    ran, seen = record(tool, place, rate, PHASES, str(seconds))
    wall = {name: times[0] for name, times in last_json(ran.said).items()}
    weights = phase_weights(seen, wall)
    found, total = sum(weights.values()), sum(wall.values())
    truth = {name: time / total for name, time in wall.items()}
    if not found:
        yield "distance", math.nan
    else:
        errors = [abs(weights[name] / found - share) for name, share in truth.items()]
        yield "distance", sum(errors) / 2
    yield "distance by chance", by_chance(truth.values(), taken(seen, found) or rate * seconds)
    yield "after", ran.after_seconds


def taken(seen: Seen, weight: float) -> float:
    """The samples of stacks that have so much weight together; none where a tool counts calls.

    A tool that looks less often than it was asked to knows less.
    """
    return seen.samples * weight / (sum(stack.weight for stack in seen.stacks) or 1.0)


def by_chance(shares: Iterable[float], samples: float) -> float:
    """The distance that so many independent samples have.

    The mean of how far they miss a share p is sqrt(2 p (1 - p) / (pi n)), as the error is normal.
    """
    return sum(math.sqrt(2 * p * (1 - p) / (math.pi * samples)) for p in shares) / 2


def phase_weights(seen: Seen, phases: dict[str, int]) -> dict[str, float]:
    """The weight of all stacks with each phase in them."""
    weights = dict.fromkeys(phases, 0.0)
    for stack in seen.stacks:
        for function in stack.functions:
            if function.name in weights:
                weights[function.name] += stack.weight
                break
    return weights


def legal_stacks(place: Place, program: Path) -> set[Steps]:
    """The stacks that a program can have, says CPython, by names alone."""
    result = place.folder / f"{program.stem}.oracle.json"
    if not result.exists():
        oracle = [str(TRUTH / "oracle.py"), str(program), str(result), "0.05"]
        run(place, [place.python, *oracle])
    known = json.loads(result.read_text(encoding="utf-8"))["stacks"]
    stacks = {tuple(None if step is None else plain(step[0]) for step in s) for s in known}
    # What a program imports may have been loaded already where the oracle looked.
    return {*stacks, ("<module>", None)}


def own_steps(stack: Stack, program: Path) -> Steps:
    """The program's own functions of a stack; None stands for any number of others between them."""
    steps: list[str | None] = []
    for function in stack.functions:
        if is_of(function, program):
            steps.append(function.name)
        elif steps and steps[-1] is not None:
            steps.append(None)
    return tuple(steps)


def is_of(function: Function, program: Path) -> bool:
    """Whether a function is the program's: some tools shorten paths.

    Where nothing but the file's name is left (`profiling.sampling`), another module may have the
    same, as `asyncio` has a `coroutines.py`; the program has no function of that name then.
    """
    if function.file == program.name:
        return function.name in names_in(program)
    return function.file == str(program) or function.file.endswith(f"/targets/{program.name}")


@functools.cache
def names_in(program: Path) -> frozenset[str]:
    """The names of all functions of a program, and of its module."""
    codes = [compile(program.read_bytes(), str(program), "exec")]
    for code in codes:
        codes += [const for const in code.co_consts if isinstance(const, CodeType)]
    return frozenset(code.co_name for code in codes)
