"""Writes an image of its own stack: `python - < make_image.py > images/3.13.image`.

The stack has what differs between versions: calls from Python and from C, a generator, a
coroutine, a class body, a comprehension, names and files of all widths of characters, and a frame
in a second chunk of the data stack.
"""

import functools
import sys

from pyflame import _native

RESULT = []


def leaf():
    RESULT.append(_native._memory_image())
    return 1


def generator():
    yield leaf()


async def coroutine():
    return [value for value in generator()]


def through_c(_left, _right):
    try:
        coroutine().send(None)
    except StopIteration:
        pass
    return 0


def deep(n):
    if n:
        return deep(n - 1)
    return functools.reduce(through_c, [1, 2])


# Enough locals to fill a chunk of 16 KiB after a few calls.
WIDE = "def wide(n):\n" + "".join(f"    v{i} = n\n" for i in range(900)) + "    return deep(5)\n"
exec(WIDE)

for file in ("größe.py", "文件.py", "🔥.py"):
    source = "def λόγος(): return wide(3)\nclass Ünder:\n    value = (lambda: λόγος())()\n"
    if not RESULT:
        exec(compile(source, file, "exec"))

sys.stdout.write(RESULT[0])
