"""Where things are: the checkout, and the cache that all checkouts of a user share.

Everything in the cache can be made again. What grows there grows under a lock, since two checkouts
can be at work at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent
CACHE = Path(
    os.environ.get("PYFLAME_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pyflame")
).resolve()
CHECKOUTS = CACHE / "checkouts"
# Two checkouts must not install their wheels into each other's environments.
ENVIRONMENTS = CHECKOUTS / hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]
WHEELS = CHECKOUT / "target" / "wheels"


def take(path: Path, *, is_shared: bool = False, waits: bool = True) -> IO[str] | None:
    """Locks a file until what is returned is closed; None where another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a", encoding="utf-8")
    how = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        if not waits:
            file.close()
            return None
        print(f"waiting for another checkout to be done with {path}", flush=True)
        fcntl.flock(file, how)
    return file


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps others off for as long as the body lasts."""
    file = take(path)
    try:
        yield
    finally:
        if file is not None:
            file.close()


def remove_leftovers() -> None:
    """Removes the environments of checkouts that are gone, and what older layouts have left."""
    with locked(CACHE / "checkouts.lock"):
        for folder in CHECKOUTS.glob("*"):
            note = folder / "checkout"
            checkout = note.read_text(encoding="utf-8") if note.is_file() else ""
            if folder != ENVIRONMENTS and not (checkout and Path(checkout).is_dir()):
                shutil.rmtree(folder, ignore_errors=True)
        ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
        (ENVIRONMENTS / "checkout").write_text(str(CHECKOUT), encoding="utf-8")
        for name in ("environments", "forky", "forky.growing", "forky.log"):
            path = CACHE / name
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
