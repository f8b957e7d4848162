"""Threads whose thread states C code treats as Python itself never does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("programs") / "foreign_threads.c"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The threads, compiled."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("not run: no cc")
    library = tmp_path_factory.mktemp("foreign") / "foreign_threads.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SOURCE, "-lpthread"], check=True)
    return str(library)


@pytest.mark.parametrize(
    ("scenario", "seen"), [("leaves", ["after"]), ("loses", ["after", "foreign_work"])]
)
def test_a_thread_is_seen_running_whatever_became_of_other_states(
    runner, program, library, scenario, seen
):
    done = runner.python(program("foreign_threads.py"), library, scenario)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == seen
