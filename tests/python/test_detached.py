"""A thread without the GIL is looked at, but left in peace: its system calls complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Runner

pytestmark = pytest.mark.measures

# Long enough for some looks while a part is written and the rest waits for the reader.
SIZE = 16 << 20
WRITES = 8
# A write that begins while a signal is on its way is cut short still: 0.6 % of them at most
# (docs/engine.md), and so more than four of eight with a probability of 4e-10. Where threads were
# signalled without the GIL as well, it was most of them.
CUT_SHORT_BY_CHANCE = 4

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
counts = [os.write(pipe, data) for _ in range({WRITES})]
os.close(pipe)
print(counts.count({SIZE}), int(reader.communicate()[0]) - sum(counts))
"""

STDOUT = f"""
import sys
text = "x" * {SIZE}
for _ in range({WRITES}):
    sys.stdout.write(text)
"""


def test_a_large_write_to_a_pipe_is_not_cut_short(runner: Runner) -> None:
    done = runner.pyflame("-q", "-r", "200", "-o", "x.svg", "-c", OS_WRITE)
    whole, lost = map(int, done.stdout.split())
    assert whole >= WRITES - CUT_SHORT_BY_CHANCE
    assert lost == 0


def test_an_unbuffered_print_loses_nothing(runner: Runner) -> None:
    arguments = ["-q", "-r", "200", "-o", "x.svg", "-c", STDOUT]
    done = runner.pyflame(*arguments, env={"PYTHONUNBUFFERED": "1"})
    assert len(done.stdout) >= (WRITES - CUT_SHORT_BY_CHANCE) * SIZE, done.stderr


def test_a_thread_without_the_gil_is_seen_running(runner: Runner) -> None:
    program = """
import time, zlib
def without_the_gil():
    return zlib.crc32(data)
data = bytes(16 << 20)
end = time.thread_time() + 1
while time.thread_time() < end:
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
