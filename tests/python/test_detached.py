"""A thread without the GIL is looked at, but left in peace: its system calls complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Runner

# Long enough for many looks while a part is written and the rest waits for the reader.
SIZE = 64 << 20

READER = """
import os
count = 0
while piece := os.read(0, 65536):
    count += len(piece)
print(count)
"""

OS_WRITE = f"""
import os, subprocess, sys
end, pipe = os.pipe()
reader = subprocess.Popen([sys.executable, "-c", {READER!r}], stdin=end, stdout=subprocess.PIPE)
os.close(end)
data = bytes({SIZE})
print(os.write(pipe, data))
os.close(pipe)
print(int(reader.communicate()[0]))
"""

STDOUT = f"""
import sys
text = "x" * {SIZE}
sys.stdout.write(text)
"""


@pytest.mark.parametrize("run", range(3))
def test_a_large_write_to_a_pipe_is_not_cut_short(runner: Runner, run: int) -> None:
    done = runner.pyflame("-q", "-r", "200", "-o", f"{run}.svg", "-c", OS_WRITE)
    assert done.stdout.split() == [str(SIZE)] * 2, done.stderr


@pytest.mark.parametrize("run", range(3))
def test_an_unbuffered_print_loses_nothing(runner: Runner, run: int) -> None:
    arguments = ["-q", "-r", "200", "-o", f"{run}.svg", "-c", STDOUT]
    done = runner.pyflame(*arguments, env={"PYTHONUNBUFFERED": "1"})
    assert len(done.stdout) == SIZE, done.stderr


def test_a_thread_without_the_gil_is_seen_running(runner: Runner) -> None:
    program = """
import time, zlib
def without_the_gil():
    return zlib.crc32(data)
data = bytes(16 << 20)
end = time.perf_counter() + 0.5
while time.perf_counter() < end:
    without_the_gil()
"""
    done = runner.pyflame("-q", "--mode", "cpu", "-o", "out.folded", "-c", program)
    assert done.returncode == 0, done.stderr
    total = own = 0
    folded = (runner.folder / "out.folded").read_text(encoding="utf-8")
    for line in folded.splitlines():
        stack, _, value = line.rpartition(" ")
        total += int(value)
        own += int(value) * stack.split(";")[-1].startswith("without_the_gil")
    assert own >= 0.8 * total, folded
