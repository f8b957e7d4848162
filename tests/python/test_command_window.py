"""Recording a part of a run, and looking at it while it goes on."""

from __future__ import annotations

import json
import signal
import time

import pyflame
import pytest
from gaps import most_off
from looks import UNTIL_LOOKED_AT

# Functions that compute until a time on the monotonic clock, which the test has, too.
PHASES = """
import sys, time

def spin_until(end):
    while time.monotonic() < end:
        pass

def first(end): spin_until(end)
def second(end): spin_until(end)
def third(end): spin_until(end)
"""
DELAY, DURATION = 0.7, 1.0
# Of the times that the test computes and those that the command does.
ROUNDING = 0.001


@pytest.fixture(params=["signal", "fallback"])
def engine(request) -> str:
    return request.param


def test_a_delay_and_a_duration(runner, engine):
    """The delay counts from the start of the command: later than that of the test, and earlier
    than that of the program, however long a machine takes for either."""
    runner.write(
        "script.py",
        f"""{PHASES}
began = time.monotonic()
first(float(sys.argv[1]) + {DELAY - ROUNDING})
second(began + {DELAY + DURATION + ROUNDING})
third(began + {DELAY + DURATION + 0.5})
""",
    )
    options = ["--delay", str(DELAY), "-d", str(DURATION), "-o", "x.pyflame"]
    began = str(time.monotonic())
    result = runner.pyflame("--engine", engine, *options, "script.py", began)
    assert result.returncode == 0
    assert "(the program goes on) -> x.pyflame" in result.stderr
    assert result.stderr.count("\n") == 1
    profile = pyflame.Profile.load(runner.folder / "x.pyflame")
    folded = profile.folded()
    assert ";first (" not in folded
    assert ";second (" in folded
    assert ";third (" not in folded
    # It begins when the sampling thread gets a CPU.
    assert 0 < profile.wall_time <= profile.duration + ROUNDING <= DURATION + 2 * ROUNDING


def test_a_program_that_ends_before_its_recording_begins_or_ends(runner, engine):
    runner.write("script.py", "print(1)")
    for options in (["--delay", "60"], ["-d", "60"]):
        result = runner.pyflame(*options, "--engine", engine, "-o", "x.svg", "script.py")
        assert (result.returncode, result.stdout) == (0, "1\n")
        assert result.stderr.endswith(" -> x.svg\n")


@pytest.mark.anywhere
@pytest.mark.parametrize("value", ["x", "-1", "nan", "inf", ""])
@pytest.mark.parametrize("option", ["--delay", "--duration"])
def test_times_that_are_none(runner, option, value):
    result = runner.pyflame(option, value, "-c", "print(1)")
    assert (result.returncode, result.stdout) == (2, "")
    assert option in result.stderr
    assert "a number of seconds" in result.stderr


@pytest.mark.parametrize("output", ["x.folded", "x.pyflame"])
def test_a_picture_of_a_run_that_goes_on(runner, engine, output):
    """`kill -URG` asks for what there is so far; the program hears nothing of it."""
    runner.write(
        "script.py",
        f"""{PHASES}
import json
{UNTIL_LOOKED_AT}
times = [time.monotonic()]
first(times[0] + 0.3)
second(times[0] + 0.6)
times.append(time.monotonic())
# What was recorded is let out of the process every few hundredths of a second, after a look.
spin_until(times[1] + 0.2)
until_looked_at(20, by=None)
print(json.dumps(times), flush=True)
sys.stdin.readline()
times = [time.monotonic()]
third(times[0] + 0.3)
times.append(time.monotonic())
print(json.dumps(times))
""",
    )
    process = runner.start_pyflame("--engine", engine, "-o", output, "script.py")
    first, second = json.loads(process.out.line())
    process.send(signal.SIGURG)
    assert f"(the program goes on) -> {output}" in process.err.line().decode()
    path = runner.folder / output
    so_far = read(path)
    process.type(b"\n")
    out = process.out.rest()
    assert process.wait() == 0
    assert process.err.rest().decode().count(f" -> {output}") == 1
    whole = read(path)
    assert ";second (" in so_far.folded()
    assert ";third (" not in so_far.folded()
    assert ";third (" in whole.folded()
    if output == "x.pyflame":
        began, ended = json.loads(out)
        assert so_far.wall_time >= second - first - most_off(so_far.longest_gap)
        more = whole.wall_time - so_far.wall_time
        assert more >= ended - began - most_off(whole.longest_gap)


def read(path):
    """What a file holds, a recording or folded text."""
    if path.suffix == ".pyflame":
        return pyflame.Profile.load(path)
    return pyflame.Profile.from_folded(path.read_text())
