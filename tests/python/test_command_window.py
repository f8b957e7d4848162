"""Recording a part of a run, and looking at it while it goes on."""

from __future__ import annotations

import signal
import subprocess
import sys

import pyflame
import pytest

PHASES = """
import sys, time

def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

def first(): spin(0.5)
def second(): spin(0.5)
def third(): spin(0.5)

first()
second()
third()
"""


@pytest.fixture(params=["signal", "fallback"])
def engine(request) -> str:
    return request.param


def test_a_delay_and_a_duration(runner, engine):
    runner.write("script.py", PHASES)
    options = ["--engine", engine, "--delay", "0.7", "-d", "0.6", "-o", "x.pyflame"]
    result = runner.pyflame(*options, "script.py")
    assert result.returncode == 0
    assert "(the program goes on) -> x.pyflame" in result.stderr
    assert result.stderr.count("\n") == 1
    profile = pyflame.Profile.load(runner.folder / "x.pyflame")
    # The delay counts from the start of the command, the interpreter's own start included.
    assert profile.duration == pytest.approx(0.6, abs=0.1)
    assert profile.wall_time == pytest.approx(0.6, abs=0.1)
    folded = profile.folded()
    assert ";first (" not in folded
    assert ";second (" in folded
    assert ";third (" in folded


def test_a_program_that_ends_before_its_recording_begins_or_ends(runner, engine):
    runner.write("script.py", "print(1)")
    for options in (["--delay", "60"], ["-d", "60"]):
        result = runner.pyflame(*options, "--engine", engine, "-o", "x.svg", "script.py")
        assert (result.returncode, result.stdout) == (0, "1\n")
        assert result.stderr.endswith(" -> x.svg\n")


@pytest.mark.parametrize("value", ["x", "-1", "nan", "inf", ""])
@pytest.mark.parametrize("option", ["--delay", "--duration"])
def test_times_that_are_none(runner, option, value):
    result = runner.pyflame(option, value, "-c", "print(1)")
    assert (result.returncode, result.stdout) == (2, "")
    assert option in result.stderr
    assert "a number of seconds" in result.stderr


def test_a_picture_of_a_run_that_goes_on(runner, engine):
    """`kill -URG` asks for what there is so far; the program hears nothing of it."""
    runner.write("script.py", PHASES + "print('spun', flush=True); sys.stdin.readline(); third()")
    command = [sys.executable, "-m", "pyflame", "--engine", engine, "-o", "x.folded", "script.py"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=runner.folder, **pipes) as process:
        assert process.stdout.readline() == b"spun\n"
        process.send_signal(signal.SIGURG)
        assert b"(the program goes on) -> x.folded" in process.stderr.readline()
        so_far = (runner.folder / "x.folded").read_text()
        _, said = process.communicate(b"\n", 30)
        assert process.returncode == 0
    assert ";second (" in so_far
    assert said.count(b" -> x.folded") == 1
    microseconds = sum(int(line.rsplit(" ", 1)[1]) for line in so_far.splitlines())
    assert 1.4e6 < microseconds < 1.9e6
    whole = (runner.folder / "x.folded").read_text()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in whole.splitlines()) > microseconds + 0.4e6
