"""Packs the finished pages in a thread of its own, while the next ones are being written."""

from __future__ import annotations

import hashlib
import queue
import threading
import zlib
from typing import Optional


class Packer:
    """A thread that packs what it is given."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Optional[tuple[str, str]]] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="packer")
        self._packed: dict[str, bytes] = {}
        self._digest = hashlib.sha256()

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def add(self, name: str, page: str) -> None:
        """Hands over a page."""
        self._queue.put((name, page))

    def finish(self) -> str:
        """Waits for the last page and says what became of them all."""
        self._queue.put(None)
        self._thread.join()
        size = sum(map(len, self._packed.values()))
        digest = self._digest.hexdigest()[:12]
        return f"almanac: {len(self._packed)} pages, {size:,} bytes packed, digest {digest}"

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            if job is None:
                return
            name, page = job
            self._pack(name, page.encode())

    def _pack(self, name: str, page: bytes) -> None:
        # The C library releases the GIL, so this runs beside the main thread.
        self._packed[name] = min((zlib.compress(page, level) for level in (6, 9)), key=len)
        self._digest.update(page)
