"""Every command of README.md is run as it stands there; one that no test runs fails.

Blocks of code are read line by line, and Python blocks whole; in prose, what begins like a command.
Programs of the README that are anybody's (`train.py`) are small ones here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doors.shell import BUSY, CHECKOUT, LIMIT_SECONDS, Shell, frames_of

TEXT = (CHECKOUT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = FENCED.findall(TEXT)
LINES = [line for kind, block in BLOCKS if kind != "python" for line in block.splitlines()]
PYTHON = [block for kind, block in BLOCKS if kind == "python"]
IN_PROSE = re.compile(r"`((?:python|pip|pyflame|kill|\./)[^`]*)`")
PROSE = [" ".join(found.split()) for found in IN_PROSE.findall(FENCED.sub("", TEXT))]

WITH_ARGUMENTS = BUSY + "import sys\nassert sys.argv[1:] == ['one', '-q'], sys.argv\n"


def writes_a_picture(shell: Shell, command: str, picture: str, name: str = "busy") -> None:
    """Runs a command of the README, which makes a picture with a function of that name."""
    shell.run("sh", "-ec", command).succeeded()
    assert any(name in frame for frame in frames_of(shell.folder / picture)), picture


def a_script(shell: Shell, command: str) -> None:
    shell.write("train.py", BUSY)
    writes_a_picture(shell, command, "train.py.svg")


def a_form(shell: Shell, command: str) -> None:
    """What stands for something else is replaced; a form has no other words of its own."""
    shell.write("script.py", WITH_ARGUMENTS)
    shell.write("module.py", WITH_ARGUMENTS)
    words = {
        "[options]": "-r 500 -o x.svg",
        "[args…]": "one -q",
        "-c code": "-c 'import module'",
    }
    for word, meant in words.items():
        assert word in command or word == "-c code"
        command = command.replace(word, meant)
    writes_a_picture(shell, command, "x.svg")


def several_recordings(shell: Shell, command: str) -> None:
    for name in ("monday", "tuesday"):
        shell.write(f"{name}.py", BUSY.replace("busy", name))
        shell.pyflame("-q", "-o", f"{name}.pyflame", f"{name}.py").succeeded()
    writes_a_picture(shell, command, "week.svg", "monday")
    assert any("tuesday" in frame for frame in frames_of(shell.folder / "week.svg"))


def a_difference(shell: Shell, command: str) -> None:
    extension = "folded" if "folded" in command else "pyflame"
    for name in ("before", "after"):
        shell.write(f"{name}.py", BUSY)
        shell.pyflame("-q", "-o", f"{name}.{extension}", f"{name}.py").succeeded()
    writes_a_picture(shell, command, "change.svg")


def a_real_program(shell: Shell, command: str) -> None:
    import argparse

    shell.write("argparse.py", Path(argparse.__file__).read_text(encoding="utf-8"))
    shell.run("sh", "-ec", f"{command} >page.html").succeeded()
    assert "<html" in (shell.folder / "page.html").read_text(encoding="utf-8")
    assert "highlight" in frames_of(shell.folder / "pygments.svg")


def help_of_the_command(shell: Shell, command: str) -> None:
    result = shell.run("sh", "-ec", command).succeeded()
    options = re.findall(r"^\| `(.*?)` \|", TEXT.partition("| option |")[2], re.MULTILINE)
    names = [re.split(r"[ ,]", name)[0] for option in options for name in option.split("`, `")]
    assert len(names) > 8
    assert [name for name in names if name not in result.stdout] == []


def what_there_is_so_far(shell: Shell, command: str) -> None:
    """The program ends when it has seen the picture, and by itself if it never does."""
    # What a look has seen is let out of the process before another one 0.2 s later.
    program = f"""\
{BUSY}
busy()
import os, time
print("computed", flush=True)
end = time.monotonic() + {LIMIT_SECONDS / 2}
while not os.path.exists("x.svg"):
    assert time.monotonic() < end
    time.sleep(0.001)
os.rename("x.svg", "so_far.svg")
"""
    shell.write("program.py", program)
    process = shell.start("python", "-um", "pyflame", "-o", "x.svg", "program.py")
    shell.until(process, "computed")
    shell.run("sh", "-ec", command.replace("PID", str(process.pid))).succeeded()
    shell.end_of(process).succeeded()
    assert any("busy" in frame for frame in frames_of(shell.folder / "so_far.svg"))


def the_extension(shell: Shell, command: str) -> None:
    cell = "%%pyflame -o x.svg\n" + BUSY
    shell.write(
        "shell.py",
        f"""\
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in ({command!r}, {cell!r}):
    shell.run_cell(cell).raise_error()
""",
    )
    shell.run("python", "shell.py", env={"IPYTHONDIR": str(shell.folder)}).succeeded()
    assert any("busy" in frame for frame in frames_of(shell.folder / "x.svg"))


def elsewhere(_shell: Shell, _command: str) -> None:
    """The file of the test that runs the command names it."""


RUN_BY = {
    "python -m pyflame train.py": a_script,
    "./demo": elsewhere,  # test_demo.py
    "./check": elsewhere,  # Whoever runs this test, and test_demo.py.
    "python -m pyflame [options] script.py [args…]": a_form,
    "python -m pyflame [options] -m module [args…]": a_form,
    "python -m pyflame [options] -c code [args…]": a_form,
    "pyflame render --mode cpu monday.pyflame tuesday.pyflame -o week.svg": several_recordings,
    "pyflame diff before.pyflame after.pyflame -o change.svg": a_difference,
    "pyflame diff --unit us before.folded after.folded -o change.svg": a_difference,
    "%load_ext pyflame": the_extension,
    "pip install .": elsewhere,  # test_demo.py
    "python -m pyflame --help": help_of_the_command,
    "kill -URG PID": what_there_is_so_far,
    'pip install ".[django]"': elsewhere,  # test_package.py
    "python examples/bookshop": elsewhere,  # test_examples.py
    "python -m pyflame -m pygments -f html -O full argparse.py": a_real_program,
}


@pytest.mark.parametrize("command", [*LINES, *dict.fromkeys(PROSE)])
def test_a_command_does_what_the_readme_says(shell, command):
    assert command in RUN_BY, f"README.md has a command that no test runs: {command}"
    RUN_BY[command](shell, command)


def test_no_command_is_tested_that_the_readme_has_not():
    assert sorted(RUN_BY) == sorted({*LINES, *PROSE})


def test_the_python_blocks_run_one_after_the_other(shell):
    assert len(PYTHON) == 2
    given = f"""\
{BUSY}
work = busy
order = None

def handle(order):
    busy()

"""
    # What the second block does goes into the profile of the first.
    first, second = PYTHON
    labelled, rest = second.split("\n\n", 1)
    indented = re.sub("^", "    ", labelled, flags=re.MULTILINE)
    recorded = first.replace("    work()\n", f"    work()\n{indented}\n")
    shell.write("program.py", f"{given}{recorded}\n{rest}")
    result = shell.python("program.py").succeeded()
    assert "busy (" in result.stdout
    times = dict(line.split() for line in result.stdout.splitlines()[-2:])
    assert sorted(times) == ["None", "acme"]
    assert float(times["acme"]) > 0
    for picture in ("work.svg", "acme.svg"):
        assert any("busy" in frame for frame in frames_of(shell.folder / picture))
    shell.python("-c", "import pyflame; help(pyflame.Profiler)").succeeded()
