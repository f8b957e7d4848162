"""Kernels as notebooks have them, and what their cells show.

Needs what `requirements.txt` beside this file lists; without it, these tests skip with its name.
"""

from __future__ import annotations

import base64
import html
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyflame
import pytest
from gaps import tolerance
from looks import UNTIL_LOOKED_AT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Kernels and servers look for their files where nobody else has any.
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"

# `spin` computes until it has been looked at, and notes how long that took; who waits instead does
# so by `slept`.
PREPARATION = (
    """\
%load_ext pyflame
import time

def spin(seconds):
    global took
    begins = time.monotonic()
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    until_looked_at()
    took = time.monotonic() - begins

async def slept():
    import asyncio

    before = wakes_of("pyflame")
    while not is_looked_at_since(before):
        await asyncio.sleep(0.05)

"""
    + UNTIL_LOOKED_AT
)


@dataclass
class Ran:
    """What a cell has shown."""

    number: int
    outputs: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """Everything that was printed."""
        streams = (output for output in self.outputs if output["output_type"] == "stream")
        return "".join(output["text"] for output in streams)

    @property
    def result(self) -> str | None:
        """The value of the last expression."""
        results = (out for out in self.outputs if out["output_type"] == "execute_result")
        return next((out["data"]["text/plain"] for out in results), None)

    @property
    def error(self) -> str | None:
        """The name of the exception."""
        return next((out["ename"] for out in self.outputs if "ename" in out), None)

    @property
    def traceback(self) -> str:
        """The traceback without colours."""
        lines = next((out["traceback"] for out in self.outputs if "ename" in out), [])
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))

    @property
    def kinds(self) -> list[str]:
        """The kinds of all outputs in order; that of a picture is `picture`."""
        return [
            "picture" if is_picture(output) else output["output_type"] for output in self.outputs
        ]

    @property
    def picture(self) -> Picture:
        """The one picture."""
        (data,) = (output["data"] for output in self.outputs if is_picture(output))
        size = sum(map(len, data.values()))
        paper = base64.b64decode(data["application/pdf"])
        return Picture(data["text/html"], data["text/plain"], paper, size)


@dataclass
class Picture:
    """A recording as a notebook shows it."""

    html: str
    tree: str
    paper: bytes
    """What LaTeX gets."""
    size: int
    """What all of it takes in the notebook."""

    @property
    def page(self) -> str:
        """The page in the iframe."""
        return html.unescape(re.search(r"srcdoc='([^']*)'", self.html)[1])

    @property
    def still(self) -> str:
        """The picture for notebooks that are not trusted."""
        encoded = re.search(r"src='data:image/svg\+xml;base64,([^']*)'", self.html)[1]
        return base64.b64decode(encoded).decode()

    @property
    def titles(self) -> list[list[str]]:
        """The lines of each frame's hover title."""
        found = re.findall(r"<rect\n[^>]*><title>([^<]*)</title>", self.page)
        return [html.unescape(title).split("\n") for title in found]

    @property
    def names(self) -> set[str]:
        """The names of all frames."""
        return {title[0] for title in self.titles}

    def title(self, name: str) -> list[str]:
        """The lines of the hover title of the one frame with a name."""
        (title,) = (title for title in self.titles if title[0] == name)
        return title


def assert_share(lines: str, number: int, source: str, took: float, path: Path) -> None:
    """Compare what a title says of a line with how long that took, which is nearly all.

    Args:
        lines: What it says of a cell's or function's hottest lines.
        number: Of the line.
        source: What is in that line.
        took: What it took by its own clock.
        path: The same recording.
    """
    profile = pyflame.Profile.load(path)
    percent = float(re.search(rf"line {number}: ([\d.]+)% `{re.escape(source)}`", lines)[1])
    share = (took - tolerance(profile)) / profile.wall_time
    assert round(100 * share, 1) - 0.1 <= percent <= 100, (lines, took, profile.wall_time)


def is_picture(output: dict[str, Any]) -> bool:
    """Whether an output is one of ours."""
    return "pyflame-live" in output.get("data", {}).get("text/html", "")


class Kernel:
    """A kernel with one notebook, whose cells are run one by one."""

    def __init__(self, *arguments: str) -> None:
        nbclient = pytest.importorskip("nbclient", reason="not run: no nbclient")
        nbformat = pytest.importorskip("nbformat", reason="not run: no nbformat")
        self._new_cell = nbformat.v4.new_code_cell
        self._client = nbclient.NotebookClient(
            nbformat.v4.new_notebook(),
            allow_errors=True,
            extra_arguments=list(arguments),
            kernel_name="python3",
            timeout=60,
        )

    def __enter__(self):
        self._client.reset_execution_trackers()
        self._context = self._client.setup_kernel()
        self._context.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(*error)

    def run(self, source: str, *, store_history: bool = True) -> Ran:
        """Run a cell."""
        cell = self._new_cell(source)
        self._client.nb.cells.append(cell)
        index = len(self._client.nb.cells) - 1
        self._client.execute_cell(cell, index, store_history=store_history)
        return Ran(cell.execution_count, cell.outputs)

    def value(self, expression: str) -> Any:
        """The value of an expression, as a literal."""
        import ast

        ran = self.run(expression)
        assert ran.error is None, ran.traceback
        return ast.literal_eval(ran.result)

    def payload(self, source: str) -> str:
        """What a cell sends to the pager."""
        from jupyter_core.utils import run_sync

        reply = run_sync(self._client.kc.execute_interactive)(source, timeout=60)
        return reply["content"]["payload"][0]["data"]["text/plain"]

    def run_silently(self, source: str) -> list[dict[str, Any]]:
        """Run code as front ends do for themselves; returns the messages that it causes."""
        from jupyter_core.utils import run_sync

        messages: list[dict[str, Any]] = []
        execute = run_sync(self._client.kc.execute_interactive)
        execute(source, silent=True, output_hook=messages.append, timeout=60)
        return messages


LEFT_BEHIND = """\
def left_behind():
    import _thread, os, pathlib, signal, sys, threading
    from pyflame._threads import _collectors
    shell = get_ipython()
    natives = [task.read_text() for task in pathlib.Path("/proc/self/task").glob("*/comm")]
    return [
        natives.count("pyflame\\n"), len(_collectors), _thread._count(),
        str(signal.getsignal(signal.SIGINT)),
        threading.Thread._set_native_id.__qualname__, str(sys.excepthook), str(sys.displayhook),
        [len(hooks) for hooks in shell.events.callbacks.values()],
        len(shell.input_transformers_cleanup), len(shell.input_transformers_post),
        str(signal.getsignal(signal.SIGPROF)), str(signal.getsignal(signal.SIGURG)),
    ]
"""


@pytest.fixture(scope="module")
def module_kernel() -> Iterator[Kernel]:
    with Kernel() as kernel:
        # The first large message makes pyzmq start a thread that frees them, and keep it.
        large = "import IPython.display\nIPython.display.HTML('x' * 200_000)"
        for source in (PREPARATION, LEFT_BEHIND, large, "%%pyflame\nspin(0.01)"):
            assert kernel.run(source).error is None
        yield kernel


@pytest.fixture
def kernel(module_kernel: Kernel) -> Iterator[Kernel]:
    """A kernel with pyflame loaded and a function `spin`, in which a test may leave nothing."""
    before = module_kernel.value("left_behind()")
    yield module_kernel
    assert module_kernel.value("left_behind()") == before
    after = module_kernel.run("%%pyflame\nspin(0.05)\n'alive'")
    assert after.result == "'alive'"
    assert "spin" in after.picture.names
