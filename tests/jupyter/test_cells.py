"""A cell runs as it does without the magic, and whatever happens in it, the picture is there."""

from __future__ import annotations

import pytest

# Of what takes less than an hour, nothing is sampled, however busy the machine is.
SELDOM = "-s 3600"


def test_variables_stay_and_the_last_expression_is_shown(kernel):
    ran = kernel.run("%%pyflame\nspin(0.05)\nleft = 6\nleft * 7")
    assert ran.result == "42"
    assert kernel.value("_") == 42
    assert kernel.value(f"Out[{ran.number}]") == 42
    assert kernel.value("left") == 6


def test_what_is_printed_stays_in_order_and_the_picture_is_last(kernel):
    source = "%%pyflame\nimport sys\nprint('a')\nspin(0.02)\nprint('b', file=sys.stderr)\n'c'"
    ran = kernel.run(source)
    assert ran.kinds == ["stream", "stream", "execute_result", "picture"]
    assert ran.text == "a\nb\n"


def test_await_runs_on_the_kernels_own_loop(kernel):
    kernel.run(
        "import asyncio\nasync def now():\n    return asyncio.get_running_loop()\n"
        "loop = await now()"
    )
    ran = kernel.run(
        "%%pyflame\nasync def step():\n    await slept()\n    spin(0.05)\n"
        "await asyncio.gather(step(), step())\nasyncio.get_running_loop() is loop"
    )
    assert ran.error is None, ran.traceback
    assert ran.result == "True"
    assert {"step", "spin", "[event loop]"} <= ran.picture.names


def test_shell_commands_and_magics_work_inside(kernel):
    ran = kernel.run("%%pyflame\n!echo from a shell\n%timeit -n1 -r1 spin(0.01)\n%time spin(0.02)")
    assert ran.error is None, ran.traceback
    assert "from a shell" in ran.text
    assert "Wall time" in ran.text
    assert "spin" in ran.picture.names


def test_a_cell_of_one_word_is_still_a_command_line(kernel):
    assert "Variable" in kernel.run("%%pyflame\nwhos").text


@pytest.mark.parametrize("order", ["%%time\n%%pyflame\n", "%%pyflame\n%%time\n"])
def test_other_cell_magics_can_stand_above_and_below(kernel, order):
    ran = kernel.run(f"{order}spin(0.05)\nbeside = 5\nbeside + 1")
    assert "Wall time" in ran.text
    assert ran.result == "6"
    assert "spin" in ran.picture.names
    assert kernel.value("beside") == 5


def test_output_can_be_captured(kernel):
    ran = kernel.run("%%capture kept\n%%pyflame\nprint('kept')\nspin(0.02)")
    assert ran.outputs == []
    assert kernel.value("kept.stdout") == "kept\n"
    assert kernel.value("'pyflame-live' in kept.outputs[0].data['text/html']") is True


def test_rich_output_is_shown(kernel):
    ran = kernel.run("%%pyflame\nfrom IPython.display import HTML, display\ndisplay(HTML('<b>x'))")
    assert ran.outputs[0]["data"]["text/html"] == "<b>x"
    ran = kernel.run("%%pyflame\nHTML('<i>y')")
    assert ran.outputs[0]["data"]["text/html"] == "<i>y"


def test_widgets_are_shown(kernel):
    pytest.importorskip("ipywidgets", reason="not run: no ipywidgets")
    ran = kernel.run("%%pyflame\nimport ipywidgets\nipywidgets.IntSlider(3)")
    assert "application/vnd.jupyter.widget-view+json" in ran.outputs[0]["data"], ran.outputs


def test_the_history_has_the_users_own_text(kernel):
    source = "%%pyflame -r 500\nx = 1  # mine"
    kernel.run(source)
    assert kernel.value("get_ipython().history_manager.input_hist_raw[-2]") == source
    assert "get_ipython()" not in kernel.value("In[-3]")


FAILURES = {
    "raised": ("spin(0.05)\n1 / 0", "ZeroDivisionError"),
    "raised in a task": (
        "import asyncio\nawait asyncio.sleep(0)\nspin(0.05)\n1/0",
        "ZeroDivisionError",
    ),
    "interrupted": (
        "import os, signal\nspin(0.05)\nos.kill(os.getpid(), signal.SIGINT)\nspin(9)",
        "KeyboardInterrupt",
    ),
    "left": ("spin(0.05)\nimport sys\nsys.exit(3)", "SystemExit"),
    "left by os": ("spin(0.05)\nraise SystemExit", "SystemExit"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_an_error_and_the_picture_until_then_are_both_shown(kernel, failure):
    body, name = FAILURES[failure]
    ran = kernel.run(f"%%pyflame\n{body}")
    assert ran.error == name
    assert ran.kinds[-1] == "picture"
    assert "spin" in ran.picture.names


def test_a_cell_that_awaits_can_be_interrupted(kernel):
    ran = kernel.run(
        "%%pyflame\nimport asyncio, os, signal\nspin(0.05)\nos.kill(os.getpid(), signal.SIGINT)\n"
        "await asyncio.sleep(50)"
    )
    assert ran.error in {"KeyboardInterrupt", "CancelledError"}
    assert "spin" in ran.picture.names


@pytest.mark.parametrize(
    "body", ["x = = 3", "def f(:", "  x\n y", "%%nonsense\n1", "return 3", "'"]
)
def test_a_cell_that_can_not_be_compiled_says_so(kernel, body):
    plain, ran = kernel.run(body), kernel.run(f"%%pyflame {SELDOM}\n{body}")
    assert ran.error == plain.error
    assert "Nothing was sampled" in ran.picture.page


def test_tracebacks_have_the_cells_own_lines(kernel):
    ran = kernel.run("%%pyflame\ndef fail():\n    return 1 / 0  # here\n\nfail()")
    assert f"In[{ran.number}], line 5" in ran.traceback
    assert "3     return 1 / 0  # here" in ran.traceback
    assert "pyflame/_" not in ran.traceback


def test_a_cell_that_is_not_stored_is_recorded_too(kernel):
    ran = kernel.run("%%pyflame\nspin(0.05)", store_history=False)
    assert "spin" in ran.picture.names


def test_a_silent_execution_shows_nothing(kernel):
    messages = kernel.run_silently("%%pyflame\nsilently = 3")
    assert {message["msg_type"] for message in messages} <= {"status", "execute_input"}
    assert kernel.value("silently") == 3


def test_cells_that_cells_run_have_pictures_of_their_own(kernel):
    ran = kernel.run(
        "%%pyflame\nspin(0.03)\n"
        "inner = get_ipython().run_cell('%%pyflame\\nspin(0.03)\\nnested = 3\\nnested')\n"
        "inner.result"
    )
    assert ran.kinds.count("picture") == 2
    assert ran.kinds[-1] == "picture"
    assert ran.result == "3"


def test_a_script_that_a_cell_runs_is_in_its_picture(kernel, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("def in_script():\n    spin(0.05)\nin_script()\n")
    ran = kernel.run(f"%%pyflame\n%run -i {script}")
    assert "in_script" in ran.picture.names


def test_nothing_to_run_is_no_mistake(kernel):
    for source in ("", "\n", "\n\n# nothing"):
        ran = kernel.run(f"%%pyflame {SELDOM}{source}")
        assert ran.error is None
        assert "Nothing was sampled" in ran.picture.page
