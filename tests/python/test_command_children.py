"""The processes that a program starts are in its profile, and live as they would without us."""

from __future__ import annotations

import signal
import sys

import pyflame
import pytest
from gaps import tolerance
from looks import UNTIL_LOOKED_AT

SPIN = (
    UNTIL_LOOKED_AT
    + """
import sys, time

def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    until_looked_at()

def child():
    spin(0.1)

def noted(function, *arguments):
    begins = time.monotonic()
    function(*arguments)
    seconds = time.monotonic() - begins
    with open("noted", "a") as notes:
        print(seconds, file=notes)

def outlive_what_may_be_missing():
    # A process that nobody sees end, as by `os._exit`, may be without its last 100 ms. What a look
    # has seen before is there once there was another one after them, however late both are.
    until_looked_at()
    spin(0.1)
"""
)


@pytest.fixture
def recorded(runner):
    """Run a script both ways, compare, and return its profile."""

    def run(text: str, *options: str) -> pyflame.Profile:
        runner.write("script.py", SPIN + text)
        plain = runner.python("script.py")
        (runner.folder / "noted").unlink(missing_ok=True)
        ours = runner.pyflame("-q", *options, "-o", "x.pyflame", "script.py")
        assert (ours.returncode, ours.stdout, ours.stderr) == (
            plain.returncode,
            plain.stdout,
            plain.stderr,
        )
        return pyflame.Profile.load(runner.folder / "x.pyflame")

    return run


def names(profile):
    return [name for _, _, name in profile.processes]


def seconds_of(profile, process, function):
    """Seconds below the root of a process, whose name begins so, in a function."""
    return seconds(profile, process, f";{function} (")


def assert_is_whole(runner, profile, process, function):
    """Compare its seconds with those that it took by its own clock."""
    (took,) = map(float, (runner.folder / "noted").read_text().split())
    seen = seconds_of(profile, process, function)
    # A stack that could not be captured is said to be unknown, and its time is.
    unknown = seconds(profile, process, ";[uncaptured: ")
    assert took - unknown - tolerance(profile) <= seen <= took + tolerance(profile)


def seconds(profile, process, within):
    """Seconds below the root of a process, whose name begins so, in such stacks."""
    stacks = (line.rsplit(" ", 1) for line in profile.folded().splitlines())
    return sum(
        int(value) / 1e6 for stack, value in stacks if stack.startswith(process) and within in stack
    )


def test_forks(recorded):
    profile = recorded(
        """
for status in (0, 3):
    if os.fork() == 0:
        child()
        outlive_what_may_be_missing()
        os._exit(status)
print([os.wait()[1] for _ in range(2)].count(0))
"""
    )
    (parent, _, name), *children = profile.processes
    assert name == "script.py"
    assert [(mother, name) for _, mother, name in children] == [(parent, "script.py")] * 2
    for pid, _, _ in children:
        # It computed for so long, and a clock of wall time has seen no less.
        seen = seconds_of(profile, f"script.py (pid {pid});", "child")
        assert seen >= 0.1 - tolerance(profile)


def test_a_fork_that_ends_as_programs_do_is_whole(recorded, runner):
    profile = recorded(
        """
if os.fork() == 0:
    noted(child)
    sys.exit(0)
print(os.wait()[1])
"""
    )
    pid = profile.processes[1][0]
    assert_is_whole(runner, profile, f"script.py (pid {pid});", "child")


def test_children_of_20_milliseconds(recorded):
    """How much of them is there, the pace says by which they are written (outlet.rs)."""
    profile = recorded(
        """
for _ in range(10):
    if os.fork() == 0:
        spin(0.02)
        os._exit(0)
    print(os.wait()[1])
"""
    )
    for pid, _, _ in profile.processes[1:]:
        assert seconds_of(profile, f"script.py (pid {pid});", "spin") > 0
    assert len(profile.processes) == 11


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(recorded, runner, method):
    profile = recorded(
        f"""
import multiprocessing

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    process = context.Process(target=noted, args=(child,), name="Busy")
    process.start()
    process.join()
    print(process.exitcode)
"""
    )
    worker = [name for name in names(profile) if name.endswith(" Busy")]
    assert len(worker) == 1
    assert_is_whole(runner, profile, worker[0], "child")
    assert not any("resource_tracker" in name for name in names(profile))


def test_a_pool(recorded, runner):
    profile = recorded(
        """
import concurrent.futures, multiprocessing

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        futures = [pool.submit(noted, spin, 0.1) for _ in range(4)]
        print([future.result() for future in futures])
"""
    )
    took = list(map(float, (runner.folder / "noted").read_text().split()))
    assert len(took) == 4
    seen = seconds_of(profile, "script.py ", "noted")
    unknown = seconds(profile, "script.py ", ";[uncaptured: ")
    assert seconds_of(profile, "script.py ", "_process_worker") >= seen
    assert sum(took) - unknown - 4 * tolerance(profile) <= seen
    assert seen <= sum(took) + 4 * tolerance(profile)


LOOKED_AT = UNTIL_LOOKED_AT + "until_looked_at()\n"


@pytest.mark.parametrize(
    "environment", ["None", "{}", "{**os.environ, 'MORE': '1'}", "dict(os.environ)"]
)
def test_subprocesses_with_any_environment(recorded, environment):
    profile = recorded(
        f"""
import subprocess
show = {LOOKED_AT!r} + "print(sorted(os.environ))"
print(subprocess.run([sys.executable, "-c", show], env={environment}).returncode)
"""
    )
    assert names(profile)[1].startswith("-c import os")
    assert seconds_of(profile, "-c import", "x") == 0
    assert len(names(profile)) == 2


def test_a_program_that_becomes_another(recorded, runner):
    runner.write("other.py", SPIN + "noted(child)")
    profile = recorded("spin(0.3)\nos.execv(sys.executable, [sys.executable, 'other.py', 'x'])")
    assert names(profile) == ["script.py", "other.py"]
    first, second = (pid for pid, _, _ in profile.processes)
    assert first == second
    assert_is_whole(runner, profile, "other.py", "child")


@pytest.mark.skipif(sys.version_info < (3, 10), reason="there is no sys.orig_argv")
def test_a_program_that_starts_itself_anew(recorded):
    """As reloaders do. What it kills must be the program, and not a second pyflame around it."""
    profile = recorded(
        """
import subprocess
if sys.argv[1:] == ["x"]:
    spin(0.3)
    print("up", flush=True)
    sys.stdin.read()
    print("survived")
else:
    again = [sys.executable, *sys.orig_argv[1:], "x"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(again, **pipes) as process:
        print(process.stdout.readline())
        process.kill()
        print(process.communicate(), process.returncode)
"""
    )
    assert names(profile) == ["script.py", "script.py"]


def test_what_is_executed_by_a_shell(recorded, runner):
    runner.write("other.py", SPIN + "child()")
    profile = recorded("os.system(sys.executable + ' -m other')")
    assert names(profile) == ["script.py", "-m other"]


def test_none_if_none_are_wanted(recorded):
    profile = recorded(
        """
import subprocess
subprocess.run([sys.executable, "-c", "print(1)"])
if os.fork() == 0:
    child()
    os._exit(0)
print(os.wait()[1])
""",
        "--no-children",
    )
    assert len(profile.processes) == 1
    assert ";child (" not in profile.folded()


@pytest.mark.parametrize("registered", ["pass", "[sum(range(9)) for _ in range(999)]"])
def test_a_fork_is_not_warned_of_for_our_sake(runner, registered):
    text = f"import os\ndef other(): {registered}\n"
    text += "os.register_at_fork(after_in_parent=lambda: (other(), other()))\n"
    text += "for _ in range(20):\n    pid = os.fork()\n"
    text += "    if not pid: os._exit(0)\n    os.waitpid(pid, 0)\n"
    runner.write("script.py", text)
    result = runner.python("-W", "error", "-m", "pyflame", "-o", "x.svg", "script.py")
    assert result.returncode == 0
    assert "Warning" not in result.stderr


def test_it_goes_on_after_a_fork_in_any_thread(recorded, runner):
    profile = recorded(
        """
import threading, warnings

warnings.simplefilter("ignore")  # Python's own, of a fork beside its own threads.

def forks():
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    noted(goes_on)

def goes_on():
    spin(0.2)

thread = threading.Thread(target=forks)
thread.start()
thread.join()
forks()
"""
    )
    took = map(float, (runner.folder / "noted").read_text().split())
    for stack, seconds in zip(("Thread.run (", "<module> ("), took):
        stacks = [line for line in profile.folded().splitlines() if stack in line]
        spun = sum(int(line.rsplit(" ", 1)[1]) for line in stacks if ";goes_on (" in line)
        assert spun / 1e6 == pytest.approx(seconds, abs=tolerance(profile)), stack


def test_a_daemon_goes_on_when_the_program_has_ended(runner):
    runner.write(
        "script.py",
        SPIN
        + """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("daemon", flush=True)
        sys.stdin.readline()
        spin(0.5)
        open("daemon-went-on", "w").close()
    os._exit(0)
os.wait()
spin(0.1)
""",
    )
    command = runner.start_pyflame("-o", "x.svg", "script.py")
    assert command.out.line() == b"daemon\n"
    assert command.wait() == 0
    assert b"still running) -> x.svg" in command.err.line()
    command.type(b"\n")
    assert command.out.rest() == b""
    assert (runner.folder / "daemon-went-on").exists()


def test_a_server_with_workers_that_is_told_to_end(runner):
    """As gunicorn does it: workers are forked before, and the master hands SIGTERM on."""
    runner.write(
        "server.py",
        SPIN
        + """
import signal

seen, tell = os.pipe()

def work():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    outlive_what_may_be_missing()
    os.write(tell, b"x")
    while True:
        spin(0.05)

workers = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        work()
    workers.append(pid)

def end(*_):
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    print([os.waitpid(pid, 0)[1] for pid in workers], flush=True)
    raise SystemExit(0)

# A signal that comes just before a call that waits is handled after it. What is waited for is
# written by the signal itself: the call returns.
woken, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
signal.signal(signal.SIGTERM, end)
for _ in workers:
    os.read(seen, 1)
print("ready", flush=True)
while True:
    os.read(woken, 1)
""",
    )
    command = runner.start_pyflame("-o", "x.folded", "server.py")
    assert command.out.line() == b"ready\n"
    command.send(signal.SIGTERM)
    assert command.out.rest() == b"[15, 15, 15]\n"
    assert command.wait() == 0
    said = command.err.rest().decode()
    assert "4 processes" in said
    stacks = (runner.folder / "x.folded").read_text()
    assert len({line.split(";")[0] for line in stacks.splitlines() if ";work (" in line}) == 3


def test_a_command_within_a_command(runner):
    runner.write("inner.py", SPIN + "child()\nprint('inner')")
    runner.write(
        "script.py",
        SPIN
        + """
import subprocess
command = [sys.executable, "-m", "pyflame", "-q", "-o", "inner.folded", "inner.py"]
print(subprocess.run(command).returncode)
""",
    )
    result = runner.pyflame("-q", "-o", "outer.folded", "script.py")
    assert (result.stdout, result.stderr) == ("inner\n0\n", "")
    for name in ("inner.folded", "outer.folded"):
        assert "child (" in (runner.folder / name).read_text()


@pytest.mark.anywhere
def test_more_processes_than_can_be_recorded(runner):
    runner.write(
        "script.py",
        """
import os
end, begin = os.pipe()
pids = []
for _ in range(140):
    pid = os.fork()
    if not pid:
        os.close(begin)
        os.read(end, 1)  # Until all are there.
        os._exit(0)
    pids.append(pid)
print("ready", flush=True)
os.close(begin)
for pid in pids:
    print(os.waitpid(pid, 0)[1])
""",
    )
    result = runner.pyflame("-o", "x.svg", "script.py")
    assert result.returncode == 0
    assert result.stdout.split() == ["ready", *["0"] * 140]
    assert "13 processes not recorded" in result.stderr


def test_a_child_that_nobody_waited_for_is_not_running(runner):
    runner.write(
        "script.py",
        SPIN
        + """
end, begin = os.pipe()
if os.fork() == 0:
    spin(0.1)
    os._exit(0)
os.close(begin)
os.read(end, 1)  # Until the child has ended.
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
""",
    )
    said = runner.pyflame("-o", "x.svg", "script.py").stderr
    assert ", 2 processes, 2 threads" in said
    assert " (the last moments of 1 process are missing) ->" in said


def test_workers_of_workers_find_nothing_of_ours_in_multiprocessing(recorded):
    recorded(
        """
import multiprocessing, multiprocessing.util as util

def work(depth):
    print(len(util._afterfork_registry), flush=True)
    if depth:
        worker = context.Process(target=work, args=(depth - 1,))
        worker.start()
        worker.join()

context = multiprocessing.get_context("fork")
work(3)
"""
    )


@pytest.mark.parametrize("options", [[], ["--engine", "fallback"], ["--delay", "3600"]])
def test_a_fork_by_a_thread_ends_with_its_last_thread(runner, options):
    """The one that forked is the child's main thread; when it ends, Python's end is never run."""
    runner.write(
        "script.py",
        """
import os, threading

def forks():
    pid = os.fork()
    if pid:
        print(os.waitpid(pid, 0)[1])

threading.Thread(target=forks).start()
""",
    )
    done = runner.python("-Wignore", "-m", "pyflame", "-q", "-o", "x.svg", *options, "script.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_a_thread_is_seen_that_outlives_the_main_thread(recorded):
    profile = recorded(
        """
import threading, warnings

warnings.simplefilter("ignore")  # Python's own, of a fork beside its own threads.

def outlives():
    spin(0.3)
    outlive_what_may_be_missing()

def forks():
    if os.fork() == 0:
        threading.Thread(target=outlives).start()
    else:
        print(os.wait()[1])

thread = threading.Thread(target=forks)
thread.start()
thread.join()
"""
    )
    pid = profile.processes[1][0]
    seen = seconds_of(profile, f"script.py (pid {pid});", "outlives")
    assert seen >= 0.3 - tolerance(profile)


def test_an_interpreter_within_the_process_is_left_alone(runner):
    runner.write(
        "script.py",
        f"""
import subprocess, sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
show = "import os; print([name for name in os.environ if 'PYFLAME' in name], flush=True)"
interpreter = interpreters.create()
interpreters.run_string(interpreter, show)
interpreters.destroy(interpreter)
# Children are told as before.
run = {LOOKED_AT!r}
subprocess.run([sys.executable, "-c", run])
""",
    )
    plain = runner.python("script.py")
    result = runner.pyflame("-q", "-o", "x.pyflame", "script.py")
    assert plain.returncode == 0
    assert (result.returncode, result.stdout, result.stderr) == (0, plain.stdout, plain.stderr)
    profile = pyflame.Profile.load(runner.folder / "x.pyflame")
    assert [name.split()[0] for name in names(profile)] == ["script.py", "-c"]
