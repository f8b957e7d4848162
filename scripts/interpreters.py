"""The CPythons to test on: found on this machine, or brought by a Debian forky system in a folder.

Every interpreter gets a virtual environment of its own in the cache, so that nothing is installed
into it. Python 3.14 and 3.15 are packages of Debian forky; where this machine lacks them, root can
lay out such a system with debootstrap (once; it stays in the cache) and run its interpreters by
chroot. The mounts that this needs live in a mount namespace of the command alone, so none is ever
left behind, and two checkouts can use one system at once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUPPORTED = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
IN_FORKY = ("3.14", "3.15")

CHECKOUT = Path(__file__).resolve().parent.parent
CACHE = Path(
    os.environ.get("PYFLAME_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pyflame")
)
# Two checkouts must not install their wheels into each other's environments.
ENVIRONMENTS = CACHE / "environments" / hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]


class UnavailableError(Exception):
    """An interpreter can't be had here; the message says why."""


@dataclass(frozen=True)
class Interpreter:
    """A CPython, and the system that it runs in (None for this machine's own)."""

    version: str
    executable: Path
    system: Path | None = None
    purpose: str = ""
    requirements: tuple[Path, ...] = ()

    def for_tests(self, purpose: str, *requirements: Path) -> Interpreter:
        """The same interpreter with an environment of its own for some tests."""
        return dataclasses.replace(self, purpose=f"-{purpose}", requirements=requirements)

    @property
    def environment(self) -> Path:
        """The folder of its virtual environment; the same path inside and outside a system."""
        return ENVIRONMENTS / f"{self.version}{self.purpose}"

    @property
    def _wheels(self) -> Path:
        return ENVIRONMENTS / f"wheels-{self.version}{self.purpose}"

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command that runs `python ARGUMENTS` in the environment, from the checkout."""
        return self.inside([str(self.environment / "bin" / "python"), *arguments])

    def prepare(self, wheel: Path | None) -> None:
        """Makes the environment where it is missing or out of date, and installs the wheel."""
        requirements = self.requirements or (_usual_requirements(self.version),)
        stamp = self.environment / "made-from.json"
        texts = [path.read_text(encoding="utf-8") for path in requirements]
        wanted = json.dumps([str(self.executable), *texts])
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(self.environment, ignore_errors=True)
            self._make_environment(requirements)
            stamp.write_text(wanted, encoding="utf-8")
        if wheel is not None:
            self._pip("install", "--no-deps", "--force-reinstall", str(wheel))

    def _make_environment(self, requirements: Sequence[Path]) -> None:
        needs = [word for path in requirements for word in ("-r", str(path))]
        self.environment.parent.mkdir(parents=True, exist_ok=True)
        make = [str(self.executable), "-m", "venv", str(self.environment)]
        if self.system is None:
            _run(make)
            self._pip("install", *needs)
        else:
            # Debian's venv cannot bring pip along, and the system inside need not reach the
            # network: fetch the wheels from here and let pip's own wheel install them there.
            wheels = str(self._wheels)
            fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", wheels]
            target = ["--only-binary=:all:", "--python-version", self.version]
            _run([*fetch, *target, "pip", *needs])
            _run(self.inside([*make, "--without-pip"]))
            self._pip("install", "--no-index", "--find-links", wheels, *needs)

    def _pip(self, *arguments: str) -> None:
        if self.system is None:
            pip = ["-m", "pip"]
        else:
            pip = [str(next(self._wheels.glob("pip-*.whl")) / "pip")]
        _run(self.command([*pip, *arguments, "--quiet", "--disable-pip-version-check"]))

    def inside(self, command: list[str]) -> list[str]:
        """The command that runs another one where the interpreter is."""
        if self.system is None:
            return command
        places = [str(self.system), str(CHECKOUT), str(ENVIRONMENTS)]
        namespace = ["unshare", "--mount", "--propagation", "private", "--"]
        return [*namespace, "sh", "-euc", _ENTER_SYSTEM, "sh", *places, *command]

    def beside(self, pid: int, command: list[str]) -> list[str]:
        """The command that runs another one where a process of the interpreter is.

        Another entry into the system would have mounts of its own, in which the paths that the
        kernel tells of that process's files can't be opened.
        """
        if self.system is None:
            return command
        return ["nsenter", f"--target={pid}", "--mount", "--root", "--wd", "--", *command]


def _usual_requirements(version: str) -> Path:
    name = "requirements-3.9.txt" if version == "3.9" else "requirements.txt"
    return CHECKOUT / "tests" / name


# $1: the system; $2 and $3: folders that it sees under their own names, the first to work in.
_ENTER_SYSTEM = """
system=$1 checkout=$2 environments=$3; shift 3
for folder in "$checkout" "$environments"; do
    mkdir -p "$system$folder"
    mount --bind "$folder" "$system$folder"
done
mount -t proc proc "$system/proc"
mount --rbind /dev "$system/dev"
exec chroot "$system" sh -euc 'cd "$0"; exec "$@"' "$checkout" "$@"
"""


def find(version: str) -> Interpreter:
    """Finds CPython `version`, this machine's own first, or raises `UnavailableError`."""
    for executable in _candidates(version):
        if _is_cpython(executable, version):
            return Interpreter(version, executable)
    if version not in IN_FORKY:
        raise UnavailableError("not found")
    system = forky()
    executable = Path(f"/usr/bin/python{version}")
    if not (system / executable.relative_to("/")).exists():
        raise UnavailableError(f"not found, nor in the Debian system {system}")
    return Interpreter(version, executable, system)


def forky() -> Path:
    """The Debian forky system in the cache, made where it is missing."""
    if os.geteuid() != 0:
        raise UnavailableError("not found; root can run it from a Debian forky system")
    system = CACHE / "forky"
    if system.is_dir():
        return system
    if shutil.which("debootstrap") is None:
        raise UnavailableError(
            "not found; a Debian forky system has it, but debootstrap is missing"
        )
    print(f"laying out a Debian forky system in {system}; this takes a minute or two", flush=True)
    # Made beside its place and moved there, so that an interrupted start leaves no half system.
    CACHE.mkdir(parents=True, exist_ok=True)
    growing = CACHE / "forky.growing"
    shutil.rmtree(growing, ignore_errors=True)
    packages = ",".join(f"python{version}" for version in IN_FORKY)
    make = ["debootstrap", "--variant=minbase", f"--include={packages}", "forky", str(growing)]
    log = CACHE / "forky.log"
    with log.open("wb") as output:
        # An older debootstrap does not know forky by name, but all of Debian's suites are laid
        # out alike: its script for sid serves. The empty argument is the mirror, its default.
        made = subprocess.run(
            [*make, "", "sid"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
    if made.returncode != 0:
        raise UnavailableError(f"not found, and debootstrap failed; its output is in {log}")
    growing.rename(system)
    return system


def _candidates(version: str) -> Iterator[Path]:
    """Where CPython `version` may be, the most deliberate place first."""
    for folder in os.get_exec_path():
        yield Path(folder, f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = [path for path in pyenv.glob(f"versions/{version}.*") if _patch(path) is not None]
    for path in sorted(installed, key=lambda path: _patch(path) or 0, reverse=True):
        yield path / "bin" / "python3"


def _patch(version: Path) -> int | None:
    """The 7 of `3.11.7`; None for `3.13.0t`, `3.14-dev` and the like."""
    found = re.fullmatch(r"3\.\d+\.(\d+)", version.name)
    return int(found[1]) if found else None


def _is_cpython(executable: Path, version: str) -> bool:
    """Whether it runs (a pyenv shim may not), and is the interpreter that its name says."""
    if not executable.is_file():
        return False
    say = (
        "import sys, sysconfig;"
        "print(sys.implementation.name, '%d.%d' % sys.version_info[:2],"
        " sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    )
    said = subprocess.run(
        [str(executable), "-I", "-c", say], capture_output=True, text=True, check=False
    )
    return said.stdout.split() == ["cpython", version, "0"]


def _run(command: list[str]) -> None:
    """Runs a step of the set-up; what it printed is shown only where it fails."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise UnavailableError(f"its set-up failed\n{done.stdout}")
