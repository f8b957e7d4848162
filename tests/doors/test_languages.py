"""Names that are not ASCII, whatever language the machine is set to."""

from __future__ import annotations

import os

import pytest
from doors.shell import BUSY, frames_of

# From 3.7 on, Python reads and writes UTF-8 in the locale "C", by one way or another (PEP 538 and
# 540); only who forbids both gets ASCII.
LANGUAGES = {
    "LANG": {"LANG": "C"},
    "LC_ALL": {"LC_ALL": "C"},
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
ASCII_IS_NOT_DONE = pytest.mark.xfail(
    strict=True, reason="issue 21, a12: a name that is not ASCII ends the command in such a locale"
)


@pytest.fixture(params=[*LANGUAGES])
def language(request):
    return LANGUAGES[request.param]


@pytest.fixture(
    params=["LANG", "LC_ALL", pytest.param("ASCII", marks=ASCII_IS_NOT_DONE)],
)
def language_of_names(request):
    return LANGUAGES[request.param]


def test_a_function_keeps_its_name_in_text(shell, language):
    shell.write("busy.py", BUSY.replace("busy", "zähle"))
    shell.pyflame("-q", "-o", "x.folded", "busy.py", env=language).succeeded()
    assert "zähle (" in (shell.folder / "x.folded").read_text(encoding="utf-8")


def test_a_function_keeps_its_name_in_a_picture(shell, language):
    shell.write("busy.py", BUSY.replace("busy", "zähle"))
    shell.pyflame("-q", "-o", "x.svg", "busy.py", env=language).succeeded()
    assert "zähle" in [name.split(" ")[0] for name in frames_of(shell.folder / "x.svg")]


def test_a_script_and_its_picture_have_any_name(shell, language_of_names):
    shell.write("grüße.py", BUSY)
    result = shell.pyflame("grüße.py", env=language_of_names).succeeded()
    assert result.stdout == "done\n"
    assert os.fsencode("grüße.py.svg") in os.listdir(os.fsencode(shell.folder))
    assert frames_of(shell.folder / "grüße.py.svg")


def test_an_output_has_any_name(shell, language):
    shell.write("busy.py", BUSY)
    shell.pyflame("-q", "-o", "größe.folded", "busy.py", env=language).succeeded()
    assert "busy (" in (shell.folder / "größe.folded").read_text(encoding="utf-8")


def test_a_program_saves_its_profile_under_any_name(shell, language_of_names):
    program = f"""\
import pyflame
with pyflame.Profiler() as profiler, pyflame.label(kunde="Müller"):
    exec({BUSY!r})
profiler.profile.save("größe.folded")
assert profiler.profile.filter(labels={{"kunde": "Müller"}}).samples > 0
"""
    shell.write("program.py", program)
    shell.python("program.py", env=language_of_names).succeeded()
    assert "busy (" in (shell.folder / "größe.folded").read_text(encoding="utf-8")
