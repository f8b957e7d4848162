"""A program finds under pyflame what it finds under python."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

# What a program finds of how it was started is there before any engine begins; what engines have in
# common with it (modules, threads, hooks) each kind of program finds the same.
BOTH_ENGINES = pytest.mark.parametrize("same", ["signal", "fallback"], indirect=True)
# What pip writes for an entry point.
CONSOLE_SCRIPT = "import sys\nfrom pyflame._command import main\nsys.exit(main())\n"


@pytest.fixture
def same(request, runner):
    """Assert that a program sees the same world both ways; returns that world."""
    engine = getattr(request, "param", "signal")

    def compare(*args: str, python_options: tuple[str, ...] = (), **options: object):
        plain = runner.python(*python_options, *args, **options)
        ours = runner.python(
            *python_options, "-m", "pyflame", "-q", "--engine", engine, *args, **options
        )
        assert ours.stderr == plain.stderr
        assert ours.returncode == plain.returncode == 0
        world = json.loads(plain.stdout)
        assert json.loads(ours.stdout) == world
        return world

    return compare


@pytest.fixture
def world(program) -> str:
    return Path(program("world.py")).read_text()


@BOTH_ENGINES
def test_a_script(same, runner, world):
    runner.write("folder/world.py", world)
    seen = same("folder/world.py", "-o", "x", "--", "-q")
    assert seen["argv"] == ["folder/world.py", "-o", "x", "--", "-q"]
    assert seen["main is this"]
    assert seen["pickled"]


@pytest.mark.parametrize("path", ["./world.py", "folder/../world.py", "./folder/.././world.py"])
def test_a_script_by_a_crooked_path(same, runner, world, path):
    runner.write("world.py", world)
    runner.write("folder/other", "")
    same(path)


def test_a_script_by_its_full_path(same, program):
    same(program("world.py"))


def test_a_script_behind_a_symbolic_link(same, runner, world):
    real = runner.write("real/world.py", world)
    runner.write("links/other", "")
    (runner.folder / "links" / "world.py").symlink_to(real)
    assert same("links/world.py")["path"][0].endswith("/real")


def test_a_script_in_another_encoding(same, runner, world):
    text = "# -*- coding: latin-1 -*-\nname = '\xe4'\nassert len(name) == 1\n" + world
    runner.write("world.py", text.encode("latin-1"))
    same("world.py")


def test_a_script_without_an_extension(same, runner, world):
    runner.write("world", world)
    same("world")


def test_a_compiled_script(same, runner, world):
    runner.write("world.py", world)
    runner.python("-c", "import py_compile; py_compile.compile('world.py', 'world.pyc')")
    same("world.pyc")


def test_a_script_whose_path_is_no_text(same, runner, world):
    name = "w\udcff.py"
    shutil.copy(runner.write("world.py", world), runner.folder / name)
    same(name)


@BOTH_ENGINES
def test_a_module(same, runner, world):
    runner.write("package/__init__.py", "")
    runner.write("package/inner/__init__.py", "")
    runner.write("package/inner/world.py", world)
    seen = same("-m", "package.inner.world", "-m", "x")
    assert seen["argv"][1:] == ["-m", "x"]


def test_a_package(same, runner, world):
    runner.write("package/__init__.py", "import sys; first = list(sys.argv)")
    runner.write("package/__main__.py", world)
    same("-m", "package", "a")


@BOTH_ENGINES
def test_code(same, world):
    same("-c", world, "-c", "x")


def test_indented_code_where_python_takes_it(same, runner):
    code = "\n    import json\n    if 1:\n        print(json.dumps({'a': 1}))\n"
    if runner.python("-c", code).returncode:
        pytest.skip("python -c takes no indented code before 3.14")
    same("-c", code)


@BOTH_ENGINES
def test_standard_input(same, world):
    same("-", "a", "b", input=world)


def test_a_folder_with_a_main_module(same, runner, world):
    runner.write("app/__main__.py", world)
    same("app", "x")
    same("./app/", "x")


def test_an_archive_with_a_main_module(same, runner, world):
    with zipfile.ZipFile(runner.folder / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", world)
    same("app.pyz", "x")


@pytest.mark.parametrize("option", ["-O", "-B", "-Xdev", "-Wignore"])
def test_options_of_the_interpreter(same, program, option):
    same(program("world.py"), python_options=(option,))


OPTIONS_WITH_VALUES = (
    *("-Bu", "-X", "dev", "-BWignore", "-BW", "error::ImportWarning"),
    *("--check-hash-based-pycs", "never"),
)


@BOTH_ENGINES
def test_options_of_the_interpreter_before_each_kind_of_program(same, runner, world):
    runner.write("world.py", world)
    for words in (["world.py"], ["-m", "world"], ["-c", world]):
        same(*words, "-X", "x", python_options=OPTIONS_WITH_VALUES)
    same("-", "-X", "x", python_options=OPTIONS_WITH_VALUES, input=world)


def test_a_script_whose_name_looks_like_an_option(same, runner, world):
    runner.write("-c.py", world)
    same("--", "-c.py", "--", "x")


@pytest.mark.skipif(sys.version_info < (3, 10), reason="there is no sys.orig_argv")
@pytest.mark.parametrize(
    ("ours", "plain"),
    [
        (["-mpyflame"], []),
        (["-Bmpyflame"], ["-B"]),
        (["-BOm", "pyflame"], ["-BO"]),
        (["-B", "bin/pyflame"], ["-B"]),
        (["--", "bin/pyflame"], []),
        (["-Bc", "from pyflame._command import main; main()"], ["-B"]),
    ],
)
def test_the_command_line_however_it_names_us(runner, ours, plain):
    runner.write("bin/pyflame", CONSOLE_SCRIPT)
    show = ("-c", "import sys; print(sys.orig_argv)", "-m", "x")
    expected = runner.python(*plain, *show).stdout
    assert runner.python(*ours, "-q", "-o", "x.svg", *show).stdout == expected


def test_an_isolated_interpreter(same, runner, program):
    if runner.python("-I", "-c", "import pyflame").returncode:
        pytest.skip("not run: pyflame is found by way of PYTHONPATH, which -I switches off")
    same(program("world.py"), python_options=("-I",))


def test_a_safe_path(same, program, world):
    same(program("world.py"), env={"PYTHONSAFEPATH": "1"})
    same("-c", world, env={"PYTHONSAFEPATH": "1"})


def test_processes_that_are_spawned_find_the_program(runner):
    runner.write(
        "spawns.py",
        "import multiprocessing\n"
        "def double(n):\n"
        "    return 2 * n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n",
    )
    result = runner.pyflame("-q", "spawns.py")
    assert result.stdout == "[2, 4]\n", result.stderr


def test_the_console_script_is_the_same_command(runner, world):
    (entry,) = (e for e in distribution("pyflame").entry_points if e.group == "console_scripts")
    assert (entry.name, entry.value) == ("pyflame", "pyflame._command:main")
    runner.write("bin/pyflame", CONSOLE_SCRIPT)
    runner.write("world.py", world)
    plain = runner.python("world.py", "x")
    ours = runner.python("bin/pyflame", "-q", "world.py", "x")
    assert json.loads(ours.stdout) == json.loads(plain.stdout)
