"""What becomes of programs of the usual kinds: memory, a long call, a start, and applications."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import slowdown
import windows
from accuracy import phase_weights, share_lost
from running import PHASES, PROGRAMS, UNITS, last_json, record, run

if TYPE_CHECKING:
    from running import Figures
    from tools import Place, Tool

LOOK_SECONDS = 0.02
APPLICATIONS = ("templates", "parser", "round_trip", "arrays")


def memory(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """The memory of the program and the tool together at its highest, and of the program alone."""
    program = [str(PHASES), str(10 * factor)]
    for name, command in (
        ("memory", tool.run(place, rate)),
        ("memory alone", [place.python]),
    ):
        yield name, run(place, [*command, *program], LOOK_SECONDS).peak_megabytes


def long_call(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """How much of the time of one call into C that keeps the GIL the tool gives to that call."""
    program = PROGRAMS / "long_call.py"
    ran, seen = record(tool, place, rate, program, str(max(1.0, 5 * factor)))
    wall = last_json(ran.said)
    weights = phase_weights(seen, wall)
    found = sum(weights.values())
    truth = wall["c_call"] / sum(wall.values())
    yield "long call", weights["c_call"] / found / truth if found else math.nan


def start(tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """How much later a program that imports much says its last word, from the command's start."""
    program = PROGRAMS / "imports.py"
    command = [place.python, str(program)]
    run(place, command)  # Writes what it compiles, so that no later one has to.
    times = []
    for turn in range(2 * max(3, int(15 * factor)) + 1):
        ran = record(tool, place, rate, program)[0] if turn % 2 else run(place, command)
        times.append(ran.seconds - ran.after_seconds)
    found = windows.of_turns(times)
    yield "start slowdown", found.median
    yield "start slowdown error", found.error


def application(name: str, tool: Tool, place: Place, rate: float, factor: float) -> Figures:
    """How much longer an application takes, what is lost of it, and how long the output takes."""
    program = PROGRAMS / f"{name}.py"
    words = [str(program), "0", str(max(1.0, 4 * factor)), str(place.folder / "units")]
    ran, seen = record(tool, place, rate, UNITS, *words)
    yield f"{name} lost", share_lost(tool, seen.samples, seen.lost)
    yield f"{name} after", ran.after_seconds
    found = slowdown.of_program(tool, place, rate, max(3, int(8 * factor)), program)
    yield f"{name} slowdown", found.median
    yield f"{name} slowdown error", found.error
