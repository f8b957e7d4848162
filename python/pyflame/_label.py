"""``pyflame.label``: says what the work of the current context belongs to."""

from __future__ import annotations

from contextvars import ContextVar

from pyflame import _native
from pyflame.exceptions import SignalsUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType
    from typing import Any, Callable, TypeVar

    from typing_extensions import Self

    from pyflame._native import LabelSet

    Function = TypeVar("Function", bound=Callable[..., Any])

_LABELS: ContextVar[LabelSet | None] = ContextVar("pyflame labels", default=None)


class label:  # noqa: N801 - it is used like a function, as `contextlib.suppress` is
    """Marks the work of a ``with`` block, or of every call of a function.

    The samples that are taken of it carry the labels: in this thread, in what it awaits, in
    tasks that it makes, and in threads that take its context along, as those of
    ``asyncio.to_thread`` and of asgiref's ``sync_to_async`` do. A plain ``threading.Thread`` does
    not; start it with ``contextvars.copy_context().run``. Labels within labels add up.

    Args:
        **labels: What to mark the work with; values become strings.

    Examples:
        >>> import pyflame
        >>> with pyflame.Profiler() as profiler:
        ...     with pyflame.label(job="sum"):
        ...         total = sum(range(3_000_000))
        >>> profiler.profile.filter(labels={"job": "sum"}).wall_time > 0
        True

        As a decorator, also of coroutine functions:

        >>> @pyflame.label(job="double")
        ... def double(number):
        ...     return 2 * number
        >>> double(21)
        42
    """

    def __init__(self, **labels: object) -> None:
        self._pairs = {key: str(value) for key, value in labels.items()}
        self._tokens: list[Token[LabelSet | None]] = []

    def __enter__(self) -> Self:
        """Set the labels."""
        self._tokens.append(enter(label_set(self._pairs)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the labels away."""
        leave(self._tokens.pop())

    def __call__(self, function: Function) -> Function:
        """Mark every call of a function, or of a coroutine function from start to end.

        Raises:
            TypeError: For a generator function: what happens between two of its values belongs
                to whoever asks for them, so mark that instead.
        """
        import functools
        import inspect

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__qualname__} is a generator function: mark what consumes it"
            )
        pairs = self._pairs
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_coroutine(*args: Any, **kwargs: Any) -> Any:
                with label(**pairs):
                    return await function(*args, **kwargs)

            return call_coroutine  # type: ignore[return-value]

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with label(**pairs):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]


def label_set(pairs: dict[str, str], *, is_scope: bool = False) -> LabelSet:
    """Make labels that hold within those of the current context."""
    if not _is_read:
        _have_read()
    return _native.LabelSet(_LABELS.get(), pairs, is_scope=is_scope)


def enter(labels: LabelSet) -> Token[LabelSet | None]:
    """Set labels in the current context; returns what :func:`leave` needs."""
    return _LABELS.set(labels)


def leave(token: Token[LabelSet | None]) -> None:
    """Take labels away again."""
    try:
        _LABELS.reset(token)
    except ValueError:
        # The block was entered in another context, where the labels still are: a generator that
        # is finished by somebody else. Nothing is set here.
        return


_is_read = False


def _have_read() -> None:
    """Have the engine read labels, before the first are set.

    Where it can't, it says so when somebody starts to record; the program is not bothered.
    """
    global _is_read  # noqa: PLW0603 - once in a process
    _is_read = True
    try:
        _native.read_labels(_LABELS)
    except SignalsUnavailable:
        return
