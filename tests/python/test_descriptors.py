"""The program's descriptors are its own: none of ours comes between them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anywhere

END_OF_A_PIPE = """
import os, pyflame
reader, writer = os.pipe()
with pyflame.Profiler():
    os.close(writer)
    print(os.read(reader, 1))
"""


def test_the_lowest_free_number_is_always_the_same(runner, program):
    words = ("-q", "-r", "10000", "-o", "x.folded", program("lowest_free.py"))
    result = runner.pyflame(*words)
    assert result.stdout == "[]\n", result.stderr
    assert ";rest (" in (runner.folder / "x.folded").read_text()


def test_a_pipe_ends_where_the_program_closes_it(runner):
    result = runner.python("-c", END_OF_A_PIPE)
    assert result.stdout == "b''\n", result.stderr
