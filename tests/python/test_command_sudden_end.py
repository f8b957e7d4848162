"""Whatever ends a program, it ends as under python, and its profile is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pyflame
import pytest

SPIN = """
import os, signal, sys, time

def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

print("before the end", flush=True)
spin(0.3)
"""
# What may be missing of the time before an end that nobody could see coming.
MOST_MISSING_SECONDS = 0.1


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
    assert profile.wall_time > 0.3 - MOST_MISSING_SECONDS
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_to_the_command_reaches_the_program(runner, number):
    """The command's process is what others know, but the program is who must hear it."""
    runner.write(
        "script.py",
        f"""
import signal, time
def heard(*_):
    print("heard", flush=True)
    raise SystemExit(5)
signal.signal({int(number)}, heard)
end = time.thread_time() + 0.05  # Of which some must be seen.
while time.thread_time() < end:
    pass
print("ready", flush=True)
while True:
    time.sleep(0.01)  # Not for long: a signal can come in just before.
""",
    )
    command = [sys.executable, "-m", "pyflame", "-q", "-o", "end.folded", "script.py"]
    with subprocess.Popen(command, cwd=runner.folder, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.read() == b"heard\n"
        assert process.wait(30) == 5
    assert "script.py" in (runner.folder / "end.folded").read_text()


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
    command = [sys.executable, "-m", "pyflame", "-q", "-o", "end.folded", "script.py"]
    pipes = {"stdout": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen(command, cwd=runner.folder, **pipes) as process:
        # A signal that is lost must not hold up a machine for ever.
        watchdog = threading.Timer(60, os.killpg, (process.pid, signal.SIGKILL))
        watchdog.start()
        assert process.stdout.readline() == b"ready\n"
        for _ in range(3):
            os.killpg(process.pid, number)
            assert process.stdout.readline() == b"heard\n"
            # Handed on after anything that the group's signal might have left to be handed on.
            process.send_signal(signal.SIGHUP)
            assert process.stdout.readline() == b"one alone\n"
            process.send_signal(number)
            assert process.stdout.readline() == b"heard\n"
        watchdog.cancel()
        os.killpg(process.pid, signal.SIGKILL)


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


def test_a_signal_that_the_program_does_not_handle_ends_both(runner):
    runner.write("script.py", SPIN.replace("spin(0.3)", "spin(60)"))
    command = [sys.executable, "-m", "pyflame", "-q", "-o", "end.folded", "script.py"]
    with subprocess.Popen(command, cwd=runner.folder, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM
    assert (runner.folder / "end.folded").exists()


def test_the_program_goes_on_when_the_command_is_killed(runner):
    """And what it has recorded so far is in the file already, if that is a recording."""
    runner.write(
        "script.py",
        SPIN.replace('print("before the end", flush=True)', "")
        + """
print("spun", flush=True)
sys.stdin.readline()
spin(1)
print("went on", flush=True)
""",
    )
    command = [sys.executable, "-m", "pyflame", "-q", "-o", "end.pyflame", "script.py"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=runner.folder, **pipes) as process:
        assert process.stdout.readline() == b"spun\n"
        process.kill()
        process.wait(30)
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.read() == b"went on\n"
    profile = pyflame.Profile.load(runner.folder / "end.pyflame")
    assert profile.wall_time > 0.3 - MOST_MISSING_SECONDS


def test_a_recording_can_be_read_while_it_grows(runner):
    runner.write("script.py", SPIN + "print('spun', flush=True); sys.stdin.readline()")
    command = [sys.executable, "-m", "pyflame", "-q", "-o", "x.pyflame", "script.py"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=runner.folder, **pipes) as process:
        process.stdout.readline()
        process.stdout.readline()
        wall_time = pyflame.Profile.load(runner.folder / "x.pyflame").wall_time
        process.communicate(b"\n", 30)
    assert wall_time > 0.3 - MOST_MISSING_SECONDS


def test_the_reader_of_a_pipe_learns_of_its_end_from_the_program(runner):
    """The waiting process holds neither end of the program's standard streams."""
    runner.write("script.py", "import os, sys; os.close(1); sys.stdin.readline()")
    command = [sys.executable, "-m", "pyflame", "-q", "-o", "x.svg", "script.py"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=runner.folder, **pipes) as process:
        assert process.stdout.read() == b""
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
def test_job_control(runner, stop):
    """Ctrl-Z and fg: a stop of the program stops the command, and it goes on with it."""
    runner.write(
        "script.py",
        "import os, sys\nprint(os.getpid(), flush=True)\nprint(sys.stdin.readline())",
    )
    command = [sys.executable, "-m", "pyflame", "-q", "-o", "x.svg", "script.py"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    pipes["preexec_fn"] = os.setpgrp  # As a shell starts a job.
    with subprocess.Popen(command, cwd=runner.folder, **pipes) as process:
        program = int(process.stdout.readline())
        os.kill(program, stop)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert os.WSTOPSIG(status) == stop
        os.killpg(process.pid, signal.SIGCONT)
        out, _ = process.communicate(b"typed\n", 30)
        assert out == b"typed\n\n"
        assert process.returncode == 0
