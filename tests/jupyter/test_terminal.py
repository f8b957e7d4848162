"""IPython in a terminal: text instead of a picture, in colours where there are some."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from looks import UNTIL_LOOKED_AT

if TYPE_CHECKING:
    from pathlib import Path

SPIN = (
    UNTIL_LOOKED_AT
    + """\
def spin(seconds):
    import time

    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    until_looked_at()

async def slept():
    import asyncio

    before = wakes_of("pyflame")
    while not is_looked_at_since(before):
        await asyncio.sleep(0.05)
    return "slept"
"""
)


class Terminal:
    """IPython in a pseudo-terminal, which obeys what is typed line by line."""

    def __init__(self, folder: Path, **environment: str) -> None:
        pexpect = pytest.importorskip("pexpect", reason="not run: no pexpect")
        (folder / "spin.py").write_text(SPIN)
        settings = {"IPYTHONDIR": str(folder), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        options = ["-m", "IPython", "--no-banner", "--InteractiveShellApp.extensions=['pyflame']"]
        self._process = pexpect.spawn(
            sys.executable,
            [*options, "-i", str(folder / "spin.py")],
            env={**os.environ, **settings, **environment},
            dimensions=(40, 90),
            encoding="utf-8",
            timeout=60,
            cwd=folder,
        )
        self.wait(1)

    def wait(self, number: int) -> str:
        """Everything up to the prompt of a cell."""
        # Colours may stand between the parts of a prompt.
        self._process.expect(rf"In (\x1b\S*?)?\[(\x1b\S*?m)*{number}(\x1b\S*?m)*\]: ")
        return self._process.before

    def type(self, *lines: str) -> None:
        """Type lines, each with Enter."""
        for line in lines:
            self._process.send(f"{line}\r")

    def interrupt_after(self, printed: str) -> None:
        """Press Ctrl-C once the cell has printed something."""
        self._process.expect_exact(printed)
        self._process.sendintr()

    def close(self) -> None:
        self._process.close(force=True)


@pytest.fixture
def open_terminal(tmp_path):
    terminals = []

    def open_one(**environment):
        terminals.append(Terminal(tmp_path, **environment))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


def test_a_statement_shows_a_coloured_tree(open_terminal):
    terminal = open_terminal()
    terminal.type("%pyflame spin(0.3) or 6 * 7")
    shown = terminal.wait(2)
    assert "\x1b[33mspin\x1b[0m" in shown
    assert re.search(r"Out\[1\]: 42", plain(shown))
    assert re.search(r"In \[1\] · [\d,]+ samples", plain(shown))
    tree = plain(shown)[plain(shown).index(" samples") :].splitlines()
    assert max(map(len, tree)) <= 90


def test_a_cell_goes_on_until_empty_lines_as_with_every_cell_magic(open_terminal):
    terminal = open_terminal()
    terminal.type("%%pyflame", "spin(0.2)", "print('o' + 'k')", "", "")
    shown = plain(terminal.wait(2))
    assert re.search(r"^ok$", shown, re.MULTILINE)
    assert re.search(r"% +(. )?spin ", shown), shown


def test_no_colours_where_nobody_wants_them(open_terminal):
    terminal = open_terminal(NO_COLOR="1")
    terminal.type("%pyflame spin(0.2)")
    shown = terminal.wait(2)
    assert "\x1b[33mspin" not in shown
    assert re.search(r"% +(. )?spin ", plain(shown)), shown


def test_an_interrupted_statement_shows_what_ran_until_then(open_terminal):
    terminal = open_terminal()
    terminal.type("%pyflame spin(0.3) or print('be' + 'gun') or spin(60)")
    terminal.interrupt_after("begun")
    shown = plain(terminal.wait(2))
    assert "KeyboardInterrupt" in shown
    assert re.search(r"% +(. )?spin ", shown), shown
    terminal.type("%pyflame await slept()")
    shown = plain(terminal.wait(3))
    assert "'slept'" in shown
    assert "[event loop]" in shown
