"""Recording a part of a run, and looking at it while it goes on."""

from __future__ import annotations

import signal
import time

import pyflame
import pytest
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


def test_a_picture_of_a_run_that_goes_on(runner, engine):
    """`kill -URG` asks for what there is so far; the program hears nothing of it."""
    runner.write(
        "script.py",
        f"""{PHASES}
{UNTIL_LOOKED_AT}
began = time.monotonic()
first(began + 0.3)
second(began + 0.6)
until_looked_at(20, by=None)
# What was seen is let out of the process at the first look after 40 ms (outlet.rs).
spin_until(time.monotonic() + 0.2)
until_looked_at(20, by=None)
print("spun", flush=True)
sys.stdin.readline()
third(time.monotonic() + 0.3)
until_looked_at(20, by=None)
""",
    )
    began = time.monotonic()
    process = runner.start_pyflame("--engine", engine, "-o", "x.folded", "script.py")
    assert process.out.line() == b"spun\n"
    process.send(signal.SIGURG)
    assert b"(the program goes on) -> x.folded" in process.err.line()
    so_far = pyflame.Profile.from_folded((runner.folder / "x.folded").read_text())
    lasted = time.monotonic() - began
    process.type(b"\n")
    assert process.wait() == 0
    assert process.err.rest().count(b" -> x.folded") == 1
    whole = pyflame.Profile.from_folded((runner.folder / "x.folded").read_text())
    assert ";first (" in so_far.folded()
    assert ";second (" in so_far.folded()
    assert ";third (" not in so_far.folded()
    assert ";third (" in whole.folded()
    # Folded text counts microseconds, of which there is no unit in it.
    assert 0 < so_far.samples < whole.samples
    assert so_far.samples <= lasted * 1e6
