"""Where an interpreter is not what it says it is, the engine does not start: no crash, no lie."""

from __future__ import annotations

import platform
import sys

import pytest

VERSION = f"3.{sys.version_info[1]}"
OTHERS = [f"3.{minor}" for minor in range(9, 17) if minor != sys.version_info[1]]


@pytest.fixture
def verdicts(runner, program):
    """Records on tampered interpreters: what each case says, after none has crashed."""

    def run(*words: str) -> dict[str, str]:
        done = runner.python(program("tampered.py"), *words)
        assert done.returncode == 0, done.stderr
        lines = [line.split("|", 2) for line in done.stdout.splitlines()]
        assert [case for case, _, _ in lines] == list(words[1:])
        assert [(case, status) for case, status, _ in lines if status != "0"] == []
        return {case: said for case, _, said in lines}

    return run


@pytest.mark.skipif(platform.machine() != "x86_64", reason="it changes instructions of a function")
def test_no_other_versions_layout_is_believed(verdicts):
    said = verdicts("is", VERSION, *OTHERS)
    assert said.pop(VERSION) == "right"
    assert {case: what for case, what in said.items() if what in ("right", "wrong", "")} == {}
    assert "3.16 is not known" in said["3.16"]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="interpreters tell offsets from 3.13 on")
def test_a_wrong_offset_in_the_interpreters_table_is_noticed_or_does_not_matter(verdicts):
    # What stands before are the cookie, the version, and whether it is free-threaded.
    said = verdicts("offset", *map(str, range(3, 64)))
    assert {word: what for word, what in said.items() if what in ("wrong", "")} == {}
    # Those of threads, frames, code objects and the data stack matter.
    assert sum(what != "right" for what in said.values()) >= 10
