"""Programs that nobody here wrote do the same with pyflame as without it."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import signal
import time
import urllib.request

import pytest
from guard import below
from looks import wakes_of
from started import LIMIT_SECONDS


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
    words = ("-u", *prefix, "-m", "http.server", "--bind", "127.0.0.1", "0")
    server = runner.start(*words)
    port = re.search(rb"port (\d+)", server.out.line())[1].decode()
    # That it waits for requests is seen, and stays when the last 100 ms before its end are missing.
    ask_until_looked_at(server, port)
    ends = time.monotonic() + 0.1
    while time.monotonic() < ends:
        ask(port)
    ask_until_looked_at(server, port)
    server.send(number)
    assert (b"Keyboard interrupt received" in server.out.rest()) == (number == signal.SIGINT)
    assert server.wait() == (-signal.SIGTERM if number == signal.SIGTERM else 0)
    if prefix:
        assert "serve_forever (" in (runner.folder / "x.folded").read_text()


def ask(port):
    address = f"http://127.0.0.1:{port}/page.html"
    with urllib.request.urlopen(address, timeout=LIMIT_SECONDS) as answer:
        assert answer.read() == b"a page"


def ask_until_looked_at(server, port):
    """Make requests until who looks at the program, if anybody, has woken five times more."""
    before = looks_below(server)
    ask(port)
    while looks_below(server) < before + 5 * bool(before):
        ask(port)


def looks_below(server):
    """How often the thread that looks at the program has woken; 0 where there is none."""
    wakes = 0
    for process in (server.pid, *below(server.pid)):
        with contextlib.suppress(OSError):  # It has ended meanwhile.
            wakes += sum(wakes_of("pyflame", process).values())
    return wakes


@pytest.mark.skipif(
    importlib.util.find_spec("test.test_fork1") is None,
    reason="not run: Python came without its tests",
)
def test_pythons_own_tests_of_processes(runner):
    names = ["test_fork1", "test_popen", "test_atexit"]
    ours = runner.pyflame("-q", "-o", "x.pyflame", "-m", "test", *names)
    if ours.returncode != 0:
        # Where they fail without us, too, nothing is known of us.
        plain = runner.python("-m", "test", *names)
        assert plain.returncode == 0, f"fails without pyflame, too: {plain.stdout[-4000:]}"
    assert ours.returncode == 0, ours.stdout[-4000:]


def in_a_terminal(runner, *words, typed):
    """Run python in a terminal of its own; returns the exit status and what the terminal shows.

    ``typed`` are pairs: what to wait for, and what to type then.
    """
    program = runner.start(*words, terminal=True)
    shown = b""
    for awaited, keys in typed:
        shown += program.screen.until(awaited)
        program.type(keys)
    shown += program.screen.rest()
    return program.wait(), shown


def assert_same_in_a_terminal(runner, typed):
    """Compare what ``script.py`` shows, and how it ends, with what it does without pyflame."""
    plain = in_a_terminal(runner, "script.py", typed=typed)
    ours = in_a_terminal(runner, "-m", "pyflame", "-q", "-o", "x.svg", "script.py", typed=typed)
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
    pytest.importorskip("curses", reason="not run: Python came without curses")
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
    program = runner.start(*prefix, "script.py", terminal=True)
    program.screen.until(b"ready")
    program.hang_up()
    assert program.wait() == 3
    assert "heard" in runner.files()
