"""The package as it is installed: from a source distribution, and with its extras."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING

import pytest
from doors import wheelhouse
from doors.shell import BUILD_LIMIT_SECONDS, CHECKOUT, Shell

if TYPE_CHECKING:
    from pathlib import Path


def install(shell: Shell, environment: Path, *packages: str) -> str:
    """Makes an environment without the network, with these packages from the shell's folder."""
    shell.python("-m", "venv", str(environment)).succeeded()
    words = ["install", "--quiet", "--no-index", "--find-links", str(shell.folder / "wheels")]
    python = str(environment / "bin" / "python")
    shell.run(python, "-m", "pip", *words, *packages).succeeded()
    return python


@pytest.fixture
def wheels(shell) -> Path:
    folder = shell.folder / "wheels"
    folder.mkdir()
    return folder


def test_the_source_distribution_builds_a_wheel_that_works(shell, wheels):
    maturin = [sys.executable, "-m", "maturin"]
    shell.run(*maturin, "sdist", "--out", str(shell.folder), cwd=CHECKOUT).succeeded()
    archive = next(shell.folder.glob("pyflame-*.tar.gz"))
    shell.run("tar", "-xf", str(archive)).succeeded()
    source = archive.with_suffix("").with_suffix("")
    assert (source / "LICENSE").is_file()
    # Not optimised: what is optimised is tested by all else.
    build = [*maturin, "build", "--locked", "--offline", "--out", str(wheels)]
    shell.run(*build, cwd=source, limit_seconds=BUILD_LIMIT_SECONDS).succeeded()
    python = install(shell, shell.folder / "environment", str(next(wheels.glob("*.whl"))))
    result = shell.run(python, "-m", "pyflame", "-o", "x.svg", "-c", "pass").succeeded()
    assert "signal" in shell.run(python, "-c", ENGINE).succeeded().stdout
    assert "x.svg" in result.stderr
    assert (shell.folder / "x.svg").is_file()


ENGINE = """\
import pyflame
with pyflame.Profiler() as profiler:
    pass
print(profiler.profile.engine)
"""

# What a user of each extra imports first.
EXTRAS = {
    "django": "import django.conf\n"
    "django.conf.settings.configure(DEBUG_TOOLBAR_PANELS=['pyflame.djdt.panel.FlamegraphPanel'],"
    " INSTALLED_APPS=['django.contrib.staticfiles', 'debug_toolbar', 'pyflame'],"
    " STATIC_URL='/static/')\n"
    "django.setup()\n"
    "from debug_toolbar.toolbar import DebugToolbar\n"
    "assert [panel.__name__ for panel in DebugToolbar.get_panel_classes()] == ['FlamegraphPanel']",
    "jupyter": "from IPython.core.interactiveshell import InteractiveShell\n"
    "shell = InteractiveShell.instance()\n"
    "shell.run_line_magic('load_ext', 'pyflame')\n"
    "assert 'pyflame' in shell.magics_manager.magics['cell']",
}


def test_every_extra_has_a_test():
    assert sorted(importlib.metadata.metadata("pyflame").get_all("Provides-Extra")) == [*EXTRAS]


@pytest.mark.parametrize("extra", [*EXTRAS])
def test_an_extra_brings_what_it_needs(shell, wheels, wheel, extra):
    wheelhouse.fill(wheels, {"django": "django-debug-toolbar", "jupyter": "ipython"}[extra])
    python = install(shell, shell.folder / "environment", f"{wheel}[{extra}]")
    home = {"IPYTHONDIR": str(shell.folder)}
    shell.run(python, "-W", "error", "-c", EXTRAS[extra], env=home).succeeded()
