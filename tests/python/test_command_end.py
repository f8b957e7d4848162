"""A program ends under pyflame as it ends under python, and its profile is there."""

from __future__ import annotations

import signal
import sys

import pytest


@pytest.fixture
def engine(request) -> str:
    """Most ends are the same whoever looks; those that an engine takes part in ask for both."""
    return getattr(request, "param", "signal")


BOTH_ENGINES = pytest.mark.parametrize("engine", ["signal", "fallback"], indirect=True)


@pytest.fixture
def ends_alike(engine, runner):
    """Assert that a program ends in the same way both ways, and that its profile was saved."""

    def compare(*args: str, saved: bool = True, python_options: tuple[str, ...] = (), **options):
        plain = runner.python(*python_options, *args, **options)
        recorded = ("-m", "pyflame", "-q", "--engine", engine, "-o", "end.svg")
        ours = runner.python(*python_options, *recorded, *args, **options)
        assert ours.stderr == plain.stderr
        assert ours.stdout == plain.stdout
        assert ours.returncode == plain.returncode
        assert (runner.folder / "end.svg").exists() == saved
        return plain

    return compare


@pytest.fixture
def script_ends_alike(ends_alike, runner, engine):
    """The same for the text of a script, which is also run as a module, as code, and piped in."""

    def compare(text: str, **options: object):
        runner.write("script.py", text)
        if engine == "signal":  # Here the ways to start are under test, not the engine.
            ways = [["-m", "script"], ["-c", text], ["-"]]
            for words, more in zip(ways, [{}, {}, {"input": text}]):
                ends_alike(*words, **more, **options)
                (runner.folder / "end.svg").unlink()
        return ends_alike("script.py", **options)

    return compare


@pytest.mark.parametrize(
    "code", ["", "0", "3", "255", "256", "-1", "None", "True", "'a message'", "2.5", "[1]"]
)
def test_exit_statuses(ends_alike, runner, code):
    runner.write("script.py", f"import sys\nprint('x')\nsys.exit({code})\n")
    ends_alike("script.py")


@BOTH_ENGINES
def test_an_exit_status_however_it_is_started(script_ends_alike):
    assert script_ends_alike("import sys\nprint('x')\nsys.exit(3)\n").returncode == 3


@BOTH_ENGINES
def test_an_uncaught_exception(script_ends_alike):
    result = script_ends_alike(
        "def outer():\n    inner()\ndef inner():\n    return [1 / 0 for _ in 'x']\nouter()\n"
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback (most recent call last):\n")


def test_an_uncaught_exception_with_a_history(script_ends_alike):
    script_ends_alike(
        "def fail():\n"
        "    try:\n"
        "        {}['missing']\n"
        "    except KeyError as error:\n"
        "        raise ValueError('bad') from error\n"
        "try:\n"
        "    fail()\n"
        "except ValueError:\n"
        "    raise RuntimeError('worse')\n"
    )


def test_an_exception_at_the_top_of_a_package(ends_alike, runner):
    runner.write("package/__init__.py", "1 / 0")
    runner.write("package/__main__.py", "")
    ends_alike("-m", "package")


def test_a_hook_for_exceptions(script_ends_alike):
    script_ends_alike(
        "import sys, traceback\n"
        "def hook(kind, error, trace):\n"
        "    print(kind, error, traceback.format_tb(trace), sys.last_value is error)\n"
        "sys.excepthook = hook\n"
        "raise OSError('x')\n"
    )


@pytest.mark.parametrize(
    "hook", ["1 / 0", "sys.exit(7)", "None", "print('deleted'); del sys.excepthook"]
)
def test_a_hook_that_fails_or_leaves(script_ends_alike, hook):
    script_ends_alike(
        f"import sys\ndef hook(*_):\n    {hook}\nsys.excepthook = hook\nraise OSError('x')\n"
    )


def test_a_missing_hook(script_ends_alike):
    script_ends_alike("import sys\ndel sys.excepthook\n1 / 0\n")


def test_an_exception_that_can_not_be_shown(script_ends_alike):
    script_ends_alike(
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd\n"
    )


def test_an_exception_group_where_there_are_any(script_ends_alike):
    if sys.version_info < (3, 11):
        pytest.skip("exception groups exist from 3.11 on")
    script_ends_alike("raise ExceptionGroup('several', [ValueError(1), TypeError(2)])\n")


@BOTH_ENGINES
def test_keyboard_interrupt_ends_by_the_signal(script_ends_alike):
    result = script_ends_alike("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    assert result.returncode == -signal.SIGINT
    assert result.stderr.endswith("KeyboardInterrupt\n")


@BOTH_ENGINES
def test_keyboard_interrupt_with_a_hook(script_ends_alike):
    script_ends_alike(
        "import atexit, sys\n"
        "def hook(kind, error, trace):\n"
        "    print(kind)\n"
        "sys.excepthook = hook\n"
        "atexit.register(lambda: print(sys.excepthook is hook, sys.last_traceback.tb_lineno))\n"
        "raise KeyboardInterrupt\n"
    )


@BOTH_ENGINES
def test_exit_functions_and_threads_in_their_order(script_ends_alike):
    result = script_ends_alike(
        "import atexit, sys, threading\n"
        "ended = threading.Event()\n"
        "def work():\n"
        "    threading.main_thread().join()\n"
        "    print('thread')\n"
        "atexit.register(print, 'registered first')\n"
        "atexit.register(print, 'registered last')\n"
        "threading.Thread(target=work).start()\n"
        "threading.Thread(target=ended.wait, daemon=True).start()\n"
        "print('main')\n"
    )
    assert result.stdout == "main\nthread\nregistered last\nregistered first\n"


@BOTH_ENGINES
def test_objects_that_die_with_the_interpreter(script_ends_alike):
    result = script_ends_alike(
        "class Last:\n"
        "    def __init__(self, name):\n"
        "        self.name = name\n"
        "    def __del__(self, print=print):\n"
        "        print('bye', self.name)\n"
        "one, two = Last(1), Last(2)\n"
        "two.itself = two\n"
    )
    assert "bye 1" in result.stdout


@BOTH_ENGINES
def test_an_exception_in_a_thread(script_ends_alike, runner):
    runner.write("traces.py", "")
    text = (
        "import threading\n"
        "threading.excepthook = lambda args: print(args.exc_type)\n"
        "thread = threading.Thread(target=lambda: 1 / 0)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    assert script_ends_alike(text).stdout == "<class 'ZeroDivisionError'>\n"


@pytest.mark.parametrize(
    "source",
    [
        b"print('not here')\ndef f(:\n    pass\n",
        b"if 1:\nprint()\n",
        b"x = 'abc\n",
        b"# coding: klingon\nx = 1\n",
        b"x = '\xff'\n",
        b"\x7fELF\x02\x01\x01\x00\x00\x00",
        b"a\x00b",
        b"\tx = 1\n        y = 2\n",
        b"x = (1\n",
        b"<html>\n",
    ],
)
def test_what_is_no_python_is_told_so_by_python(ends_alike, runner, source):
    runner.write("script.py", source)
    result = ends_alike("script.py", "a", saved=False)
    assert result.returncode == 1
    assert "Error" in result.stderr


@pytest.mark.parametrize("source", ["def f(:\n", "if 1:\nprint()\n", "x = 'abc\n"])
def test_code_that_is_no_python(ends_alike, source):
    ends_alike("-c", source, saved=False)
    ends_alike("-", input=source, saved=False)


@pytest.mark.parametrize(
    "name",
    ["no_such_module", "json.no_such_module", "email", "sys.x", "math", "a-b", ".x", "script.py"],
)
def test_a_module_that_can_not_be_run_is_reported_by_python(ends_alike, runner, name):
    runner.write("script.py", "")
    assert ends_alike("-m", name, saved=False).returncode == 1


def test_an_interrupt_from_outside_ends_both_alike(runner):
    text = "print('ready', flush=True)\nwhile True:\n    sum(range(1000))\n"
    runner.write("script.py", text)
    statuses, errors = [], []
    for words in (["script.py"], ["-m", "pyflame", "-o", "end.folded", "script.py"]):
        program = runner.start(*words)
        assert program.out.line() == b"ready\n"
        program.send(signal.SIGINT)
        errors.append(program.err.rest().splitlines()[-1])
        statuses.append(program.wait())
    assert statuses == [-signal.SIGINT] * 2
    assert errors[0] == b"KeyboardInterrupt"
    assert (runner.folder / "end.folded").exists()


@BOTH_ENGINES
def test_a_forked_child_saves_nothing_and_ends_alike(ends_alike, runner):
    runner.write(
        "script.py",
        "import os, sys\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    print('child', flush=True)\n"
        "    os.rename('end.svg', 'child.svg') if os.path.exists('end.svg') else None\n"
        "    sys.exit(5)\n"
        "print(os.waitpid(child, 0)[1] >> 8)\n",
    )
    result = ends_alike("script.py", python_options=("-Wignore",))
    assert result.stdout == "child\n5\n"
    assert runner.files() == ["end.svg", "script.py"]
