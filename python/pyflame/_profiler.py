"""``pyflame.Profiler``: records a piece of a program from within."""

from __future__ import annotations

import _thread

from pyflame import _native
from pyflame._recorder import ENGINES, Recorder
from pyflame.exceptions import ProfilerStateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, Literal, TypeVar

    from typing_extensions import Self

    from pyflame._native import Profile

    Function = TypeVar("Function", bound=Callable[..., Any])


class Profiler:
    """Records where the time goes between :meth:`start` and :meth:`stop`.

    Any number of profilers may record at once, in one thread or in several.

    Args:
        interval: Mean time between two samples, in seconds; from 0.00001 to 3600.
        threads: ``current`` for the thread that starts the profiler, ``all`` for every thread,
            found as they come and go.
        engine: ``signal`` for the accurate way to take stacks, ``fallback`` for the one that
            works everywhere, ``auto`` for the first where it can be used.

    Raises:
        ValueError: When an argument is none of these.

    Examples:
        As a context manager:

        >>> import pyflame
        >>> with pyflame.Profiler(interval=0.002) as profiler:
        ...     data = sorted(range(100_000), key=lambda number: -number)
        >>> profiler.profile.interval
        0.002

        By hand:

        >>> profiler = pyflame.Profiler(threads="all")
        >>> profiler.start()
        >>> profile = profiler.stop()
        >>> profile.save("sorting.svg")

        As a decorator; all calls add up in :attr:`profile`:

        >>> profiler = pyflame.Profiler()
        >>> @profiler
        ... def work(n):
        ...     return sum(range(n))
        >>> work(10) + work(100)
        4995
        >>> profiler.profile.duration > 0
        True
    """

    def __init__(
        self,
        interval: float = 0.001,
        threads: Literal["current", "all"] = "current",
        engine: Literal["auto", "signal", "fallback"] = "auto",
    ) -> None:
        if threads not in ("current", "all"):
            raise ValueError(f'threads must be "current" or "all", not {threads!r}')
        if engine not in ENGINES:
            raise ValueError(f'engine must be "auto", "signal" or "fallback", not {engine!r}')
        self._interval_ns = _native.interval_ns(interval)
        self._threads = threads
        self._engine = engine
        self._recorder: Recorder | None = None
        self._profile: Profile | None = None
        self._calls = _Calls(self._new_recorder, self._add)

    @property
    def profile(self) -> Profile:
        """What was recorded last, or by all calls of a decorated function.

        Raises:
            ProfilerStateError: When nothing has been recorded yet.
        """
        if self._profile is None:
            raise ProfilerStateError("nothing has been recorded yet: start and stop the profiler")
        return self._profile

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not yet stopped."""
        return self._recorder is not None

    def start(self) -> None:
        """Start to record.

        Raises:
            ProfilerStateError: When it is recording already.
            SignalsUnavailable: When ``engine="signal"`` was asked for and can't be used.
        """
        if self._recorder is not None:
            raise ProfilerStateError("the profiler is running already: stop it first")
        recorder = self._new_recorder()
        recorder.start()
        self._recorder = recorder

    def stop(self) -> Profile:
        """Stop to record.

        Returns:
            What was recorded; :attr:`profile` is the same.

        Raises:
            ProfilerStateError: When it is not recording.
        """
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            raise ProfilerStateError("the profiler is not running: start it first")
        self._profile = recorder.stop()
        return self._profile

    def __enter__(self) -> Self:
        """Start to record."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop to record."""
        self.stop()

    def __call__(self, function: Function) -> Function:
        """Record every call of a function, or of a coroutine function from start to end.

        Calls within calls and calls in other threads are part of the record; the profiler itself
        is not started by them.

        Raises:
            TypeError: For a generator function: the time between two of its values belongs to
                whoever asks for them, so decorate that function instead.
        """
        import functools
        import inspect

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__qualname__} is a generator function: decorate what consumes it"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_coroutine(*args: Any, **kwargs: Any) -> Any:
                with _Call(self._calls):
                    return await function(*args, **kwargs)

            return call_coroutine  # type: ignore[return-value]

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with _Call(self._calls):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]

    def _new_recorder(self) -> Recorder:
        return Recorder(
            self._interval_ns,
            engine=self._engine,
            current_thread_only=self._threads == "current",
        )

    def _add(self, profile: Profile) -> None:
        self._profile = profile if self._profile is None else self._profile.merge(profile)


class _Calls:
    """The calls of decorated functions: the first in a thread starts to record, the last stops.

    Args:
        new_recorder: Makes a recorder for the thread that calls it.
        add: Takes what was recorded, one profile at a time.
    """

    def __init__(
        self, new_recorder: Callable[[], Recorder], add: Callable[[Profile], None]
    ) -> None:
        self._new_recorder = new_recorder
        self._add = add
        self._lock = _thread.allocate_lock()
        self._under_way: dict[int, tuple[Recorder, int]] = {}

    def begin(self, thread: int) -> None:
        with self._lock:
            recorder, depth = self._under_way.get(thread) or (self._new_recorder(), 0)
            if not depth:
                recorder.start()
            self._under_way[thread] = (recorder, depth + 1)

    def end(self, thread: int) -> None:
        with self._lock:
            recorder, depth = self._under_way.pop(thread)
            if depth > 1:
                self._under_way[thread] = (recorder, depth - 1)
            else:
                self._add(recorder.stop())


class _Call:
    """One call of a decorated function."""

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls
        self._thread = _thread.get_ident()

    def __enter__(self) -> None:
        self._calls.begin(self._thread)

    def __exit__(self, *_: object) -> None:
        self._calls.end(self._thread)
