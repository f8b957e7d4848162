"""Programs that nobody here wrote do the same with pyflame as without it."""

from __future__ import annotations

import importlib.util
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import pytest


def test_pip(runner):
    plain = runner.python("-m", "pip", "list", "--disable-pip-version-check")
    ours = runner.pyflame("-q", "-m", "pip", "list", "--disable-pip-version-check")
    assert (ours.returncode, ours.stdout, ours.stderr) == (
        plain.returncode,
        plain.stdout,
        plain.stderr,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("prefix", [[], ["-m", "pyflame", "-q", "-o", "x.folded"]])
def test_a_web_server_that_is_told_to_end(runner, prefix, number):
    runner.write("page.html", "a page")
    command = [sys.executable, "-u", *prefix, "-m", "http.server", "--bind", "127.0.0.1", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=runner.folder, **pipes) as process:
        port = re.search(rb"port (\d+)", process.stdout.readline())[1].decode()
        # For longer than what may be missing of the time before a sudden end.
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/page.html") as answer:
                assert answer.read() == b"a page"
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
        expected = -signal.SIGTERM if number == signal.SIGTERM else 0
        assert process.returncode == expected
        assert (b"Keyboard interrupt received" in out) == (number == signal.SIGINT)
    if prefix:
        assert "serve_forever (" in (runner.folder / "x.folded").read_text()


@pytest.mark.skipif(
    importlib.util.find_spec("test.test_fork1") is None, reason="Python came without its tests"
)
def test_pythons_own_tests_of_processes(runner):
    names = ["test_fork1", "test_popen", "test_atexit"]
    ours = runner.pyflame("-q", "-o", "x.pyflame", "-m", "test", *names)
    plain = ours if ours.returncode == 0 else runner.python("-m", "test", *names)
    assert ours.returncode == plain.returncode, ours.stdout[-4000:]


def in_a_terminal(folder, *words, typed):
    """Run python in a terminal of its own; returns the exit status and what the terminal shows.

    ``typed`` are pairs: what to wait for, and what to type then.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 - no shell is wanted
    shown = b""
    for awaited, keys in typed:
        while awaited not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, keys)
    while True:
        try:
            more = os.read(terminal, 1024)
        except OSError:  # The other end has been closed.
            break
        shown += more
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return status, shown


def assert_same_in_a_terminal(runner, typed):
    """Compare what ``script.py`` shows, and how it ends, with what it does without pyflame."""
    plain = in_a_terminal(runner.folder, "script.py", typed=typed)
    ours = in_a_terminal(
        runner.folder, "-m", "pyflame", "-q", "-o", "x.svg", "script.py", typed=typed
    )
    assert ours[0] == plain[0]
    # Where exactly a signal hits is up to chance.
    assert without_places(ours[1]) == without_places(plain[1])
    assert (runner.folder / "x.svg").exists()


def without_places(shown):
    """What a terminal shows, but for the lines of a traceback that say where it was."""
    return [line for line in shown.splitlines() if not line.startswith(b"  ")]


@pytest.mark.parametrize(
    "typed",
    [
        [(b"name? ", b"you\n"), (b"spinning\r\n", b"\x03")],
        [(b"name? ", b"\x04")],
        [(b"name? ", b"you\n"), (b"spinning\r\n", b"\x1c")],
    ],
    ids=["interrupted", "end of input", "quit"],
)
def test_a_terminal(runner, typed):
    """input(), Ctrl-C, Ctrl-D and Ctrl-backslash."""
    runner.write(
        "script.py",
        "import sys\nprint(input('name? '), sys.stdin.isatty())\nprint('spinning')\n"
        "while True: pass\n",
    )
    assert_same_in_a_terminal(runner, typed)


@pytest.mark.parametrize(
    "typed",
    [
        [(b"ready", b"x"), (b"[120]", b"q")],
        [(b"ready", b"s"), (b"spinning", b"\x03")],
    ],
    ids=["quit", "interrupted"],
)
def test_a_full_screen(runner, monkeypatch, typed):
    """Curses, which draws the screen by itself and has the terminal give it key by key.

    A signal, as of another size, that comes just before it waits for a key is not heard until
    there is one, with or without us; so here is none then.
    """
    pytest.importorskip("curses")
    monkeypatch.setenv("TERM", "xterm")
    runner.write(
        "script.py",
        """
import curses

def main(screen):
    screen.addstr(0, 0, "ready")
    while (key := screen.getch()) != ord("q"):
        # A new row, as only what is different is drawn.
        screen.addstr(1, 0, f"[{key}]")
        while key == ord("s"):
            screen.addstr(2, 0, "spinning")
            screen.refresh()

curses.wrapper(main)
print("done")
""",
    )
    assert_same_in_a_terminal(runner, typed)


@pytest.mark.parametrize("prefix", [[], ["-m", "pyflame", "-q", "-o", "x.svg"]])
def test_a_terminal_that_is_closed(runner, prefix):
    """As when a window is closed whose only command this is: nobody but that is told."""
    runner.write(
        "script.py",
        "import os, signal, time\n"
        "def heard(*_):\n"
        "    open('heard', 'w').close()\n"
        "    raise SystemExit(3)\n"
        "signal.signal(signal.SIGHUP, heard)\n"
        "os.write(1, b'ready')\n"  # At once: what comes later would not be taken any more.
        "while True: time.sleep(0.01)\n",
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(runner.folder)
        os.execv(sys.executable, [sys.executable, *prefix, "script.py"])  # noqa: S606 - no shell
    watchdog = threading.Timer(60, os.killpg, (pid, signal.SIGKILL))
    watchdog.start()
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1024)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    watchdog.cancel()
    assert os.WEXITSTATUS(status) == 3
    assert "heard" in runner.files()
