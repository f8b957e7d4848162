"""The recording of one cell: what belongs to it, and how a notebook shows it.

A cell is known by the name that IPython compiled it under (``CachingCompiler.cache`` of
IPython/core/compilerop.py, 8.12 to 9.x), which is a file that nobody can open; its compiler knows
the number of each such file, and ``linecache`` the lines.
"""

from __future__ import annotations

import _thread
import asyncio
import linecache
import os
import selectors
import shutil
import signal
import sys
import threading
from contextlib import contextmanager

from pyflame._recorder import Recorder
from pyflame.exceptions import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, ModuleType

    from IPython.core.interactiveshell import InteractiveShell

    from pyflame._native import MagicCommand, Profile

KERNEL_PACKAGES = (
    "IPython",
    "comm",
    "debugpy",
    "decorator",
    "ipykernel",
    "jupyter_client",
    "matplotlib_inline",
    "prompt_toolkit",
    "pyflame",
    "tornado",
    "traitlets",
    "zmq",
    # What IPython writes tracebacks with.
    "asttokens",
    "executing",
    "pure_eval",
    "pygments",
    "stack_data",
)
"""Packages whose code is the kernel's, wherever it is outside of the cell's."""

SERVICE_PACKAGES = ("IPython", "ipykernel")
"""Those which a cell calls without knowing: to show its value, to run a magic, to print."""


class CellRecording:
    """Records one cell, and shows what was recorded below its output.

    Args:
        shell: The IPython that runs the cell.
        command: How to record and to show it.
    """

    def __init__(self, shell: InteractiveShell, command: MagicCommand) -> None:
        self._shell = shell
        self._command = command
        self._failure: Error | None = None
        self._recorder = Recorder(
            command.interval_ns,
            engine=command.engine,
            current_thread_only=command.current_thread_only,
        )

    def start(self) -> None:
        """Start to record. What goes wrong is told at the end: the cell runs in any case."""
        self._thread = _thread.get_native_id()
        self._callers = _files_of_callers()
        try:
            self._recorder.start()
        except Error as failure:
            self._failure = failure

    def abandon(self) -> None:
        """Stop to record, if that has not happened."""
        if self._recorder.started:
            self._recorder.stop()

    def finish(self, number: int) -> None:
        """Stop to record, and show what was recorded.

        Args:
            number: That of the cell.
        """
        with _uninterrupted():
            if self._failure is not None:
                _complain(self._failure)
            if not self._recorder.started:
                return
            profile = self._recorder.stop(program=f"In [{number}]")
            cells, loop_files = _cells(self._shell), _loop_files()
            profile = profile._of_notebook(
                host_files=[*self._callers, *_folders(KERNEL_PACKAGES), *loop_files],
                service_files=_folders(SERVICE_PACKAGES),
                loop_files=loop_files,
                thread_file=threading.__file__,
                loop_thread=self._thread,
                cells=cells,
            )
            self._show(profile, _sources(profile, cells))

    def _show(self, profile: Profile, sources: dict[str, list[str]]) -> None:
        message = None
        try:
            message = self._command.save(profile, sources)
        except (Error, OSError) as error:
            _complain(error)
        if _is_terminal(self._shell):
            width = shutil.get_terminal_size().columns
            text = self._command.text(profile, colour=_has_colour(self._shell), width=width)
            data = {"text/plain": text}
        else:
            data = {
                "text/html": self._html(profile, sources),
                "application/pdf": self._command.page(profile),
                "text/plain": self._command.text(profile),
            }
        self._shell.display_pub.publish(data=data, metadata={})
        if message is not None:
            print(message)  # noqa: T201 - an output of the cell

    def _html(self, profile: Profile, sources: dict[str, list[str]]) -> str:
        try:
            return self._command.html(profile, sources)
        except Error as error:
            _complain(error)
        return self._command.html(profile, sources, built_in=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C do nothing: the cell is over, and what is left to do takes no time."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    # A handler that was not set from Python can't be set again.
    if not is_main or before is None:
        yield
        return
    signal.signal(signal.SIGINT, _do_nothing)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Stand in for a signal handler."""


def _files_of_callers() -> set[str]:
    """Return the files of the whole stack: what runs now is around the cell, whatever it is."""
    files = set()
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        files.add(frame.f_code.co_filename)
        frame = frame.f_back
    return files


def _folders(packages: tuple[str, ...]) -> list[str]:
    """Return the folders of packages, as far as they have been imported by now."""
    modules = (sys.modules.get(name) for name in packages)
    return [_place(module) for module in modules if module is not None]


def _place(module: ModuleType) -> str:
    """Return the folder of a package, or the file of a module that is none."""
    file = str(module.__file__)
    return os.path.dirname(file) + "/" if hasattr(module, "__path__") else file


def _loop_files() -> list[str]:
    """Return the files of the event loop."""
    files = [_place(asyncio), _place(selectors)]
    tornado = sys.modules.get("tornado.platform.asyncio")
    if tornado is not None:
        files.append(str(tornado.__file__))
    return files


def _cells(shell: InteractiveShell) -> dict[str, str]:
    """Return what people call a cell, by the file name of its code."""
    numbers: dict[str, int] = getattr(shell.compile, "_filename_map", {})
    return {file: f"In [{number}]" for file, number in numbers.items()}


def _sources(profile: Profile, cells: dict[str, str]) -> dict[str, list[str]]:
    """Return the lines of each cell that was seen, by what people call it."""
    seen = {file for _, file, _ in profile._functions()}
    return {cell: linecache.getlines(file) for file, cell in cells.items() if cell in seen}


def _is_terminal(shell: InteractiveShell) -> bool:
    """Whether there is no kernel between IPython and the person in front of it."""
    return getattr(shell, "kernel", None) is None


def _has_colour(shell: InteractiveShell) -> bool:
    """Whether the terminal shows colours, and the person wants them."""
    is_wanted = str(shell.colors).lower() != "nocolor" and not os.environ.get("NO_COLOR")
    return is_wanted and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _complain(error: Exception) -> None:
    message = error.strerror if isinstance(error, OSError) else None
    print(f"pyflame: error: {message or error}", file=sys.stderr)  # noqa: T201 - of the cell
