"""pyflame as an application of a Django project: ``"pyflame"`` in ``INSTALLED_APPS``."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class PyflameConfig(AppConfig):
    """Has Django check the settings of pyflame."""

    name = "pyflame"
    verbose_name = "pyflame"

    def ready(self) -> None:
        """Register the check."""
        from pyflame.djdt.config import check_settings

        checks.register(check_settings)
