"""What stands behind the magics, their configuration, and how they are loaded."""

from __future__ import annotations

import re
import stat

import pyflame
import pytest
from looks import UNTIL_LOOKED_AT

from jupyter.conftest import Kernel

WRONG = {
    "--frobnicate": "unknown option `--frobnicate`",
    "-m timeit": "unknown option `-m`",
    "-r": "option `-r` needs a value",
    "-r fast": "the rate must be a number, like 1000, not `fast`",
    "-s 0": "the sample interval must be above zero",
    "-s 0.1 -r 10": "`-s` and `-r` say the same thing",
    "--mode both": "`both` is no choice for --mode",
    "-o missing/x.svg": "output folder `missing` does not exist",
    "-p no-such-script": "flamegraph script `no-such-script` was not found",
    "-a --frobnicate": "unknown flamegraph.pl option `--frobnicate`",
    "spin(1)": "`spin(1)` is no option",
}


@pytest.mark.parametrize("options", WRONG)
@pytest.mark.parametrize("above", ["", "%%time\n"])
def test_a_wrong_option_is_named_and_nothing_runs(kernel, options, above):
    kernel.run("was_run = False")
    ran = kernel.run(f"{above}%%pyflame {options}\nwas_run = True")
    assert f"UsageError: pyflame: {WRONG[options]}" in ran.text
    assert "picture" not in ran.kinds
    assert kernel.value("was_run") is False


def test_help_is_printed_and_nothing_runs(kernel):
    ran = kernel.run("%%pyflame --help\nhelped = 1")
    assert ran.text.startswith("Record a cell, or one statement")
    assert kernel.run("%pyflame -h").text == ran.text
    assert "--title" in kernel.run("%%pyflame -a --help").text
    assert kernel.run("helped").error == "NameError"
    assert kernel.run("%pyflame --version").text.startswith("pyflame 1.")


@pytest.mark.parametrize("question", ["%%pyflame?", "%pyflame?"])
def test_a_question_mark_shows_the_options(kernel, question):
    payload = kernel.payload(question)
    assert "--sample-interval SECONDS" in payload


@pytest.mark.parametrize("options", ["-r 500", "-s 0.002", "--rate=500"])
def test_the_rate_is_what_was_asked_for(kernel, tmp_path, options):
    path = tmp_path / "x.pyflame"
    ran = kernel.run(f"%%pyflame -q -o {path} {options}\nspin(0.5)")
    assert_rate(ran, path, 500)


def assert_rate(ran, path, rate):
    """That it is looked at so often, and not, for example, twice as often."""
    profile = pyflame.Profile.load(path)
    assert profile.interval == 1 / rate
    assert profile.samples > 0
    # The gaps between looks are drawn from half to one and a half intervals. That 250 of them are
    # shorter on average than two thirds has a probability of exp(-55), by Hoeffding's inequality;
    # on a busy machine there are fewer looks, never more.
    assert int(re.search(r"(\d+) Hz", ran.picture.tree)[1]) <= 1.5 * rate


def test_a_file_is_written_as_well(kernel, tmp_path):
    ran = kernel.run(f"%%pyflame -o {tmp_path}/x.svg\nspin(0.1)\n3")
    assert ran.result == "3"
    assert ran.text.startswith("pyflame: ")
    assert ran.text.endswith(f"-> {tmp_path}/x.svg\n")
    assert "`spin(0.1)`" in (tmp_path / "x.svg").read_text()
    ran = kernel.run(f"%%pyflame -q -o {tmp_path}/x.folded\nspin(0.1)")
    assert ran.text == ""
    assert (
        f"In [{ran.number}] (In [{ran.number}]:1);spin (In [1]:4)"
        in (tmp_path / "x.folded").read_text()
    )


def test_names_in_braces_are_the_users(kernel, tmp_path):
    kernel.run(f"line = '{tmp_path}/from-name'")
    kernel.run("%%pyflame -q -o {line}.svg\nspin(0.02)")
    assert (tmp_path / "from-name.svg").is_file()


def test_a_file_that_can_not_be_written_costs_nothing_else(kernel, tmp_path):
    kernel.run(f"import os, shutil\nos.mkdir('{tmp_path}/gone')")
    ran = kernel.run(
        f"%%pyflame -o {tmp_path}/gone/x.svg\nspin(0.05)\nshutil.rmtree('{tmp_path}/gone')\n5"
    )
    assert ran.result == "5"
    assert "pyflame: error: can't write" in ran.text
    assert "spin" in ran.picture.names


def test_mode_and_threads_choose_what_is_shown(kernel):
    ran = kernel.run("%%pyflame --mode cpu\nspin(0.1)\nawait slept()")
    assert {"spin", "slept"}.intersection(ran.picture.names)
    assert "[waiting]" not in ran.picture.names
    ran = kernel.run(
        "%%pyflame --threads main\nimport threading\n"
        "thread = threading.Thread(target=spin, args=(0.1,))\nthread.start()\nthread.join()"
    )
    assert "spin" not in ran.picture.names


def test_arguments_of_flamegraph_pl_are_understood(kernel):
    ran = kernel.run("%%pyflame -a '--title \"Mine, all mine\" --inverted'\nspin(0.1)")
    assert "<title>Mine, all mine</title>" in ran.picture.page
    assert 'data-root="top"' in ran.picture.page


def test_a_script_draws_and_where_it_fails_we_do(kernel, tmp_path):
    script = tmp_path / "draw.sh"
    script.write_text(
        "#!/bin/sh\ncat > /dev/null\necho '<svg height=\"77\">drawn by a script</svg>'\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    ran = kernel.run(f"%%pyflame -p {script}\nspin(0.1)")
    assert "drawn by a script" in ran.picture.page
    assert "spin" in ran.picture.still
    script.write_text("#!/bin/sh\necho no such palette >&2\nexit 3\n")
    ran = kernel.run(f"%%pyflame -p {script}\nspin(0.1)")
    assert "no such palette" in ran.text
    assert "spin" in ran.picture.names


def test_a_statement_is_run_like_a_cell(kernel):
    ran = kernel.run("%pyflame -r 500 spin(0.1) or {'it''s': 6 * 7}")
    assert ran.result == "{'its': 42}"
    assert "spin" in ran.picture.names
    assert kernel.value("_") == {"its": 42}
    kernel.run("import asyncio")
    ran = kernel.run("%pyflame await asyncio.sleep(0.05, 'slept')")
    assert ran.result == "'slept'"
    assert kernel.run("%pyflame 1/0").error == "ZeroDivisionError"


def test_a_statement_among_others_gives_its_value(kernel):
    ran = kernel.run("def f():\n    return 7\nvalue = %pyflame spin(0.05) or f()\nprint(value)")
    assert ran.text == "7\n"
    ran = kernel.run("for n in range(2):\n    %pyflame spin(0.02)")
    assert ran.kinds == ["picture", "picture"]
    ran = kernel.run("x = 1\n%pyflame spin(0.02); 1/0\nprint('not reached')")
    assert ran.error == "ZeroDivisionError"
    assert "not reached" not in ran.text
    assert "picture" in ran.kinds


def test_a_statement_is_missing(kernel):
    assert "nothing to run: give a statement" in kernel.run("%pyflame").text
    assert "nothing to run: give a statement" in kernel.run("%pyflame -r 100").text


def test_defaults_can_be_configured(kernel, tmp_path):
    kernel.run("%config PyFlameMagic.default_sample_interval = 0.002")
    kernel.run("%config PyFlameMagic.flamegraph_script_extra_args = ['--title', 'Configured']")
    ran = kernel.run(f"%%pyflame -q -o {tmp_path}/x.pyflame\nspin(0.5)")
    assert "<title>Configured</title>" in ran.picture.page
    assert_rate(ran, tmp_path / "x.pyflame", 500)
    kernel.run("%config PyFlameMagic.default_sample_interval = -1")
    assert "PyFlameMagic.default_sample_interval: the sample" in kernel.run("%%pyflame\n1").text
    kernel.run("%config PyFlameMagic.default_sample_interval = 0.001")
    kernel.run("%config PyFlameMagic.flamegraph_script_path = 'no-such-script'")
    assert "`no-such-script` was not found" in kernel.run("%%pyflame\n1").text
    for reset in ("flamegraph_script_extra_args = []", "flamegraph_script_path = ''"):
        assert kernel.run(f"%config PyFlameMagic.{reset}").error is None


def test_the_extension_comes_and_goes(kernel):
    before = kernel.value("left_behind()")
    assert kernel.run("%reload_ext pyflame").error is None
    assert kernel.value("left_behind()") == before
    kernel.run("import pyflame; pyflame.load_ipython_extension(get_ipython())")
    assert kernel.value("left_behind()") == before
    kernel.run("%unload_ext pyflame")
    assert "not found" in kernel.run("%%pyflame\n1").text
    assert kernel.value("'pyflame' in str(get_ipython().events.callbacks)") is False
    assert kernel.run("%load_ext pyflame").error is None
    assert kernel.value("left_behind()") == before


def test_an_extension_that_is_unloaded_by_a_cell_stops(kernel):
    ran = kernel.run(
        "%%pyflame\nspin(0.02)\nget_ipython().extension_manager.unload_extension('pyflame')"
    )
    assert ran.error is None
    assert kernel.run("%load_ext pyflame").error is None


def test_a_configuration_can_load_it(tmp_path):
    with Kernel(
        "--InteractiveShellApp.extensions=['pyflame']",
        "--PyFlameMagic.default_sample_interval=0.004",
    ) as kernel:
        path = tmp_path / "x.pyflame"
        ran = kernel.run(f"%%pyflame -q -o {path}\n{UNTIL_LOOKED_AT}until_looked_at()\n8")
        assert ran.result == "8"
        profile = pyflame.Profile.load(path)
        assert profile.interval == 0.004
        assert profile.samples > 0
