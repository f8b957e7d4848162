"""The CPythons to test on: found on this machine, or in a Debian forky system in a folder.

An interpreter in such a system is run by chroot. The mounts that this needs live in a mount
namespace of the command alone, so none is ever left behind, and two checkouts can use one system
at once. Paths in the checkout and in the cache mean the same inside and outside.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import forky
from places import CACHE, CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUPPORTED = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


class UnavailableError(Exception):
    """An interpreter can't be had here; the message says why."""


@dataclass(frozen=True)
class Interpreter:
    """A CPython, and the system that it runs in (None for this machine's own)."""

    version: str
    executable: Path
    system: Path | None = None

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command that runs another one where the interpreter is, from the checkout."""
        if self.system is None:
            return list(command)
        places = [str(self.system), str(CHECKOUT), str(CACHE)]
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


# $1: the system; $2 and $3: folders that it sees under their own names, the first to work in. The
# system becomes a mount point itself: without one, no program in it could change its own mounts.
_ENTER_SYSTEM = """
system=$1 checkout=$2 cache=$3; shift 3
mount --bind "$system" "$system"
for folder in "$checkout" "$cache"; do
    mkdir -p "$system$folder"
    mount --bind "$folder" "$system$folder"
done
mount -t proc proc "$system/proc"
mount --rbind /dev "$system/dev"
exec chroot "$system" sh -euc 'cd "$0"; exec "$@"' "$checkout" "$@"
"""


def find(version: str) -> Interpreter:
    """Finds CPython `version`, this machine's own first, or raises `UnavailableError`.

    One of the forky system is found, too, before that has been laid out (`forky.lay_out`).
    """
    for executable in _candidates(version):
        if _is_cpython(executable, version):
            return Interpreter(version, executable)
    if version not in forky.PYTHONS:
        raise UnavailableError(f"Python {version} was not found")
    obstacle = forky.obstacle()
    if obstacle:
        raise UnavailableError(f"Python {version} was not found; {obstacle}")
    return Interpreter(version, Path(f"/usr/bin/python{version}"), forky.SYSTEM)


def own_version() -> str:
    """The version of the Python that runs this, for what does not hang on the version."""
    return "{}.{}".format(*sys.version_info)


def _candidates(version: str) -> Iterator[Path]:
    """Where CPython `version` may be, the most deliberate place first."""
    for folder in os.get_exec_path():
        yield Path(folder, f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = [path for path in pyenv.glob(f"versions/{version}.*") if _patch(path) is not None]
    for path in sorted(installed, key=lambda path: _patch(path) or 0, reverse=True):
        yield path / "bin" / "python3"
    # What `.venv` was made from may have no name that tells its version.
    yield Path(sys.base_prefix) / "bin" / "python3"


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
