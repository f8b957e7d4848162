"""Qualified names for Python 3.10 and older, whose code objects don't have them.

There a function knows its qualified name and its code object does not, and a stack holds code
objects only. After the recording, the source of each file is compiled once more; the nesting of
the code objects gives the names (the rule is ``compiler_set_qualname`` of Python/compile.c), and
name and first line say which is which. What does not match keeps its plain name.
"""

from __future__ import annotations

import sys
import warnings
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyflame._native import Profile

CO_OPTIMIZED = 1  # Of functions' code, not of modules' and classes' (`inspect` is slow to import).
PyCF_ALLOW_TOP_LEVEL_AWAIT = 0x2000  # Include/cpython/compile.h; `ast` is slow to import, too.
COMPREHENSIONS = frozenset(("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"))


def with_qualified_names(profile: Profile) -> Profile:
    """Return the same profile with qualified names wherever they can be learnt."""
    functions = profile._functions()
    names = {file: _names_in_file(file) for file in {file for _, file, _ in functions}}
    renamed = {
        (name, file, line): names[file][name, line]
        for name, file, line in functions
        if (name, line) in names[file]
    }
    return profile._renamed(renamed)


def qualified_names(code: CodeType) -> Iterator[tuple[CodeType, str]]:
    """Yield each code object below the one of a module, with its qualified name."""
    pending = [(code, "")]
    while pending:
        outer, prefix = pending.pop()
        for inner in outer.co_consts:
            if isinstance(inner, CodeType):
                name = inner.co_name
                if not _is_declared_global(name, outer):
                    name = prefix + name
                yield inner, name
                has_locals = inner.co_flags & CO_OPTIMIZED and inner.co_name not in COMPREHENSIONS
                pending.append((inner, name + (".<locals>." if has_locals else ".")))


def _is_declared_global(name: str, outer: CodeType) -> bool:
    """Whether ``outer``, a function, binds ``name`` by way of a ``global`` statement."""
    if not outer.co_flags & CO_OPTIMIZED or name.startswith("<"):
        return False
    local = (*outer.co_varnames, *outer.co_cellvars, *outer.co_freevars)
    return name not in local and name in outer.co_names


def _names_in_file(file: str) -> dict[tuple[str, int], str]:
    """Return the qualified name for each name and first line in ``file`` that has just one."""
    names: dict[tuple[str, int], str] = {}
    ambiguous = set()
    for code, qualified in qualified_names(_compiled(file)):
        key = (code.co_name, code.co_firstlineno)
        if names.setdefault(key, qualified) != qualified:
            ambiguous.add(key)
    for key in ambiguous:
        del names[key]
    return names


def _source(file: str) -> tuple[bytes | str, int]:
    """Return the source of a file, and the compiler's flags for it.

    What was typed into IPython is in no file. There, ``linecache`` has it, under a name that it
    was told not to check against the disk: by the missing time of the second field.
    """
    linecache = sys.modules.get("linecache")
    kept = None if linecache is None else linecache.cache.get(file)
    if kept is not None and len(kept) > 1 and kept[1] is None:
        return "".join(kept[2]), PyCF_ALLOW_TOP_LEVEL_AWAIT
    with open(file, "rb") as stream:
        return stream.read(), 0


def _compiled(file: str) -> CodeType:
    try:
        source, flags = _source(file)
        with warnings.catch_warnings():
            # The program has seen them when it was compiled.
            warnings.simplefilter("ignore")
            code: CodeType = compile(source, file, "exec", flags, dont_inherit=True)
            return code
    except Exception:  # noqa: BLE001 - `<string>`, a file that is gone, that is no source, ...
        return compile("", file.replace("\0", ""), "exec")
