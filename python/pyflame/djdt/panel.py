"""``FlamegraphPanel``: records each request and shows its flame graph.

The contract with the toolbar (debug_toolbar/panels/__init__.py, middleware.py, store.py of 6.3 and
8.0): ``process_request`` is called around the rest of the middleware and the view, and returns a
response, or, on an asynchronous server, a coroutine. ``generate_stats`` keeps what was found in the
toolbar's store, as JSON. What is shown later is made by another object of this class, which has
nothing but what was kept.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from debug_toolbar.panels import Panel
from django.http import FileResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from pyflame.djdt import checks, content, views
from pyflame.djdt.config import config
from pyflame.djdt.recorded import RequestRecorder

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from django.core.checks import CheckMessage
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

__all__ = ["FlamegraphPanel"]


class FlamegraphPanel(Panel):
    """The flame graph of a request, synchronous or not."""

    is_async = True
    title = _("Flame graph")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the panel of one request; see the toolbar's own."""
        super().__init__(*args, **kwargs)
        self._recorder: RequestRecorder | None = None

    @property
    def nav_subtitle(self) -> str:
        """How long the request took and how many samples there are."""
        return content.subtitle(self.get_stats())

    @property
    def content(self) -> str:
        """A frame that holds the page with the picture."""
        return content.frame(self.toolbar.request_id, self.get_stats())

    @property
    def scripts(self) -> list[str]:
        """A script that gives the frame its size and colours."""
        return [reverse("djdt:pyflame_script")]

    @classmethod
    def get_urls(cls) -> list[URLPattern]:
        """Where the page, the picture and the downloads are."""
        return [
            path("pyflame/panel.js", views.script, name="pyflame_script"),
            path("pyflame/<str:request_id>/", views.page, name="pyflame"),
            path("pyflame/<str:request_id>/<str:name>", views.file, name="pyflame_file"),
        ]

    @classmethod
    def run_checks(cls) -> list[CheckMessage]:
        """Check the settings, where the application that does so is not installed."""
        return checks.unless_installed()

    def process_request(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Record what the rest of the middleware and the view do."""
        recorder = self._recorder = RequestRecorder(request, config())
        try:
            with recorder.entered():
                response = super().process_request(request)
        except BaseException:
            recorder.abandon()
            raise
        if inspect.isawaitable(response):
            return self._aprocess_request(recorder, response)
        return self._processed(recorder, response)

    async def _aprocess_request(
        self, recorder: RequestRecorder, awaitable: Awaitable[HttpResponse]
    ) -> HttpResponse:
        recorder.is_async = True
        try:
            with recorder.entered():
                response = await awaitable
        except BaseException:
            recorder.abandon()
            raise
        return self._processed(recorder, response)

    def _processed(self, recorder: RequestRecorder, response: HttpResponse) -> HttpResponse:
        # A file is sent by the server itself, if it is left alone.
        if getattr(response, "streaming", False) and not isinstance(response, FileResponse):
            recorder.follow_stream(response, then=self._stream_ended)
        else:
            recorder.end()
        return response

    def generate_stats(self, request: HttpRequest, response: HttpResponse) -> None:  # noqa: ARG002 - the toolbar's signature
        """Keep what was recorded; of a response that is streamed, what there is of it now."""
        if self._recorder is not None:
            self.record_stats(self._recorder.stats())

    def _stream_ended(self, stats: dict[str, Any]) -> None:
        toolbar = self.toolbar
        # What the store has let go of is not to come back.
        if toolbar.store.exists(toolbar.request_id):
            self.record_stats(stats)
