"""The recording of one request, from its start to what is kept of it."""

from __future__ import annotations

import base64
import contextlib
import functools
import inspect
import time
from typing import TYPE_CHECKING, Any

import pyflame
from pyflame._recorder import Recorder
from pyflame._scopes import Scope
from pyflame.exceptions import SignalsUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from django.http import HttpRequest, StreamingHttpResponse

    from pyflame import Profile
    from pyflame.djdt.config import Config


class RequestRecorder:
    """Records a request from now until :meth:`finish`, which may also come with the stream's end.

    Args:
        request: The request.
        config: What the project has set.
    """

    def __init__(self, request: HttpRequest, config: Config) -> None:
        """Start to record."""
        self.is_async = False
        self._request = request
        self._config = config
        self._program = f"{request.method} {request.path}"
        self._note = ""
        self._stats: dict[str, Any] | None = None
        self._scope: Scope | None = None
        self._fallback: Recorder | None = None
        self._wall: float | None = None
        self._started = time.perf_counter()
        try:
            self._scope = Scope(config.interval_ns, {"request": self._program})
        except SignalsUnavailable as reason:
            self._note = str(reason)
            self._start_fallback()

    def entered(self) -> AbstractContextManager[object]:
        """Return a ``with`` block whose work belongs to the request."""
        return contextlib.nullcontext() if self._scope is None else self._scope.entered()

    def follow_stream(
        self, response: StreamingHttpResponse, then: Callable[[dict[str, Any]], None]
    ) -> None:
        """Record what makes the response's content, too, and hand over the stats at its end."""
        parts = response.streaming_content
        if getattr(response, "is_async", False):
            response.streaming_content = self._async_stream(parts, then)
        else:
            response.streaming_content = self._stream(parts, then)

    def _stream(self, parts: Any, then: Callable[[dict[str, Any]], None]) -> Iterator[bytes]:
        iterator = iter(parts)
        try:
            while True:
                with self.entered():
                    try:
                        part = next(iterator)
                    except StopIteration:
                        return
                yield part
        finally:
            self.finish()
            then(self.stats())

    async def _async_stream(
        self, parts: Any, then: Callable[[dict[str, Any]], None]
    ) -> AsyncIterator[bytes]:
        iterator = aiter_of(parts)
        try:
            while True:
                with self.entered():
                    try:
                        part = await iterator.__anext__()
                    except StopAsyncIteration:
                        return
                yield part
        finally:
            self.finish()
            await _call_in_a_thread(then, self.stats())

    def abandon(self) -> None:
        """Stop to record, and keep nothing."""
        self.finish()
        self._stats = None

    def end(self) -> None:
        """Stop to record; does nothing if that has happened."""
        if self._wall is None:
            self._wall = time.perf_counter() - self._started
            if self._scope is not None:
                self._scope.end()

    def finish(self) -> None:
        """Stop to record, if that has not happened, and keep what was recorded."""
        if self._stats is not None:
            return
        self.end()
        wall = self._wall or 0.0
        scope, self._scope = self._scope, None
        fallback, self._fallback = self._fallback, None
        if scope is not None:
            profile, covered, tool = scope.finish(self._program, _tool_folders())
        elif fallback is not None and not self.is_async:
            profile, tool = fallback.stop()._without_tool(_tool_folders())
            covered = wall
        else:
            if fallback is not None:
                fallback.stop()
            self._stats = self._facts(wall)
            return
        self._stats = self._kept(profile, wall, covered, tool)

    def stats(self) -> dict[str, Any]:
        """What is to be kept, as JSON has it; ``is_open`` says that the request goes on."""
        if self._wall is not None:
            self.finish()
        if self._stats is not None:
            return self._stats
        return {**self._facts(time.perf_counter() - self._started), "is_open": True}

    def _start_fallback(self) -> None:
        """Record the thread that serves the request, which is all of it on a synchronous server."""
        self._fallback = Recorder(
            self._config.interval_ns,
            engine="fallback",
            current_thread_only=True,
            program=self._program,
        )
        self._fallback.start()

    def _facts(self, wall: float) -> dict[str, Any]:
        return {
            "program": self._program,
            "wall": wall,
            "cpu": 0.0,
            "samples": 0,
            "rate": 0.0,
            "uncaptured": 0,
            "is_open": False,
            "note": self._note,
            "recording": "",
        }

    def _kept(self, profile: Profile, wall: float, covered: float, tool: float) -> dict[str, Any]:
        facts = self._facts(wall)
        facts.update(
            cpu=profile.cpu_time,
            samples=profile.samples,
            rate=profile.rate,
            uncaptured=profile.uncaptured,
            tool=tool,
            entry=entry_of(self._request),
        )
        absent = wall - covered
        if self.is_async and absent > 2e-9 * self._config.interval_ns:
            profile = profile._with_absence("[awaiting]", absent)
        recording, left_out = _fitting(profile, self._config.max_recording_bytes)
        facts.update(recording=base64.b64encode(recording).decode("ascii"), left_out=left_out)
        return facts


def aiter_of(parts: Any) -> Any:
    """``aiter()``, which Python 3.9 does not have."""
    return type(parts).__aiter__(parts)


async def _call_in_a_thread(function: Callable[[Any], None], argument: Any) -> None:
    """Call what may use a database, which must not be done in an event loop."""
    from asgiref.sync import sync_to_async

    await sync_to_async(function)(argument)


@functools.cache
def _tool_folders() -> tuple[str, ...]:
    import debug_toolbar

    # Never in a picture of a request: who looks at it.
    return tuple(f"{package.__path__[0]}/" for package in (debug_toolbar, pyflame))


def _fitting(profile: Profile, most_bytes: int) -> tuple[bytes, float]:
    """The recording as bytes, and what had to be as narrow as this many seconds to be left out."""
    recording = profile._to_bytes_hastily()
    if len(recording) <= most_bytes // 2:
        return recording, 0.0
    recording = profile.to_bytes()
    narrow = profile.wall_time / 10_000
    while len(recording) > most_bytes and narrow <= profile.wall_time:
        recording = profile._pruned(narrow).to_bytes()
        if len(recording) <= most_bytes:
            return recording, narrow
        narrow *= 2
    return recording, 0.0


def entry_of(request: HttpRequest) -> tuple[str, int] | None:
    """File and first line of the view's function; None where that is not known."""
    match = getattr(request, "resolver_match", None)
    if match is None:
        return None
    code = getattr(inspect.unwrap(match.func), "__code__", None)
    return None if code is None else (code.co_filename, code.co_firstlineno)
