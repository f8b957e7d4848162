"""Virtual environments: an interpreter, what a lock file names, and the wheel.

Their files are links into uv's cache and cost nearly nothing; only bytecode is their own. They are
made by uv within the interpreter's own system, so they are what a user's would be.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import forky
import installer
import interpreters
from places import CHECKOUT, ENVIRONMENTS, WHEELS, locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from interpreters import Interpreter


class InstallError(Exception):
    """Something could not be installed; the message is what uv said."""


@dataclass(frozen=True)
class Environment:
    """An environment of this checkout: what it is for, and what is installed there."""

    interpreter: Interpreter
    purpose: str
    requirements: tuple[Path, ...]
    is_locked: bool = True
    """Whether the requirements have hashes, as all have that CI installs."""

    @property
    def folder(self) -> Path:
        """Where it is; the same path inside and outside a system."""
        return ENVIRONMENTS / f"{self.purpose}-{self.interpreter.version}"

    @property
    def python(self) -> str:
        """Its interpreter, for commands that run inside."""
        return str(self.folder / "bin" / "python")

    def program(self, name: str) -> str:
        """A program that is installed there."""
        return str(self.folder / "bin" / name)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command that runs `python ARGUMENTS` there, from the checkout."""
        return self.interpreter.inside([self.python, *arguments])

    def make(self, *, is_offline: bool, limit_seconds: float | None = None) -> None:
        """Makes it where it is missing or out of date, or raises `InstallError`."""
        texts = [path.read_text(encoding="utf-8") for path in self.requirements]
        wanted = json.dumps([str(self.interpreter.executable), str(self.interpreter.system), texts])
        stamp = self.folder / "made-from.json"
        with locked(self.folder.with_suffix(f"{self.folder.suffix}.lock")):
            if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
                return
            if not is_offline and self.interpreter.system is not None:
                self._fetch_from_outside(limit_seconds)
                is_offline = True
            shutil.rmtree(self.folder, ignore_errors=True)
            make = ["venv", "--quiet", "--python", str(self.interpreter.executable)]
            self._uv([*make, str(self.folder)], limit_seconds)
            offline = ["--offline"] if is_offline else []
            self._uv([*self._install, *offline, "--compile-bytecode"], limit_seconds)
            stamp.write_text(wanted, encoding="utf-8")

    def install_wheel(self) -> None:
        """Installs the wheel that the `wheel` step built, over one that is there."""
        with locked(self.folder.with_suffix(f"{self.folder.suffix}.lock")):
            # Not by way of the cache, which would keep every wheel that was ever built.
            words = [
                "pip",
                "install",
                "--quiet",
                "--python",
                self.python,
                "--no-cache",
                "--offline",
            ]
            words += ["--no-index", "--find-links", str(WHEELS), "--link-mode", "copy"]
            self._uv([*words, "--no-deps", "--reinstall", "--compile-bytecode", "pyflame"], None)

    @property
    def _install(self) -> list[str]:
        needs = [word for path in self.requirements for word in ("-r", str(path))]
        hashes = ["--require-hashes"] if self.is_locked else []
        # What has no wheel would be compiled, for minutes and with whatever this machine has.
        wheels = ["--only-binary", ":all:"] if self.is_locked or self.interpreter.system else []
        return ["pip", "install", "--quiet", "--python", self.python, *wheels, *hashes, *needs]

    def _fetch_from_outside(self, limit_seconds: float | None) -> None:
        """Brings wheels for a system that need not reach the network into the cache."""
        # The newest C library that uv knows by name is not newer than the system's.
        target = ["--python-version", self.interpreter.version]
        target += ["--python-platform", f"{platform.machine()}-manylinux_2_40"]
        ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as folder:
            words = [word.replace(self.python, sys.executable) for word in self._install]
            _run([str(installer.UV), *words, *target, "--target", folder], limit_seconds)

    def _uv(self, words: Sequence[str], limit_seconds: float | None) -> None:
        # Folders and certificates of this machine are not there within a system, which needs none.
        told = installer.PLACES if self.interpreter.system is not None else ()
        _run(self.interpreter.inside([str(installer.UV), *words]), limit_seconds, without=told)


def of(
    interpreter: Interpreter, purpose: str, *requirements: Path, is_locked: bool = True
) -> Environment:
    """The environment for a purpose; its system, if it has one, is not removed while this runs."""
    if interpreter.system is not None:
        forky.hold()
    return Environment(interpreter, purpose, requirements, is_locked)


def ready(version: str, purpose: str, *requirements: Path) -> Environment:
    """An environment for what is not locked, made right away; for benchmarks."""
    interpreter = interpreters.find(version)
    if interpreter.system is not None:
        forky.lay_out()
    environment = of(interpreter, purpose, *requirements, is_locked=False)
    environment.make(is_offline=False)
    return environment


def _run(command: Sequence[str], limit_seconds: float | None, without: Sequence[str] = ()) -> None:
    told = {name: word for name, word in installer.environment().items() if name not in without}
    try:
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env={**told, "PYTHONDONTWRITEBYTECODE": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=limit_seconds,
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"uv was not done within {limit_seconds:.0f} s") from None
    except OSError as error:
        raise InstallError(f"{os.fspath(command[0])} does not run: {error}") from None
    if done.returncode != 0:
        raise InstallError(done.stdout.strip())
