"""``pyflame render`` and ``pyflame diff``: folded text in, a picture or text out."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from looks import UNTIL_LOOKED_AT
from started import LIMIT_SECONDS

pytestmark = pytest.mark.anywhere

FOLDED = "main (a.py:1);work (a.py:5) 3\nmain (a.py:1);rest (a.py:9) 1\n"


def test_a_recording_is_drawn_and_what_was_done_is_said(runner):
    runner.pyflame("-q", "-o", "x.folded", "-c", UNTIL_LOOKED_AT + "until_looked_at()")
    result = runner.pyflame("render", "--unit", "us", "x.folded", "-o", "x.svg")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("pyflame: ")
    assert result.stderr.endswith(" -> x.svg\n")
    ET.parse(runner.folder / "x.svg")


def test_standard_input_goes_to_standard_output(runner):
    result = runner.pyflame("render", "-", "--format", "folded", input=FOLDED)
    lines = sorted(FOLDED.splitlines())
    assert (result.returncode, result.stdout.splitlines(), result.stderr) == (0, lines, "")
    drawn = runner.pyflame("render", "-", input=FOLDED)
    assert drawn.returncode == 0
    ET.fromstring(drawn.stdout.encode())


def test_a_difference_has_both_counts(runner):
    runner.write("a.txt", "x 1\ny 1\n")
    runner.write("b.txt", "x 3\nz 1\n")
    result = runner.pyflame("diff", "a.txt", "b.txt", "--format", "folded")
    assert result.stdout == "x 2 3\ny 2 0\nz 0 1\n"
    result = runner.pyflame("diff", "--as-measured", "a.txt", "b.txt", "-o", "d.svg", "-q")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert runner.files() == ["a.txt", "b.txt", "d.svg"]


def test_a_reader_that_leaves_is_no_error(runner):
    runner.write("a.txt", "".join(f"main;f{number};g 1\n" for number in range(20_000)))
    command = [sys.executable, "-m", "pyflame", "render", "a.txt"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as nobody_reads:
        result = subprocess.run(
            command,
            cwd=runner.folder,
            stdout=nobody_reads,
            stderr=subprocess.PIPE,
            check=False,
            timeout=LIMIT_SECONDS,
        )
    assert (result.returncode, result.stderr) == (0, b"")


def test_lines_that_are_no_stacks_are_named_and_left_out(runner):
    runner.write("a.txt", FOLDED + "hello\n")
    result = runner.pyflame("render", "a.txt", "-o", "a.svg")
    assert result.returncode == 0
    assert result.stderr.startswith("pyflame: warning: a.txt: line 3: no count")


def test_nothing_readable_is_an_error_and_no_file(runner):
    runner.write("a.txt", "hello\n")
    for words in [("render", "a.txt"), ("render", "none.txt"), ("diff", "a.txt", "a.txt")]:
        result = runner.pyflame(*words, "-o", "x.svg")
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith("pyflame: error: ")
        assert result.stderr.count("\n") == 1
    assert runner.files() == ["a.txt"]


def test_the_arguments_of_flamegraph_pl_are_taken(runner):
    runner.write("a.txt", FOLDED)
    result = runner.pyflame("render", "a.txt", "-a", "--title 'Two sums' --inverted")
    assert ">Two sums<" in result.stdout
    refused = runner.pyflame("render", "a.txt", "-a", "--frobnicate")
    assert refused.returncode == 2
    assert "frobnicate" in refused.stderr


def test_sums_and_differences_can_be_pages_to_print(runner):
    runner.write("a.txt", FOLDED)
    for words in [("render", "a.txt"), ("diff", "a.txt", "a.txt")]:
        result = runner.pyflame(*words, "-q", "-o", "page.pdf")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        page = (runner.folder / "page.pdf").read_bytes()
        assert page.startswith(b"%PDF-1.7")
        assert page.endswith(b"%%EOF")


def test_a_script_of_that_name_can_still_be_run(runner):
    runner.write("render", "print('mine')")
    result = runner.pyflame("-q", "./render")
    assert (result.returncode, result.stdout) == (0, "mine\n")
    assert "render.svg" in runner.files()
