"""Flame graphs for Python: where a program spends its time, truthfully.

From the command line, ``python -m pyflame script.py`` writes ``script.py.svg``. In a program,
:class:`Profiler` records a piece of it, and the :class:`Profile` that results can be looked at,
saved, merged and drawn.

Examples:
    >>> import pyflame
    >>> with pyflame.Profiler() as profiler:
    ...     total = sum(i * i for i in range(100_000))
    >>> profiler.profile.duration > 0
    True
"""

from __future__ import annotations

from pyflame import exceptions
from pyflame._label import label
from pyflame._native import Profile, __version__
from pyflame._profiler import Profiler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Profile", "Profiler", "__version__", "exceptions", "label"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give IPython the magics ``%pyflame`` and ``%%pyflame``; ``%load_ext pyflame`` calls this."""
    from pyflame._magic import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take them away again; ``%unload_ext pyflame`` calls this."""
    from pyflame._magic import unload

    unload(shell)
