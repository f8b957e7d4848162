"""Qualified names from source, held against those that newer Pythons know themselves."""

from __future__ import annotations

import sys
import sysconfig
import warnings
from pathlib import Path

import pyflame
import pytest
from pyflame._qualnames import qualified_names, with_qualified_names

# Older code objects know no qualified names, newer ones have scopes that were not there before.
ORACLE = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="only 3.11 can tell")

PROGRAM = """
class Outer:
    class Inner:
        def method(self):
            def local():
                global spoken
                def spoken(): return [[x for x in z] for z in y]
                class Made:
                    def deep(self): return lambda: 1
            nonlocal_name = 1
    value = property(lambda self: 1)
@decorator
async def plain():
    nonlocal_name = 2
    def binds():
        nonlocal nonlocal_name
        def nonlocal_name(): pass
"""


@ORACLE
def test_the_rule_is_that_of_the_compiler():
    code = compile(PROGRAM, "program.py", "exec")
    found = list(qualified_names(code))
    assert len(found) > 10
    assert [name for _, name in found] == [inner.co_qualname for inner, _ in found]


@ORACLE
def test_the_rule_holds_in_the_standard_library():
    wrong = []
    for file in Path(sysconfig.get_path("stdlib")).glob("*.py"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        wrong += [
            (file.name, name, inner.co_qualname)
            for inner, name in qualified_names(code)
            if name != inner.co_qualname
        ]
    assert wrong == []


def test_what_can_not_be_known_keeps_its_plain_name(tmp_path):
    file = tmp_path / "ambiguous.py"
    file.write_text("class A:\n    f = lambda: 1\ng, h = (lambda: 2), [(lambda: 3) for _ in 'x']\n")
    frames = [f"<lambda> ({file}:2)", f"<lambda> ({file}:3)", "f (/nowhere.py:1)", "f (<string>:1)"]
    profile = pyflame.Profile.from_folded("".join(f"{frame} 1\n" for frame in frames))
    folded = with_qualified_names(profile).folded()
    assert f"A.<lambda> ({file}:2) 1\n" in folded
    for frame in frames[1:]:
        assert f"{frame} 1\n" in folded


def test_a_file_that_is_no_source_is_passed_over(tmp_path):
    (tmp_path / "binary.py").write_bytes(b"\x00\xff")
    profile = pyflame.Profile.from_folded(f"f ({tmp_path}/binary.py:1) 1\n")
    assert with_qualified_names(profile).folded() == profile.folded()
