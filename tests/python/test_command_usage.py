"""A command line that can't be carried out says why and what to do, before the program runs."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from pyflame import _native, exceptions

pytestmark = pytest.mark.anywhere

TYPED = Path(__file__).parents[2] / "crates" / "pyflame-cli" / "src" / "typed.rs"
# Other words for what the help says.
ALIASES = {"--children", "--output-path"}

# Takes from root the right to read everything (capabilities(7): what the bounding set lacks, no
# program gets that is executed from now on), and becomes Python.
WITHOUT_RIGHTS = """
import ctypes, os, sys
DROP_FROM_BOUNDING_SET, OVERRIDE, READ_SEARCH = 24, 1, 2
libc = ctypes.CDLL(None, use_errno=True)
for right in (OVERRIDE, READ_SEARCH):
    if os.geteuid() == 0 and libc.prctl(DROP_FROM_BOUNDING_SET, right, 0, 0, 0):
        raise SystemExit(f"root keeps its rights: {os.strerror(ctypes.get_errno())}")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.fixture
def refused(runner):
    """Assert that a command is refused without running anything; returns what it said."""

    def refuse(*args: str, python: tuple[str, ...] = (), **options: object) -> str:
        before = runner.files()
        result = runner.python(*python, "-m", "pyflame", *args, **options)
        assert result.returncode == 2, result
        assert result.stdout == ""
        assert result.stderr.startswith("pyflame: error: ")
        assert result.stderr.count("\n") == 1
        assert runner.files() == before
        return result.stderr[len("pyflame: error: ") : -1]

    return refuse


RUN = ("-c", "open('it ran', 'w')")


def test_nothing_to_run(refused):
    assert refused().startswith("nothing to run: give a script, `-m MODULE`, `-c CODE` or `-`")


@pytest.mark.parametrize("option", ["--frobnicate", "-x", "--output"])
def test_an_unknown_option(refused, option):
    assert refused(option, *RUN).startswith(f"unknown option `{option}`")


def test_an_option_without_its_value(refused):
    assert refused("-m").startswith("option `-m` needs a value")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0", "must be above zero and finite, not 0"),
        ("-1", "must be above zero and finite, not -1"),
        ("nan", "must be above zero and finite, not nan"),
        ("inf", "must be above zero and finite, not inf"),
        ("often", "must be a number, like"),
        ("", "must be a number, like"),
    ],
)
def test_intervals_that_are_none(refused, value, message):
    assert message in refused("-s", value, *RUN)
    assert message in refused("--rate", value, *RUN)


def test_intervals_beyond_the_limits(refused):
    assert "the limit is 0.00001 s" in refused("-s", "1e-9", *RUN)
    assert "the limit is 0.00001 s, 100000 Hz" in refused("-r", "1e9", *RUN)
    assert "the limit is 3600 s" in refused("-s", "1e9", *RUN)


def test_interval_and_rate_together(refused):
    assert "give one of them" in refused("-s", "1", "-r", "1", *RUN)


def test_a_script_that_is_not_there(refused):
    assert refused("no.py").startswith("script `no.py` does not exist")


def test_a_folder_without_a_main_module(refused, runner):
    (runner.folder / "app").mkdir()
    assert refused("app").startswith("`app` is a folder without a `__main__.py`")


def test_a_script_that_can_not_be_read(refused, runner):
    runner.write("secret.py", "").chmod(0)
    python = ("-c", WITHOUT_RIGHTS)
    said = runner.python(*python, "-c", "").stderr
    if said.startswith("root keeps"):
        pytest.skip(f"not run: {said.strip()}")
    said = refused("secret.py", python=python)
    assert said.startswith("script `secret.py` can't be read: Permission denied")


def test_an_output_folder_that_is_not_there(refused):
    assert refused("-o", "no/x.svg", *RUN).startswith("output folder `no` does not exist")


def test_an_output_that_is_a_folder(refused, runner):
    (runner.folder / "x.svg").mkdir()
    assert refused("-o", "x.svg", *RUN).startswith("output `x.svg` is a folder")


def test_an_output_that_can_not_be_written(refused):
    # Nobody, not even root, makes files there.
    assert refused("-o", "/proc/x.svg", *RUN).startswith("output `/proc/x.svg` can't be written")


def test_a_default_output_that_can_not_be_written(refused):
    message = refused(*RUN, cwd="/proc")
    assert message.startswith("output `command.svg` can't be written")
    assert "choose another with `-o`" in message


def test_an_output_whose_format_is_not_clear(refused):
    assert "use .svg, .pdf, .folded, .txt or .pyflame" in refused("-o", "x.png", *RUN)


def test_standard_output_as_output(refused):
    assert refused("-o", "-", *RUN).startswith("standard output belongs to the program")


def test_a_flamegraph_script_that_is_not_there(refused):
    message = refused("-p", "no-such-flamegraph.pl", *RUN)
    assert message.startswith("flamegraph script `no-such-flamegraph.pl` was not found")


def test_a_flamegraph_script_that_can_not_be_executed(refused, runner):
    runner.write("draw.pl", "")
    message = refused("-p", "./draw.pl", *RUN)
    assert message.startswith("flamegraph script `./draw.pl` is not executable: `chmod +x` it")


def test_extra_arguments_that_can_not_be_split(refused):
    assert "a quote is not closed" in refused("-p", "cat", "-a", "--title 'x", *RUN)


@pytest.mark.parametrize("words", [["-c", "print(1)"], ["-m", "this"]])
def test_signals_that_can_not_be_used(runner, words):
    code = (
        "import sys\n"
        "from pyflame import _command, _native, exceptions\n"
        "class NoSignals:\n"
        "    def __init__(self, *_):\n"
        "        pass\n"
        "    def start(self):\n"
        "        raise exceptions.SignalsUnavailable('no signals today')\n"
        "_native.Recording = NoSignals\n"
        "sys.exit(_command.main())\n"
    )
    result = runner.python("-c", code, "--engine=signal", *words)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("pyflame: error: no signals today; leave out")
    assert runner.files() == []
    result = runner.python("-c", code, *words)
    assert result.returncode == 0
    assert "fallback engine (no signals today) -> " in result.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_goes_to_standard_output(runner, option):
    result = runner.pyflame("-q", option)
    assert result.returncode == 0
    assert result.stdout.startswith("Run a Python program and write a flame graph")
    assert result.stderr == ""


def is_known(*words):
    """Whether the parser knows the option that is the last of these words."""
    try:
        _native.parse_command(words)
    except exceptions.UsageError as error:
        return not str(error).startswith("unknown option ")
    return True


def named_in_the_help():
    """The options at the beginnings of its lines: all, and those of `render` and `diff` alone."""
    head, _, tail = _native.parse_command(["--help"]).partition("\nOf `render` and `diff`")
    tail, _, foot = tail.partition("\n\n")
    option = re.compile(r"^ {2}(?: {4}|(-\w), )(--[\w-]+)", re.MULTILINE)
    everywhere, drawing = (
        {name for pair in option.findall(text) for name in pair if name}
        for text in (head + foot, tail)
    )
    return everywhere, drawing


def test_help_names_every_option():
    of_runs, of_drawings = named_in_the_help()
    # Those are named where it says what to run.
    of_runs |= {"-m", "-c"}
    assert [name for name in sorted(of_runs) if not is_known(name)] == []
    assert [name for name in sorted(of_drawings) if not is_known("diff", name)] == []
    assert of_drawings
    letters = {f"-{letter}" for letter in string.ascii_letters + string.digits}
    assert {name for name in letters if is_known(name)} == {n for n in of_runs if len(n) == 2}
    # Long ones can't be tried out, but are where words are understood.
    arms = re.findall(r"\bLong\(.*?=>", TYPED.read_text(encoding="utf-8"))
    words = {f"--{word}" for arm in arms for word in re.findall(r'"([\w-]+)"', arm)}
    documented = {name for name in of_runs | of_drawings if name.startswith("--")}
    assert words - ALIASES == documented
    for command in ("render", "diff"):
        for name in drawings_share(of_runs):
            assert is_known(command, name), (command, name)


def drawings_share(of_runs):
    """The options that `render` and `diff` take, too, as the help says."""
    text = _native.parse_command(["--help"]).partition("\nOf `render` and `diff`")[2]
    return {"-h", "-V"} | (of_runs & set(re.findall(r"(?<!\w)--?[\w-]+", text.partition(":\n")[0])))


def test_the_version_is_that_of_the_package(runner):
    result = runner.pyflame("--version")
    import pyflame

    assert result.stdout == f"pyflame {pyflame.__version__}\n"
    from importlib.metadata import version

    assert pyflame.__version__ == version("pyflame")
