"""Django's system checks of the panel, for projects that have not installed the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps

from pyflame.djdt.config import check_settings

if TYPE_CHECKING:
    from django.core.checks import CheckMessage


def unless_installed() -> list[CheckMessage]:
    """The same checks that ``pyflame.apps`` registers, where it has not."""
    return [] if apps.is_installed("pyflame") else check_settings()
