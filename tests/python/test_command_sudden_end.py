"""Whatever ends a program, it ends as under python, and its profile is there."""

from __future__ import annotations

import os
import signal
import time

import pyflame
import pytest
from looks import UNTIL_LOOKED_AT

# An end that nobody could see coming may take the last 100 ms with it (docs/programs.md): what was
# seen is let out of the process at the first look after 40 ms. So what a look has seen is there
# once there was another one 100 ms later, however late both are.
SPUN_SECONDS = 0.1
SPIN = (
    UNTIL_LOOKED_AT
    + f"""
import signal, sys, time

def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

print("before the end", flush=True)
spin({SPUN_SECONDS})
# Of the fallback engine, some of what wakes its thread are waits for the GIL.
until_looked_at(20, by=None)
spin(0.1)
until_looked_at(20, by=None)
"""
)


ENDS = [
    "pass",
    "raise ValueError('x')",
    "os._exit(4)",
    "os.kill(os.getpid(), signal.SIGKILL)",
    "sys.exit(3)",
    "os.abort()",
    "import ctypes; ctypes.string_at(0)",
    "os.kill(os.getpid(), signal.SIGTERM)",
    "os.kill(os.getpid(), signal.SIGINT)",
    "os.kill(os.getpid(), signal.SIGHUP)",
    "os.kill(os.getpid(), signal.SIGQUIT)",
    "os.kill(os.getpid(), signal.SIGPIPE)",
    "signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGPIPE)",
    "os.execv('/bin/sh', ['sh', '-c', 'echo another program; exit 7'])",
]


@pytest.mark.parametrize(
    ("engine", "end"),
    [*(("signal", end) for end in ENDS), *(("fallback", end) for end in ENDS[:4])],
)
def test_an_end_of_any_kind(runner, engine, end):
    runner.write("script.py", SPIN + end)
    plain = runner.python("script.py")
    ours = runner.pyflame("-q", "--engine", engine, "-o", "end.pyflame", "script.py")
    assert (ours.returncode, ours.stdout, ours.stderr) == (
        plain.returncode,
        plain.stdout,
        plain.stderr,
    )
    profile = pyflame.Profile.load(runner.folder / "end.pyflame")
    assert profile.wall_time >= SPUN_SECONDS
    assert "spin (" in profile.folded()


def test_what_is_missing_is_said(runner):
    runner.write("script.py", SPIN + "os.kill(os.getpid(), signal.SIGKILL)")
    said = runner.pyflame("script.py").stderr
    assert "(ended by SIGKILL; its last moments are missing) -> script.py.svg" in said
    runner.write("script.py", SPIN)
    assert "missing" not in runner.pyflame("script.py").stderr


def test_memory_runs_out(runner):
    # What the out-of-memory killer does, at an address space that the program gives itself.
    text = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 29,) * 2); x = []\n"
    text += "while True: x.append(bytearray(1 << 24))"
    runner.write("script.py", SPIN + text)
    ours = runner.pyflame("-o", "end.folded", "script.py")
    assert ours.returncode == 1
    assert "MemoryError" in ours.stderr
    assert "spin (" in (runner.folder / "end.folded").read_text()


@pytest.mark.anywhere
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_to_the_command_reaches_the_program(runner, number):
    """The command's process is what others know, but the program is who must hear it."""
    runner.write(
        "script.py",
        UNTIL_LOOKED_AT
        + f"""
import signal, time
def heard(*_):
    print("heard", flush=True)
    raise SystemExit(5)
signal.signal({int(number)}, heard)
until_looked_at()
print("ready", flush=True)
while True:
    time.sleep(0.01)  # Not for long: a signal can come in just before.
""",
    )
    command = runner.start_pyflame("-q", "-o", "end.folded", "script.py")
    assert command.out.line() == b"ready\n"
    command.send(number)
    assert command.out.rest() == b"heard\n"
    assert command.wait() == 5
    assert "script.py" in (runner.folder / "end.folded").read_text()


@pytest.mark.anywhere
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_to_everybody_is_heard_once(runner, number):
    """As `kill -- -GROUP` and supervisors of services send it; one to the command alone is next."""
    runner.write(
        "script.py",
        f"""
import signal, time
def heard(*_):
    print("heard", flush=True)
signal.signal({int(number)}, heard)
signal.signal(signal.SIGHUP, lambda *_: print("one alone", flush=True))
print("ready", flush=True)
while True:
    time.sleep(0.01)  # Not for long: a signal can come in just before.
""",
    )
    command = runner.start_pyflame("-q", "-o", "end.folded", "script.py", session=True)
    assert command.out.line() == b"ready\n"
    for _ in range(3):
        command.send_to_group(number)
        assert command.out.line() == b"heard\n"
        # Handed on after anything that the group's signal might have left to be handed on.
        command.send(signal.SIGHUP)
        assert command.out.line() == b"one alone\n"
        command.send(number)
        assert command.out.line() == b"heard\n"


def test_nobody_is_left_who_stood_by(runner):
    runner.write(
        "script.py",
        """
import glob, os
above = str(os.getppid())
siblings = []
while len(siblings) < 2:  # This one, and who stands by.
    siblings = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = open(path).read().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if fields[1] == above:
            siblings.append(path.split("/")[2])
print(*siblings)
""",
    )
    done = runner.pyflame("-q", "-o", "x.svg", "script.py")
    for pid in done.stdout.split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


@pytest.mark.anywhere
def test_a_signal_that_the_program_does_not_handle_ends_both(runner):
    runner.write("script.py", "print('ready', flush=True)\nwhile True: pass")
    command = runner.start_pyflame("-q", "-o", "end.folded", "script.py")
    assert command.out.line() == b"ready\n"
    command.send(signal.SIGTERM)
    assert command.wait() == -signal.SIGTERM
    assert (runner.folder / "end.folded").exists()


def wait_until_written(path, seconds):
    """Wait until a recording that grows has so many seconds."""
    limit = time.monotonic() + 60
    while not path.exists() or pyflame.Profile.load(path).wall_time < seconds:
        assert time.monotonic() < limit, "what is recorded is not written"
        time.sleep(0.001)


@pytest.mark.anywhere
def test_the_program_goes_on_when_the_command_is_killed(runner):
    """And what it has recorded so far is in the file already, if that is a recording."""
    runner.write("script.py", SPIN + "sys.stdin.readline(); spin(0.3); print('went on')")
    command = runner.start_pyflame("-q", "-o", "end.pyflame", "script.py")
    assert command.out.line() == b"before the end\n"
    wait_until_written(runner.folder / "end.pyflame", SPUN_SECONDS)
    command.send(signal.SIGKILL)
    assert command.wait() == -signal.SIGKILL
    command.type(b"\n")
    assert command.out.rest() == b"went on\n"
    assert pyflame.Profile.load(runner.folder / "end.pyflame").wall_time >= SPUN_SECONDS


def test_a_recording_can_be_read_while_it_grows(runner):
    runner.write("script.py", SPIN + "sys.stdin.readline()")
    command = runner.start_pyflame("-q", "-o", "x.pyflame", "script.py")
    wait_until_written(runner.folder / "x.pyflame", SPUN_SECONDS)
    assert not command.has_ended()
    command.type(b"\n")
    assert command.wait() == 0


@pytest.mark.anywhere
def test_the_reader_of_a_pipe_learns_of_its_end_from_the_program(runner):
    """The waiting process holds neither end of the program's standard streams."""
    runner.write("script.py", "import os, sys; os.close(1); sys.stdin.readline()")
    command = runner.start_pyflame("-q", "-o", "x.svg", "script.py")
    assert command.out.rest() == b""
    assert not command.has_ended()
    command.hang_up()
    assert command.wait() == 0


@pytest.mark.anywhere
@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
def test_job_control(runner, stop):
    """Ctrl-Z and fg: a stop of the program stops the command, and it goes on with it."""
    runner.write(
        "script.py",
        "import os, sys\nprint(os.getpid(), flush=True)\nprint(sys.stdin.readline())",
    )
    command = runner.start_pyflame("-q", "-o", "x.svg", "script.py")
    os.kill(int(command.out.line()), stop)
    assert command.wait_for_stop() == stop
    command.send_to_group(signal.SIGCONT)
    command.type(b"typed\n")
    assert command.out.rest() == b"typed\n\n"
    assert command.wait() == 0
