"""Names of threads: learnt without a trace in `threading`."""

from __future__ import annotations

import threading

import pytest
from looks import UNTIL_LOOKED_AT
from pyflame._threads import ThreadNames


@pytest.fixture
def method():
    """Give the method that is wrapped, and put it back whatever happens."""
    original = vars(threading.Thread)["_set_native_id"]
    yield lambda: vars(threading.Thread)["_set_native_id"]
    threading.Thread._set_native_id = original


def run(name: str) -> int:
    thread = threading.Thread(target=int, name=name)
    thread.start()
    thread.join()
    return thread.native_id


def test_threads_that_come_and_go_are_noted_in_order():
    names = ThreadNames()
    names.start()
    ids = [run("one"), run("two")]
    noted = names.stop()
    assert [entry[:2] for entry in noted[-2:]] == list(zip(ids, ["one", "two"]))
    assert [entry[2] for entry in noted] == sorted(entry[2] for entry in noted)
    run("three")
    assert "three" not in [name for _, name, _ in noted]


IMPORTED_LATE = (
    UNTIL_LOOKED_AT
    + """
import _thread, sys
assert "threading" not in sys.modules
own = _thread.get_native_id
stood_there = [own, own.__name__, own.__module__, type(own), own() > 0]
class Lazy:
    def import_it(self):
        global threading
        import threading
Lazy().import_it()
assert _thread.get_native_id is threading.get_native_id is not own
assert stood_there[1:] == [
    _thread.get_native_id.__name__, "_thread", type(_thread.get_native_id), True
]
assert own() == _thread.get_native_id()
for name in "first", "second":
    thread = threading.Thread(target=until_looked_at, name=name)
    thread.start()
    thread.join()
threading.main_thread().name = "renamed"
"""
)


def test_names_are_learnt_where_the_program_imports_threading_late(runner):
    runner.write("late.py", IMPORTED_LATE)
    result = runner.pyflame("-q", "-o", "x.folded", "late.py")
    assert result.stderr == ""
    lines = (runner.folder / "x.folded").read_text().splitlines()
    roots = {line.rsplit(" ", 1)[0].split(";")[0] for line in lines}
    assert roots == {"renamed", "first", "second"}


def test_a_program_without_threading_has_a_main_thread(runner):
    code = UNTIL_LOOKED_AT + "import sys; until_looked_at(); print('threading' in sys.modules)"
    result = runner.pyflame("-q", "-o", "x.folded", "--threads", "main", "-c", code)
    assert result.stdout == "False\n"
    assert "<module> (" in (runner.folder / "x.folded").read_text()


def test_what_stood_in_for_a_function_is_put_back(runner):
    code = "import _thread, sys, pyflame; before = _thread.get_native_id\n"
    code += "with pyflame.Profiler():\n    assert _thread.get_native_id is not before\n"
    code += "assert _thread.get_native_id is before and 'threading' not in sys.modules"
    assert runner.python("-c", code).stderr == ""


def test_what_was_wrapped_is_put_back(method):
    original = method()
    first, second = ThreadNames(), ThreadNames()
    first.start()
    wrapper = method()
    second.start()
    assert method() is wrapper is not original
    first.stop()
    run("still noted")
    assert method() is wrapper
    assert second.stop()[-1][1] == "still noted"
    assert method() is original


def test_a_wrapper_of_somebody_else_stays_on_top_of_an_inert_one(method):
    names = ThreadNames()
    names.start()
    ours, calls = method(), []

    def theirs(self: threading.Thread) -> None:
        calls.append(self.name)
        ours(self)

    threading.Thread._set_native_id = theirs
    names.stop()
    assert method() is theirs
    run("x")
    assert calls == ["x"]
    again = ThreadNames()
    again.start()
    run("y")
    assert [name for _, name, _ in again.stop()].count("y") == 1
    assert method() is theirs
    assert calls == ["x", "y"]


def test_names_of_threads_that_have_ended_are_bounded_where_that_is_asked_for():
    names = ThreadNames(most_ended=10)
    names.start()
    goes_on = threading.Event()
    living = threading.Thread(target=goes_on.wait, name="living")
    living.start()
    latest = [run(str(number)) for number in range(500)][-10:]
    goes_on.set()
    living.join()
    noted = names.stop()
    own = [name for _, name, _ in noted if name == "living" or name.isdigit()]
    assert own[0] == "living"
    assert own[-10:] == [str(number) for number in range(490, 500)]
    assert [native_id for native_id, *_ in noted[-10:]] == latest
    assert len(noted) <= 2 * 10 + len(threading.enumerate()) + 1
    assert len(names._latest) <= len(noted)
