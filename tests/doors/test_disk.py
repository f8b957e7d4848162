"""Where an output can't be written, or two commands write it, nobody finds half a file."""

from __future__ import annotations

import os
import sys

import pytest
from doors.shell import BUSY, frames_of

FORMATS = ["svg", "pdf", "folded", "pyflame"]
NO_SPACE = "No space left on device (os error 28)"
# A profile of it is larger than a page of memory in every format, also packed.
MANY = '''\
import time

NAMES = [f"function_{number * 7919 ** 5 % 10 ** 20}_{number}" for number in range(400)]
BODY = """
    end = time.thread_time() + 0.001
    while time.thread_time() < end:
        pass
"""
for name in NAMES:
    exec(f"def {name}():{BODY}")
for name in NAMES:
    globals()[name]()
print("done")
raise SystemExit(3)
'''


@pytest.fixture
def on_a_full_disk(shell):
    """Runs the command with a disk of one page for its outputs, in a mount namespace of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    disk = shell.folder / "disk"
    disk.mkdir()
    shell.write("many.py", MANY)

    def run(extension: str, before: str = ":"):
        output = disk / f"x.{extension}"
        # What is left on the disk is looked at after it is gone.
        script = f"""\
mount -t tmpfs -o size=4k none {disk} || exit 99
{before}
{sys.executable} -m pyflame -r 10000 -o {output} many.py
status=$?
cp -a {disk} kept
exit $status
"""
        return output, shell.run("unshare", "--mount", "sh", "-c", script)

    return run


def assert_that_of_the_program(result, output):
    """The program ran and ended as it does; the one line of ours names the file and the reason."""
    assert result.returncode == 3, result
    assert result.stdout == "done\n"
    assert result.stderr == f"pyflame: error: can't write `{output}`: {NO_SPACE}\n"


@pytest.mark.parametrize("extension", [name for name in FORMATS if name != "pyflame"])
def test_of_an_output_on_a_full_disk_nothing_is_left(shell, on_a_full_disk, extension):
    output, result = on_a_full_disk(extension)
    assert_that_of_the_program(result, output)
    assert os.listdir(shell.folder / "kept") == []


@pytest.mark.parametrize("extension", [name for name in FORMATS if name != "pyflame"])
def test_what_was_there_before_stays_on_a_full_disk(shell, on_a_full_disk, extension):
    output, result = on_a_full_disk(extension, f"echo old >disk/x.{extension}")
    assert_that_of_the_program(result, output)
    assert os.listdir(shell.folder / "kept") == [output.name]
    assert (shell.folder / "kept" / output.name).read_text() == "old\n"


def test_of_a_recording_on_a_full_disk_what_there_is_can_be_drawn(shell, on_a_full_disk):
    output, result = on_a_full_disk("pyflame")
    assert_that_of_the_program(result, output)
    assert os.listdir(shell.folder / "kept") == [output.name]
    shell.pyflame("render", f"kept/{output.name}", "-o", "x.folded").succeeded()
    assert "function_" in (shell.folder / "x.folded").read_text()


@pytest.mark.parametrize("arguments", [["-o", "/dev/full"], ["--no-children", "-o", "/dev/full"]])
def test_a_device_that_is_full(shell, arguments):
    shell.write("busy.py", BUSY + "raise SystemExit(3)\n")
    result = shell.pyflame(*arguments, "busy.py")
    assert_that_of_the_program(result, "/dev/full")


def test_a_profile_that_does_not_fit_is_an_error_of_the_system(shell):
    shell.write("busy.py", BUSY)
    shell.pyflame("-q", "-o", "x.pyflame", "busy.py").succeeded()
    result = shell.pyflame("render", "x.pyflame", "-o", "/dev/full")
    assert result.returncode == 1
    assert result.stderr == f"pyflame: error: can't write `/dev/full`: {NO_SPACE}\n"
    code = "import pyflame\npyflame.Profile.load('x.pyflame').save('/dev/full')"
    assert "OSError" in shell.python("-c", code).stderr


# Neither of the two ends before both have computed.
TOGETHER = f"""\
import os, sys, time
{BUSY}
open("computed-" + sys.argv[1], "w").close()
end = time.monotonic() + 100
while len([name for name in os.listdir() if name.startswith("computed-")]) < 2:
    assert time.monotonic() < end
    time.sleep(0.001)
"""


@pytest.mark.parametrize("extension", FORMATS)
def test_of_two_commands_that_write_one_file_one_wins(shell, extension):
    shell.write("together.py", TOGETHER)
    output = f"x.{extension}"
    commands = [
        shell.start(sys.executable, "-m", "pyflame", "-o", output, "together.py", name)
        for name in ("one", "other")
    ]
    for command in commands:
        shell.end_of(command).succeeded()
    assert shell.files() == ["computed-one", "computed-other", "together.py", output]
    if extension == "pyflame":
        drawn = shell.pyflame("render", output, "-o", "drawn.folded").succeeded()
        assert "lost" not in drawn.stderr
        output = "drawn.folded"
    if extension == "svg":
        assert len([name for name in frames_of(shell.folder / output) if "busy" in name]) == 1
    elif extension == "pdf":
        data = (shell.folder / output).read_bytes()
        assert data.startswith(b"%PDF-")
        assert data.rstrip().endswith(b"%%EOF")
        assert data.count(b"%%EOF") == 1
    else:
        lines = (shell.folder / output).read_text(encoding="utf-8").splitlines()
        stacks = [line.rpartition(" ")[0] for line in lines]
        assert any("busy (" in stack for stack in stacks)
        assert len(stacks) == len(set(stacks))
