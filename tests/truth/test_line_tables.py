"""Our reading of code objects agrees with CPython's own, over the whole standard library."""

from __future__ import annotations

import dis
import sys
import sysconfig
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Optional

import pytest
from pyflame import _native

if TYPE_CHECKING:
    from collections.abc import Iterator

# Start and end offset in bytes, and the line; None for instructions that have none.
Range = tuple[int, int, Optional[int]]


def standard_library() -> Iterator[Path]:
    """Yields the modules of the standard library; its own tests are left out."""
    library = Path(sysconfig.get_path("stdlib"))
    left_out = {"site-packages", "dist-packages", "test", "tests", "idle_test", "lib2to3"}
    for path in sorted(library.rglob("*.py")):
        if left_out.isdisjoint(path.relative_to(library).parts):
            yield path


def code_objects(code: CodeType) -> Iterator[CodeType]:
    """Yields a code object and all within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from code_objects(constant)


@pytest.fixture(scope="module")
def codes() -> list[CodeType]:
    """Every code object of the standard library."""
    codes = []
    for path in standard_library():
        module = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        codes.extend(code_objects(module))
    return codes


def cpython_ranges(code: CodeType) -> list[Range]:
    """The lines of a code object as CPython tells them."""
    if sys.version_info >= (3, 10):
        return list(code.co_lines())
    starts = [*dis.findlinestarts(code), (len(code.co_code), None)]
    return [(start, end, line) for (start, line), (end, _) in zip(starts, starts[1:])]


def merged(ranges: list[Range]) -> list[Range]:
    """Joins ranges that follow each other with the same line; drops empty ones."""
    joined: list[Range] = []
    for start, end, line in ranges:
        if start == end:
            continue
        if joined and joined[-1][1:] == (start, line):
            joined[-1] = (joined[-1][0], end, line)
        else:
            joined.append((start, end, line))
    return joined


def by_instruction(ranges: list[Range]) -> list[int | None]:
    """The line of every instruction of two bytes."""
    return [line for start, end, line in ranges for _ in range(start, end, 2)]


def test_lines_are_those_that_co_lines_gives(codes: list[CodeType]) -> None:
    wrong = [
        code for code in codes if merged(_native._code_lines(code)) != merged(cpython_ranges(code))
    ]
    assert len(codes) > 10_000
    assert not wrong


@pytest.mark.skipif(sys.version_info < (3, 11), reason="co_positions came with Python 3.11")
def test_lines_are_those_that_co_positions_gives(codes: list[CodeType]) -> None:
    wrong = [
        code
        for code in codes
        if by_instruction(_native._code_lines(code))
        != [position[0] for position in code.co_positions()]
    ]
    assert not wrong


def test_names_and_places_are_those_of_the_code_objects(codes: list[CodeType]) -> None:
    wrong = [
        code
        for code in codes
        if _native._code_facts(code)
        != (getattr(code, "co_qualname", code.co_name), code.co_filename, code.co_firstlineno)
    ]
    assert not wrong


def test_names_of_every_width_are_read() -> None:
    for name in ("plain", "schön", "λόγος", "名前", "𐌰𐌽𐍃"):
        source = f"def {name}(): pass"
        for file in ("plain.py", "größe.py", "文件.py", "🔥.py"):
            *_, code = code_objects(compile(source, file, "exec"))
            expected = getattr(code, "co_qualname", code.co_name)
            assert _native._code_facts(code) == (expected, file, 1)


def test_a_line_table_of_a_megabyte_is_read() -> None:
    source = "def long():\n" + "    x = (1,\n 2)\n" * 150_000
    *_, code = code_objects(compile(source, "long.py", "exec"))
    assert merged(_native._code_lines(code)) == merged(cpython_ranges(code))
