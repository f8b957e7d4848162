"""`./demo` and the way to `./check` in a fresh clone, without the network."""

from __future__ import annotations

import pytest
from doors import wheelhouse
from doors.shell import BUILD_LIMIT_SECONDS, CHECKOUT, LIMIT_SECONDS, frames_of

# Optimised, it takes minutes; what is optimised is tested by all else.
QUICKLY_BUILT = {
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
}


@pytest.fixture(scope="module")
def clone(shared_shell):
    """A clone of what is committed, in which `./demo` has run; and what that said."""
    folder = shared_shell.folder / "clone"
    wheels = shared_shell.folder / "wheels"
    wheels.mkdir()
    wheelhouse.fill(wheels, "maturin")
    shared_shell.run("git", "clone", "--quiet", str(CHECKOUT), str(folder)).succeeded()
    given = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), **QUICKLY_BUILT}
    said = shared_shell.run("./demo", cwd=folder, env=given, limit_seconds=BUILD_LIMIT_SECONDS)
    said.succeeded()
    return folder, said.stdout


def test_the_demo_says_where_the_picture_is(clone):
    folder, said = clone
    assert f"open {folder}/demo.svg in a browser" in said


def test_the_picture_of_the_demo_opens(clone):
    folder, _ = clone
    assert {"main", "MainThread"} <= set(frames_of(folder / "demo.svg"))


def test_the_demo_leaves_nothing_that_git_would_take(shared_shell, clone):
    folder, _ = clone
    assert shared_shell.run("git", "status", "--porcelain", cwd=folder).succeeded().stdout == ""


def test_the_check_begins(shared_shell, clone):
    folder, _ = clone
    said = shared_shell.run("./check", "--help", cwd=folder, limit_seconds=LIMIT_SECONDS)
    assert "usage: ./check" in said.succeeded().stdout
