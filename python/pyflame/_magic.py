"""The extension of IPython: ``%%pyflame`` above a cell, ``%pyflame`` before a statement.

A magic that runs its cell is not the same as no magic: it has no top-level ``await``, loses the
value of the last expression, and shows in tracebacks. So ours runs nothing. A function among the
``input_transformers_cleanup`` takes the first line away, IPython runs what is left as it runs
every cell, and the recording starts and stops in its events ``pre_run_cell`` and
``post_run_cell`` (IPython/core/interactiveshell.py, 8.12 to 9.x). The line is an empty one
afterwards, so that lines keep their numbers.

IPython transforms a cell more than once, and also where it only wants to know whether the cell is
complete; the transformation therefore depends on the text alone and starts nothing.

Magics inside of a running cell (below ``%%time``, say, or ``%pyflame`` between other statements)
are called by that cell, and have to run their code themselves, as other magics do.
"""

from __future__ import annotations

import re
import threading

from IPython.core.error import UsageError
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets import Float, List, Unicode

from pyflame import _native, exceptions
from pyflame._cell import CellRecording
from pyflame._nested import code_to_run, is_inside_cell, number_of_running_cell, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from IPython.core.interactiveshell import (
        ExecutionInfo,
        ExecutionResult,
        InteractiveShell,
    )

CELL_LINE = re.compile(r"%%pyflame(?:\s+(?P<options>.*?))?\s*")
STATEMENT_LINE = re.compile(r"%pyflame\s+(?P<options>.*?[^?\s])\s*")
NAME = "pyflame"


def load(shell: InteractiveShell) -> None:
    """Register the magics and everything that they need."""
    if PyFlameMagic.__name__ in shell.magics_manager.registry:
        unload(shell)
    magic = PyFlameMagic(shell=shell)
    shell.register_magics(magic)
    magic.listen()


def unload(shell: InteractiveShell) -> None:
    """Take away everything that :func:`load` has registered."""
    magic = shell.magics_manager.registry.pop(PyFlameMagic.__name__, None)
    if magic is None:
        return
    magic.stop_listening()
    for kind in shell.magics_manager.magics.values():
        kind.pop(NAME, None)
    shell.configurables.remove(magic)


@magics_class
class PyFlameMagic(Magics):
    """Flame graphs of cells."""

    flamegraph_script_path = Unicode(
        "", help="A flamegraph.pl to draw with; empty for the built-in renderer."
    ).tag(config=True)
    flamegraph_script_extra_args = List(
        Unicode(), help="Arguments of flamegraph.pl, before those of `-a`."
    ).tag(config=True)
    default_sample_interval = Float(
        0.001,
        help="Mean time between two samples, in seconds, where neither `-s` nor `-r` is given.",
    ).tag(config=True)

    def __init__(self, shell: InteractiveShell, **options: Any) -> None:
        """Prepare the magics of one shell."""
        super().__init__(shell, **options)
        # By thread: newer kernels run cells of subshells in threads of their own.
        self._recordings: dict[int, CellRecording] = {}
        self._taken = threading.local()

    def listen(self) -> None:
        """Watch the shell's cells."""
        self.shell.input_transformers_cleanup.append(self.take_line)
        self.shell.input_transformers_post.append(self.keep_numbers)
        self.shell.events.register("pre_run_cell", self.before_cell)
        self.shell.events.register("post_run_cell", self.after_cell)

    def stop_listening(self) -> None:
        """Leave the shell as it was."""
        self.shell.events.unregister("pre_run_cell", self.before_cell)
        self.shell.events.unregister("post_run_cell", self.after_cell)
        self.shell.input_transformers_post.remove(self.keep_numbers)
        self.shell.input_transformers_cleanup.remove(self.take_line)
        for recording in self._recordings.values():
            recording.abandon()

    @line_cell_magic
    @no_var_expand
    @needs_local_scope
    def pyflame(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> object:
        """Stand for the magics where they are asked for help, and where other code calls them."""
        is_cell = cell is not None
        answer = self._parse(self._expanded(line) if is_cell else line, is_cell=is_cell)
        if isinstance(answer, str):
            print(answer, end="")  # noqa: T201 - an output of the cell
            return None
        code = code_to_run(self.shell, answer.statement if cell is None else cell)
        recording = CellRecording(self.shell, answer)
        try:
            recording.start()
            return run(self.shell, code, local_ns)
        finally:
            recording.finish(number_of_running_cell(self.shell))

    def take_line(self, lines: list[str]) -> list[str]:
        """Take the magic's line from a cell.

        Raises:
            UsageError: When its options mean nothing.
        """
        self._taken.lines = 0
        found = _find(lines)
        if found is None or is_inside_cell(self.shell):
            return lines
        options, is_cell = found
        answer = self._parse(self._expanded(options) if is_cell else options, is_cell=is_cell)
        if isinstance(answer, str):
            return [f"get_ipython().run_line_magic({NAME!r}, {options!r})\n"]
        if not is_cell:
            return [f"{answer.statement}\n"]
        self._taken.lines = 1
        return lines[1:]

    # IPython calls no such function to find out whether more of a cell is to come. It has to see
    # the line then, since the end of a cell magic is an empty line.
    take_line.has_side_effects = True  # type: ignore[attr-defined]

    def keep_numbers(self, lines: list[str]) -> list[str]:
        """Put an empty line where :meth:`take_line` took one.

        That is done at the end, because between the two, IPython takes a cell of just one line
        for a command line.
        """
        return ["\n"] * self._taken.__dict__.pop("lines", 0) + lines

    def before_cell(self, info: ExecutionInfo) -> None:
        """Start to record, if the cell asks for it."""
        if is_inside_cell(self.shell):
            return
        # What an interrupt in the wrong moment has left behind.
        self._forget()
        found = _find(self._cleaned(info.raw_cell))
        if found is None:
            return
        options, is_cell = found
        try:
            answer = self._parse(self._expanded(options) if is_cell else options, is_cell=is_cell)
        except UsageError:
            return  # It has been raised already, and is what the cell comes to.
        if isinstance(answer, str):
            return
        recording = CellRecording(self.shell, answer)
        self._recordings[threading.get_ident()] = recording
        recording.start()

    def after_cell(self, result: ExecutionResult | None) -> None:
        """Stop to record, and show what was recorded."""
        recording = self._recordings.get(threading.get_ident())
        if recording is None or is_inside_cell(self.shell):
            return
        number = None if result is None else result.execution_count
        recording.finish(number or number_of_running_cell(self.shell))
        self._forget()

    def _forget(self) -> None:
        recording = self._recordings.pop(threading.get_ident(), None)
        if recording is not None:
            recording.abandon()

    def _cleaned(self, cell: str) -> list[str]:
        """Return the lines of a cell as :meth:`take_line` is given them."""
        lines = cell.splitlines(keepends=True)
        for transform in self.shell.input_transformers_cleanup:
            if transform == self.take_line:
                break
            lines = transform(lines)
        return lines

    def _expanded(self, options: str) -> str:
        """Replace ``{name}`` and ``$name`` by the user's values, as IPython does for magics."""
        # So deep that there is no frame: the variables of ours are not the user's.
        return str(self.shell.var_expand(options, depth=1 << 30))

    def _parse(self, line: str, *, is_cell: bool) -> str | _native.MagicCommand:
        try:
            interval_ns = _native.interval_ns(self.default_sample_interval)
        except ValueError as error:
            raise UsageError(f"PyFlameMagic.default_sample_interval: {error}") from None
        try:
            return _native.parse_magic(
                line,
                is_cell=is_cell,
                script=self.flamegraph_script_path or None,
                script_args=self.flamegraph_script_extra_args,
                interval_ns=interval_ns,
            )
        except (exceptions.Error, OSError) as error:
            raise UsageError(f"pyflame: {error}") from None


PyFlameMagic.pyflame.__doc__ = str(_native.parse_magic("--help", is_cell=True, interval_ns=1))


def _find(lines: list[str]) -> tuple[str, bool] | None:
    """Return what stands behind the magic that a cell begins with, and whether it has a cell."""
    first = lines[0].rstrip("\r\n") if lines else ""
    cell = CELL_LINE.fullmatch(first)
    if cell is not None:
        return cell["options"] or "", True
    statement = STATEMENT_LINE.fullmatch(first)
    if statement is None or any(line.strip() for line in lines[1:]):
        return None
    return statement["options"], False
