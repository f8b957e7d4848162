"""The examples in docstrings run, and everything public has a docstring."""

from __future__ import annotations

import doctest
import inspect

import pyflame
import pytest
from pyflame import exceptions

pytestmark = pytest.mark.anywhere


def documented():
    yield "pyflame", pyflame
    for owner in (pyflame.Profile, pyflame.Profiler):
        yield owner.__name__, owner
        for name in dir(owner):
            if not name.startswith("_"):
                yield f"{owner.__name__}.{name}", inspect.getattr_static(owner, name)
    for name in exceptions.__all__:
        yield name, getattr(exceptions, name)


@pytest.mark.parametrize(("name", "thing"), list(documented()), ids=lambda value: str(value)[:40])
def test_documented(name, thing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert thing.__doc__
    example = doctest.DocTestParser().get_doctest(thing.__doc__, {}, name, None, None)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert not result.failed
