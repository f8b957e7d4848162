"""``PYFLAME_CONFIG`` of a Django project: what may stand there and what it means."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks

from pyflame import _native
from pyflame.exceptions import MissingFlamegraphScript

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULTS: dict[str, Any] = {
    # An external flamegraph.pl; None for the built-in renderer.
    "FLAMEGRAPH_SCRIPT_PATH": None,
    # Arguments in its style, a list or a string; the built-in renderer takes them as well.
    "FLAMEGRAPH_SCRIPT_EXTRA_ARGS": [],
    # Mean time between two samples, in seconds.
    "SAMPLE_INTERVAL": 0.001,
    # Whether the picture begins with the server and the framework, before anybody says so.
    "SHOW_FRAMEWORK": False,
    # The largest recording that is kept for a request; of larger ones narrow frames are left out.
    "MAX_RECORDING_BYTES": 50_000,
}


@dataclass(frozen=True)
class Config:
    """The settings, all of them valid: for one that is not, its default."""

    script_path: str | None
    script_args: list[str] | str
    interval_ns: int
    show_framework: bool
    max_recording_bytes: int


def config() -> Config:
    """What the project has set; where that is wrong, the check says so and the default holds."""
    written = getattr(settings, "PYFLAME_CONFIG", None) or {}
    global _last_read  # noqa: PLW0603 - a page should not pay for what hardly ever changes
    source, last = _last_read
    if last is None or source != repr(written):
        last = _config(written)
        _last_read = (repr(written), last)
    return last


_last_read: tuple[str, Config | None] = ("", None)


def _config(written: object) -> Config:
    values = dict(DEFAULTS)
    if isinstance(written, dict):
        wrong = {key for key, *_ in _wrong_values(written)}
        values.update({key: value for key, value in written.items() if key not in wrong})
    path = values["FLAMEGRAPH_SCRIPT_PATH"]
    return Config(
        script_path=None if path is None else str(path),
        script_args=values["FLAMEGRAPH_SCRIPT_EXTRA_ARGS"],
        interval_ns=_native.interval_ns(float(values["SAMPLE_INTERVAL"])),
        show_framework=bool(values["SHOW_FRAMEWORK"]),
        max_recording_bytes=values["MAX_RECORDING_BYTES"],
    )


def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """Django's system check of ``PYFLAME_CONFIG``."""
    written = getattr(settings, "PYFLAME_CONFIG", None)
    if written is None:
        return []
    if not isinstance(written, dict):
        what = type(written).__name__
        hint = 'Write a dict, for example PYFLAME_CONFIG = {"SAMPLE_INTERVAL": 0.001}.'
        return [checks.Error(f"PYFLAME_CONFIG is a {what}, not a dict.", hint, id="pyflame.E001")]
    found = [
        checks.Warning(
            f"PYFLAME_CONFIG has the key {key!r}, which means nothing.",
            _nearest(key),
            id="pyflame.W001",
        )
        for key in written
        if key not in DEFAULTS
    ]
    for key, number, problem, hint in _wrong_values(written):
        found.append(
            checks.Error(f"PYFLAME_CONFIG[{key!r}] {problem}.", hint, id=f"pyflame.{number}")
        )
    return found + _missing_script(written)


def _nearest(key: object) -> str:
    near = difflib.get_close_matches(str(key).upper(), DEFAULTS, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"It can have {', '.join(DEFAULTS)}."


def _wrong_values(written: dict[Any, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Key, number of the check, problem and hint of each value that can't be used."""
    values = {**DEFAULTS, **written}
    path = values["FLAMEGRAPH_SCRIPT_PATH"]
    if path is not None and (
        not str(path) or (not hasattr(path, "__fspath__") and type(path) is not str)
    ):
        yield (
            "FLAMEGRAPH_SCRIPT_PATH",
            "E002",
            f"is {path!r}, which is no path",
            "Give the path of a flamegraph.pl, or None for the built-in renderer.",
        )
    problem = _problem_of_args(values["FLAMEGRAPH_SCRIPT_EXTRA_ARGS"], path)
    if problem:
        yield (
            "FLAMEGRAPH_SCRIPT_EXTRA_ARGS",
            "E003",
            problem,
            'Give a list of arguments of flamegraph.pl, for example ["--colors", "aqua"].',
        )
    try:
        _native.interval_ns(float(values["SAMPLE_INTERVAL"]))
    except (TypeError, ValueError) as error:
        yield (
            "SAMPLE_INTERVAL",
            "E004",
            f"is {values['SAMPLE_INTERVAL']!r}: {error}",
            "Give the mean time between two samples in seconds, for example 0.001.",
        )
    if not isinstance(values["SHOW_FRAMEWORK"], bool):
        yield (
            "SHOW_FRAMEWORK",
            "E005",
            f"is {values['SHOW_FRAMEWORK']!r}, which is neither True nor False",
            "Say whether pictures begin with the server and the framework around the view.",
        )
    size = values["MAX_RECORDING_BYTES"]
    if type(size) is not int or size < _LEAST_BYTES:
        yield (
            "MAX_RECORDING_BYTES",
            "E006",
            f"is {size!r}",
            f"Give a number of bytes, at least {_LEAST_BYTES}.",
        )


# A recording of a few frames with their names.
_LEAST_BYTES = 1000


def _problem_of_args(args: object, script_path: object) -> str:
    is_list = isinstance(args, (list, tuple)) and all(isinstance(arg, str) for arg in args)
    if not is_list and not isinstance(args, str):
        return f"is {args!r}, which is no list of strings"
    if script_path is not None:
        return ""  # What an external script takes, only that knows.
    try:
        _native.Profile.from_folded("").svg(flamegraph_args=args)  # type: ignore[arg-type]
    except ValueError as error:
        return f"is not understood by the built-in renderer: {error}"
    return ""


def _missing_script(written: dict[Any, Any]) -> list[checks.CheckMessage]:
    path = written.get("FLAMEGRAPH_SCRIPT_PATH")
    if path is None:
        return []
    try:
        _native.Profile.from_folded("").svg(flamegraph_script=path)
    except MissingFlamegraphScript as missing:
        return [
            checks.Warning(
                f"Could not locate flamegraph.pl: {missing}.",
                "Correct PYFLAME_CONFIG['FLAMEGRAPH_SCRIPT_PATH'], or leave it out: "
                "the built-in renderer needs no script.",
                id="pyflame.W002",
            )
        ]
    except Exception:  # noqa: BLE001 - a wrong value has its own message
        return []
    return []
