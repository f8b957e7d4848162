"""Where the system withholds what the engine needs, the program runs all the same, and is told."""

from __future__ import annotations

import platform

import pyflame
import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

NUMBERS = {
    "x86_64": {
        "process_vm_readv": 310,
        "rt_tgsigqueueinfo": 297,
        "close_range": 436,
        "unshare": 272,
    },
    "aarch64": {
        "process_vm_readv": 270,
        "rt_tgsigqueueinfo": 240,
        "close_range": 436,
        "unshare": 97,
    },
}.get(platform.machine(), {})

# Has system calls answer EPERM from now on, as containers do (seccomp(2)), and becomes Python.
WITHOUT_CALL = """
import ctypes, os, struct, sys
refused = [((0x15, 0, 1, int(number)), (0x06, 0, 0, 0x50001)) for number in sys.argv[1].split()]
rules = [(0x20, 0, 0, 0), *(rule for pair in refused for rule in pair), (0x06, 0, 0, 0x7fff0000)]
count = len(rules)
rules = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", count, ctypes.addressof(rules)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, program):
    raise SystemExit(f"no filter: {os.strerror(ctypes.get_errno())}")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""

# Puts something else in the place of /proc, in a mount namespace of its own, and becomes Python.
# What is mounted on /proc would be seen elsewhere if that were not made private before.
OTHER_PROC = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, NEW_PIDS, PRIVATE = 0x20000, 0x20000000, 0x40000
kind = sys.argv[1].encode()
if libc.unshare(NEW_MOUNTS | (NEW_PIDS if kind == b"proc" else 0)):
    raise SystemExit(f"no namespace: {os.strerror(ctypes.get_errno())}")
# It is the children that are in the new namespace of processes.
child = os.fork() if kind == b"proc" else 0
if child:
    raise SystemExit(os.waitpid(child, 0)[1] >> 8)
if libc.mount(b"none", b"/proc", None, PRIVATE, None) or libc.mount(kind, b"/proc", kind, 0, None):
    raise SystemExit(f"/proc stays: {os.strerror(ctypes.get_errno())}")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""

SCRIPT = """
import os, sys, time, threading

def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

thread = threading.Thread(target=spin, args=(0.1,))
thread.start()
thread.join()
child = os.fork()
spin(0.2)
if child:
    print(os.waitpid(child, 0)[1] >> 8)
sys.exit(5 if child else 4)
"""

# Prints how often the C library looks up whether memory may be overcommitted (inotify(7)) when a
# recording begins (that depends on the library), and while it grows.
HEAP_GROWS = """
import ctypes, os, pyflame, time
OPENED = 0x20
libc = ctypes.CDLL(None, use_errno=True)
watching = libc.inotify_init1(os.O_NONBLOCK)
if libc.inotify_add_watch(watching, b"/proc/sys/vm/overcommit_memory", OPENED) < 0:
    raise SystemExit(os.strerror(ctypes.get_errno()))

def opened():
    try:
        return len(os.read(watching, 4096)) // 16
    except BlockingIOError:
        return 0

FUNCTIONS = '''
def spin_{0}():
    end = time.perf_counter() + 0.0005
    while time.perf_counter() < end:
        pass
def call_{0}():
    spin_{0}()
'''
with pyflame.Profiler(interval=0.0001):
    print(opened())
    for number in range(4000):
        exec(FUNCTIONS.format(number))
        globals()[f"call_{number}"]()
    print(opened())
"""


def without_call(runner, names: str, *words: str) -> subprocess.CompletedProcess[str]:
    return runner.python(*without_call_words(names), *words)


def without_call_words(names: str) -> list[str]:
    """The arguments of Python by which it becomes one that may not make these calls."""
    if not NUMBERS:
        pytest.skip(f"not run: the system calls of {platform.machine()} are not known")
    return ["-c", WITHOUT_CALL, " ".join(str(NUMBERS[name]) for name in names.split())]


def with_other_proc(runner, kind: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs Python with an empty /proc (`tmpfs`), or as one of few processes (`proc`)."""
    if runner.python("-c", OTHER_PROC, kind, "-c", "").returncode:
        pytest.skip("not run: /proc can't be hidden here")
    return runner.python("-c", OTHER_PROC, kind, *words)


@pytest.mark.parametrize("call", ["process_vm_readv", "rt_tgsigqueueinfo"])
def test_a_forbidden_system_call(runner, call):
    runner.write("script.py", SCRIPT)
    done = without_call(runner, call, "-m", "pyflame", "-o", "x.pyflame", "script.py")
    assert (done.returncode, done.stdout) == (5, "4\n")
    assert f"fallback engine ({call} is not allowed here" in done.stderr
    assert "spin (" in pyflame.Profile.load(runner.folder / "x.pyflame").folded()


@pytest.mark.parametrize("call", ["process_vm_readv", "rt_tgsigqueueinfo"])
def test_nothing_runs_where_the_engine_that_was_asked_for_can_not(runner, call):
    runner.write("script.py", "open('ran', 'w').close()")
    words = ("-m", "pyflame", "--engine", "signal", "-o", "x.svg", "script.py")
    done = without_call(runner, call, *words)
    assert done.returncode == 2
    assert f"{call} is not allowed here" in done.stderr
    assert runner.files() == ["script.py"]


@pytest.mark.anywhere
@pytest.mark.parametrize("calls", ["close_range", "close_range unshare"])
def test_descriptors_stay_the_programs_own(runner, program, calls):
    words = ("-m", "pyflame", "-q", "-r", "10000", "-o", "x.folded", program("lowest_free.py"))
    done = without_call(runner, calls, *words)
    assert done.stdout == "[]\n", done.stderr
    assert ";rest (" in (runner.folder / "x.folded").read_text()


@pytest.mark.anywhere
def test_what_the_c_library_opens_is_opened_at_the_start(runner):
    """For the sampling thread, when that gives memory back for the first time.

    Whoever else opens the file on this machine is not to be heard: it has a /proc of its own here.
    """
    words = [*without_call_words("close_range unshare"), "-c", HEAP_GROWS]
    done = with_other_proc(runner, "proc", *words)
    assert done.stdout.splitlines()[1:] == ["0"], done.stderr


@pytest.mark.parametrize("engine", ["auto", "signal", "fallback"])
def test_no_proc(runner, engine):
    runner.write("script.py", SCRIPT)
    words = ("-m", "pyflame", "--engine", engine, "-o", "x.pyflame", "script.py")
    done = with_other_proc(runner, "tmpfs", *words)
    assert (done.returncode, done.stdout) == (5, "4\n")
    assert done.stderr.count("\n") == 1, done.stderr
    profile = pyflame.Profile.load(runner.folder / "x.pyflame")
    assert len(profile.processes) == 2
    assert "spin (" in profile.folded()
