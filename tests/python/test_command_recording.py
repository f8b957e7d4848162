"""Recordings (``-o x.pyflame``) and what ``render`` and ``diff`` make of them."""

from __future__ import annotations

import pyflame
import pytest
from looks import UNTIL_LOOKED_AT

pytestmark = pytest.mark.anywhere

PROGRAM = (
    UNTIL_LOOKED_AT
    + """
import threading, time

def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    until_looked_at()

def other():
    spin(0.05)

def main():
    thread = threading.Thread(target=other, name="other one")
    thread.start()
    spin(0.05)
    thread.join()
    before = wakes_of("pyflame")
    while not is_looked_at_since(before):
        time.sleep(0.05)

main()
"""
)


@pytest.fixture
def recorded(runner, tmp_path_factory):
    """The bytes of a recording of the program above, made in a folder of its own."""
    runner = type(runner)(tmp_path_factory.mktemp("recorded"))
    runner.write("work.py", PROGRAM)
    result = runner.pyflame("-o", "work.pyflame", "work.py")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.endswith(" -> work.pyflame\n")
    return (runner.folder / "work.pyflame").read_bytes()


def test_a_recording_is_drawn_as_a_run_draws(runner, recorded):
    path = runner.write("w.pyflame", recorded)
    result = runner.pyflame("render", "w.pyflame", "-o", "w.svg")
    profile = pyflame.Profile.load(path)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"pyflame: {profile.samples:,} samples -> w.svg\n"
    picture = (runner.folder / "w.svg").read_text()
    assert picture == profile.svg()
    assert ">work.py<" in picture
    assert "other one" in picture
    assert " Hz" in picture


def test_a_recording_is_told_by_its_first_bytes_and_not_by_its_name(runner, recorded):
    path = runner.write("w.txt", recorded)
    folded = pyflame.Profile.load(path).folded()
    assert runner.pyflame("render", "w.txt", "--format", "folded").stdout == folded
    with path.open("rb") as stream:
        result = runner.pyflame("render", "-", "--format", "folded", stdin=stream)
    assert result.stdout == folded


def test_several_recordings_are_summed_up(runner, recorded):
    path = runner.write("a.pyflame", recorded)
    one = pyflame.Profile.load(path)
    runner.write("b.pyflame", recorded)
    result = runner.pyflame("render", "-q", "a.pyflame", "b.pyflame", "-o", "sum.pyflame")
    assert (result.returncode, result.stderr) == (0, "")
    assert pyflame.Profile.load(runner.folder / "sum.pyflame").folded() == one.merge(one).folded()
    # Appended to each other they are the same.
    runner.write("both.pyflame", recorded + recorded)
    assert pyflame.Profile.load(runner.folder / "both.pyflame").samples == 2 * one.samples
    drawn = runner.pyflame("render", "a.pyflame", "b.pyflame", "-o", "-").stdout
    assert ">a.pyflame and 1 more<" in drawn


def test_recordings_are_compared(runner, recorded):
    runner.write("a.pyflame", recorded)
    runner.write("b.pyflame", recorded)
    result = runner.pyflame("diff", "a.pyflame", "b.pyflame", "--format", "folded")
    lines = [line.rsplit(" ", 2) for line in result.stdout.splitlines()]
    assert lines
    assert all(before == after for _, before, after in lines)
    # Text that we wrote compares with the recording that it came from, once it is said to be time.
    runner.pyflame("render", "-q", "a.pyflame", "-o", "a.folded")
    refused = runner.pyflame("diff", "a.folded", "b.pyflame", "-o", "d.svg")
    assert refused.returncode == 1
    assert "say `--unit us`" in refused.stderr
    drawn = runner.pyflame("diff", "--unit", "us", "a.folded", "b.pyflame", "-o", "d.svg")
    assert drawn.returncode == 0


def test_what_is_measured_and_whose_lines_are_shown_is_chosen_when_it_is_drawn(runner, recorded):
    profile = pyflame.Profile.load(runner.write("w.pyflame", recorded))

    def folded(*options):
        return runner.pyflame("render", *options, "w.pyflame", "--format", "folded").stdout

    wall, cpu = folded(), folded("--mode", "cpu")
    assert "[waiting]" in wall
    assert "[waiting]" not in cpu
    assert (wall, cpu) == (profile.folded(), profile.folded("cpu"))
    main = folded("--threads", "main")
    assert "other (" not in main
    assert main == profile.filter(["MainThread"]).folded()
    assert folded("--by-line") == profile.folded(by_line=True) != wall


def test_a_run_tells_lines_apart_where_that_is_wanted(runner):
    path = runner.write("work.py", PROGRAM)
    lines = PROGRAM.partition("def spin(")[0].count("\n")
    definition = f"spin ({path}:{lines + 1})"
    for options in [(), ("--by-line",)]:
        runner.pyflame("-q", *options, "-o", "w.folded", "work.py")
        text = (runner.folder / "w.folded").read_text()
        frames = {
            frame for line in text.splitlines() for frame in line.rsplit(" ", 1)[0].split(";")
        }
        labels = {frame for frame in frames if frame.startswith("spin (")}
        assert labels
        assert (labels != {definition}) == bool(options)


def test_a_recording_without_a_name_lies_where_the_program_was_started(runner):
    result = runner.pyflame("--format", "pyflame", "-c", "sum(range(10**6))")
    assert result.returncode == 0
    assert runner.files() == ["command.pyflame"]


def test_a_damaged_recording_is_drawn_as_far_as_it_goes(runner, recorded):
    whole = pyflame.Profile.from_bytes(recorded)
    runner.write("w.pyflame", recorded + recorded[: len(recorded) // 2])
    result = runner.pyflame("render", "w.pyflame", "-o", "w.folded")
    assert result.returncode == 0
    warning, closing = result.stderr.splitlines()
    lost = len(recorded) // 2 - 9
    assert warning == (
        f"pyflame: warning: w.pyflame is damaged: {lost} bytes can't be read: at byte "
        f"{len(recorded) + 9}, a chunk is cut off"
    )
    assert closing.endswith(" -> w.folded")
    assert (runner.folder / "w.folded").read_text() == whole.folded()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("render", "half"), "nothing is left of `half`: "),
        (("render", "later"), "update pyflame"),
        (("render", "whole", "text"), "`whole` is a recording and `text` is folded text"),
        (("render", "whole", "counted"), "don't count the same"),
        (("render", "--mode", "cpu", "text"), "`--mode` is for recordings"),
        (("diff", "--by-line", "text", "text"), "`--by-line` is for recordings"),
        (("render", "text", "--format", "pyflame"), "`text` is folded text, of which there is no"),
    ],
)
def test_what_makes_no_sense_is_an_error_and_no_file(runner, recorded, words, message):
    files = {
        "whole": recorded,
        "half": recorded[: len(recorded) // 2],
        "later": recorded[:8] + b"\x02" + recorded[9:],
        "text": "main;work 3\n",
        "counted": pyflame.Profile.from_folded("main;work 3\n").to_bytes(),
    }
    for name, content in files.items():
        runner.write(name, content)
    output = () if "--format" in words else ("-o", "x.svg")
    result = runner.pyflame(*words, *output)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("pyflame: error: ")
    assert message in result.stderr
    assert runner.files() == sorted(files)


def test_a_difference_is_no_recording(runner):
    result = runner.pyflame("diff", "a", "b", "-o", "d.pyflame")
    assert result.returncode == 2
    assert "a difference is none" in result.stderr


NESTED = (
    UNTIL_LOOKED_AT
    + """
import pyflame

def spin():
    until_looked_at()

with pyflame.Profiler(threads="all") as profiler:
    spin()
print(profiler.profile.folded())
"""
)


@pytest.mark.parametrize("way", [("nested.py",), ("-m", "nested")])
def test_a_profiler_within_a_program_shows_what_it_shows_without_the_command(runner, way):
    runner.write("nested.py", NESTED)

    def callers_of_spin(said):
        return {line.partition(";spin ")[0] for line in said.splitlines() if ";spin " in line}

    without = callers_of_spin(runner.python("nested.py").stdout)
    within = callers_of_spin(runner.pyflame("-q", "-o", "x.folded", *way).stdout)
    assert len(without) == 1
    assert within == without
