"""What can go wrong, all of it below :class:`Error`."""

from __future__ import annotations

__all__ = [
    "DamagedRecording",
    "Error",
    "FlamegraphScriptFailed",
    "InvalidFoldedText",
    "InvalidRecording",
    "MissingFlamegraphScript",
    "ProfilerStateError",
    "SignalsUnavailable",
    "UsageError",
]


class Error(Exception):
    """Base of everything that pyflame raises on its own account."""


class DamagedRecording(Error, UserWarning):
    """A warning: a recording is cut off or damaged; the message says what of it is lost."""


class FlamegraphScriptFailed(Error):
    """An external flamegraph.pl was run and did not draw; its message is part of this one."""


class InvalidFoldedText(Error, ValueError):
    """Folded text has a line that can't be read."""


class InvalidRecording(Error, ValueError):
    """What should be a recording is none, or one of a later version of the format."""


class MissingFlamegraphScript(Error):
    """An external flamegraph.pl was asked for and isn't there, or can't be executed."""


class ProfilerStateError(Error, RuntimeError):
    """A profiler was started twice, or stopped or read without having been started."""


class SignalsUnavailable(Error):
    """Signals can't be used to take stacks here; the message says why."""


class UsageError(Error):
    """A command line that can't be carried out."""
