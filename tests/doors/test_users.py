"""A user who isn't root: nearly every user, and nobody whom the other tests run as."""

from __future__ import annotations

import json
import os
import shlex
import site
import stat
import sys
from pathlib import Path

import pytest
from doors.shell import BUSY

NOBODY = 65534
RECORD = f"""\
import json, os, pyflame
with pyflame.Profiler() as profiler:
    exec({BUSY!r})
profile = profiler.profile
print(json.dumps([os.getuid(), profile.engine, profile.engine_note, profile.samples]))
"""


class SomebodyElse:
    """Runs Python as another user than root, in a folder of theirs.

    Where the interpreter lies in a folder that is root's alone, the way to it is opened in a mount
    namespace that only the command has.
    """

    def __init__(self, shell) -> None:
        self.shell = shell
        self.home = shell.folder / "home"
        self.home.mkdir()
        if os.geteuid() == 0:
            os.chown(self.home, NOBODY, NOBODY)

    def python(self, *arguments: str, **options: object):
        """`python ARGUMENTS` of that user."""
        python = [sys.executable, *arguments]
        if os.geteuid() != 0:
            return self.shell.run(*python, cwd=self.home, **options)
        user = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
        script = [*self._opened(), f"cd {shlex.quote(str(self.home))}"]
        script.append(f"exec {user} {shlex.join(python)}")
        home = {"HOME": str(self.home), **options.pop("env", {})}
        command = ["unshare", "--mount", "sh", "-ec", "\n".join(script)]
        return self.shell.run(*command, env=home, **options)

    def pyflame(self, *arguments: str):
        """`python -m pyflame ARGUMENTS` of that user."""
        return self.python("-m", "pyflame", *arguments)

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Writes a file that belongs to that user."""
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)

    def _opened(self) -> list[str]:
        """What makes the folders that the command needs visible to everybody.

        A folder that is closed is covered by an open one, in which those that are needed lie again.
        """
        needed = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, self.home)}
        needed |= {Path(path).resolve() for path in site.getsitepackages()}
        needed.add(Path(sys.executable).parent.resolve())
        closed = {folder for path in needed if (folder := _closed_above(path))}
        lines = []
        for number, folder in enumerate(sorted(closed)):
            aside = self.shell.folder / f"aside-{number}"
            aside.mkdir(exist_ok=True)
            lines += [
                f"mount --bind {folder} {aside}",
                f"mount -t tmpfs -o mode=755 none {folder}",
            ]
            for path in sorted(path for path in needed if folder in path.parents):
                inside = aside / path.relative_to(folder)
                lines += [f"mkdir -p {path}", f"mount --bind {inside} {path}"]
        return lines


def _closed_above(path: Path) -> Path | None:
    """The outermost folder on the way to `path` that only its owner may pass."""
    return next(
        (folder for folder in reversed(path.parents) if not folder.stat().st_mode & stat.S_IXOTH),
        None,
    )


@pytest.fixture
def somebody(shell):
    # Folders of tests are their owner's alone.
    for folder in (shell.folder, *shell.folder.parents):
        if folder.owner() == "root" and "pytest" in folder.name:
            folder.chmod(0o755)
    shell.folder.chmod(0o755)
    return SomebodyElse(shell)


def test_a_recording_has_the_signal_engine(somebody):
    user, engine, note, samples = json.loads(
        somebody.python("-c", RECORD).succeeded().stdout.splitlines()[-1]
    )
    assert user != 0
    assert (engine, note) == ("signal", "")
    assert samples > 10


def test_the_command_records_a_program_and_its_children(somebody):
    somebody.write("busy.py", BUSY)
    parent = (
        f"import subprocess, sys\n{BUSY}\nsubprocess.run([sys.executable, 'busy.py'], check=True)"
    )
    somebody.write("parent.py", parent)
    result = somebody.pyflame("-o", "x.folded", "parent.py").succeeded()
    assert result.stdout == "done\ndone\n"
    assert "2 processes" in result.stderr
    text = (somebody.home / "x.folded").read_text(encoding="utf-8")
    roots = {line.partition(";")[0] for line in text.splitlines() if "busy (" in line}
    assert len(roots) == 2


def test_a_script_that_may_not_be_read(somebody):
    somebody.write("secret.py", BUSY, mode=0)
    result = somebody.pyflame("secret.py")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(
        "pyflame: error: script `secret.py` can't be read: Permission denied"
    )


def test_an_output_that_may_not_be_written(somebody):
    somebody.write("busy.py", BUSY)
    somebody.write("x.svg", "old", mode=0o444)
    result = somebody.pyflame("-o", "x.svg", "busy.py")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("pyflame: error: output `x.svg` can't be written: Permission")
    assert (somebody.home / "x.svg").read_text() == "old"


def test_a_folder_in_which_nothing_may_be_written(somebody):
    somebody.write("busy.py", BUSY)
    locked = somebody.home / "locked"
    locked.mkdir(mode=0o555)
    result = somebody.pyflame("-o", "locked/x.svg", "busy.py")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("pyflame: error: output `locked/x.svg` can't be written: Perm")
