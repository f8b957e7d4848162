"""Code that a magic runs by itself, inside of a running cell.

IPython runs the statements of a cell in ``InteractiveShell.run_code``; whatever has that on its
stack is inside of a cell.
"""

from __future__ import annotations

import ast
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

    from IPython.core.interactiveshell import InteractiveShell


def is_inside_cell(shell: InteractiveShell) -> bool:
    """Whether the caller is called by a cell."""
    runs_cells = type(shell).run_code.__code__
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is runs_cells:
            return True
        frame = frame.f_back
    return False


def number_of_running_cell(shell: InteractiveShell) -> int:
    """Return the number of the cell that runs; its text is the last one of the history."""
    return len(shell.history_manager.input_hist_raw) - 1


def code_to_run(shell: InteractiveShell, source: str) -> tuple[CodeType, CodeType | None]:
    """Compile source as IPython compiles a cell.

    Returns:
        The code, and that of the last expression if there is one.
    """
    code = "\n" * _lines_before(shell, source) + shell.transform_cell(source)
    name = shell.compile.cache(code, number_of_running_cell(shell), raw_code=source)
    tree = shell.transform_ast(shell.compile.ast_parse(code, filename=name))
    value = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        value = shell.compile(ast.Expression(tree.body.pop().value), name, "eval")
    return shell.compile(tree, name, "exec"), value


def run(
    shell: InteractiveShell,
    code: tuple[CodeType, CodeType | None],
    local_ns: dict[str, Any] | None,
) -> object:
    """Run compiled source.

    Returns:
        The value of the last expression.
    """
    __tracebackhide__ = True  # What IPython looks for in frames that nobody wants to see.
    body, value = code
    exec(body, shell.user_ns, local_ns)  # noqa: S102 - it is what a magic is for
    return None if value is None else eval(value, shell.user_ns, local_ns)  # noqa: S307


def _lines_before(shell: InteractiveShell, source: str) -> int:
    """Return how many lines of the running cell stand before ``source``, if it is found there."""
    cell: str = shell.history_manager.input_hist_raw[-1]
    before, found, after = cell.partition(source.strip("\n"))
    is_unique = found and source.strip("\n") not in after
    return before.count("\n") if is_unique else 0
