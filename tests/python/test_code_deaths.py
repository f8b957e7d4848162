"""Code objects that are dropped right after they have run: what they say is noted as they go."""

from __future__ import annotations

import pytest

# Runs code objects of one name and file for a part of a millisecond each, and drops them.
DROPPED = """
import resource, sys, time, pyflame
from types import FunctionType

class Text(str):
    pass

class Table(bytes):
    pass

def work():
    end = time.thread_time() + 0.0003
    while time.thread_time() < end:
        pass

name, file = eval(sys.argv[1])
changes = {"co_name": name, "co_filename": file}
if sys.version_info >= (3, 11):
    changes["co_qualname"] = name
if sys.version_info >= (3, 10):
    changes["co_linetable"] = Table(work.__code__.co_linetable)
with pyflame.Profiler(interval=0.0001) as profiler:
    # Nothing but the sampling thread sleeps here.
    number, enough = 0, resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw + 100
    while number < 1000 or resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw < enough:
        FunctionType(work.__code__.replace(**changes), globals())()
        number += 1
print(profiler.profile.folded())
"""


@pytest.mark.parametrize(
    ("name", "file", "shown"),
    [
        ("'plain'", "'/a/b.py'", "plain (/a/b.py:"),
        ("'größe'", "'/ä.py'", "größe (/ä.py:"),
        ("'名前'", "'/名.py'", "名前 (/名.py:"),
        ("'🔥'", "'/🔥.py'", "🔥 (/🔥.py:"),
        ("'plain'", r"'/\udce4.py'", "plain (/\ufffd.py:"),
        ("'n' * 3000", "'/' + 'f' * 5000", "n" * 3000 + " (/" + "f" * 5000 + ":"),
        ("Text('own')", "'/a.py'", "[uncaptured: unknown code]"),
    ],
)
def test_what_is_dropped_has_its_name(runner, name, file, shown):
    done = runner.python("-X", "utf8", "-c", DROPPED, f"({name}, {file})")
    assert done.returncode == 0, done.stderr
    stacks = [line.rpartition(" ")[0].split(";") for line in done.stdout.splitlines()]
    called = {stack[1] for stack in stacks if len(stack) > 1 and stack[1][:8] != "[waiting"}
    assert called
    assert all(frame.startswith(shown) for frame in called), called
