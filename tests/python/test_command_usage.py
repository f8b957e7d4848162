"""A command line that can't be carried out says why and what to do, before the program runs."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def refused(runner):
    """Assert that a command is refused without running anything; returns what it said."""

    def refuse(*args: str, **options: object) -> str:
        before = runner.files()
        result = runner.pyflame(*args, **options)
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


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_script_that_can_not_be_read(refused, runner):
    runner.write("secret.py", "").chmod(0)
    assert refused("secret.py").startswith("script `secret.py` can't be read: Permission denied")


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


def test_help_names_every_option(runner):
    text = runner.pyflame("--help").stdout
    for option in (
        "-o, --output-file",
        "-s, --sample-interval",
        "-r, --rate",
        "-p, --flamegraph-script-path",
        "-a, --flamegraph-extra-args",
        "--threads",
        "--mode",
        "--format",
        "--engine",
        "-q, --quiet",
        "-V, --version",
    ):
        assert option in text


def test_the_version_is_that_of_the_package(runner):
    result = runner.pyflame("--version")
    import pyflame

    assert result.stdout == f"pyflame {pyflame.__version__}\n"
    from importlib.metadata import version

    assert pyflame.__version__ == version("pyflame")
