"""The toolbar's own URLs for the panel: the page, the picture, and the downloads."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import asgiref
from debug_toolbar.decorators import render_with_toolbar_language, require_show_toolbar
from debug_toolbar.toolbar import DebugToolbar
from django.http import Http404, HttpResponse

import pyflame
from pyflame.djdt import content
from pyflame.djdt import page as pages
from pyflame.djdt.config import config
from pyflame.exceptions import Error, MissingFlamegraphScript

if TYPE_CHECKING:
    from django.http import HttpRequest

    from pyflame import Profile

    View = Callable[..., HttpResponse]

# Scripts and styles of the picture are in the picture; nothing else is loaded from anywhere.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


def _panel_view(view: View) -> View:
    """Show to whom the toolbar is shown, in a frame of the site's own pages."""

    def within_a_frame(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(*args, **kwargs)
        except Http404 as missing:
            # Django's page says how to write urls.py, and is not to be shown in a frame.
            response = HttpResponse(pages.missing(missing), status=404)
        # Middleware that sets these leaves alone what is there.
        response["X-Frame-Options"] = "SAMEORIGIN"
        response["Content-Security-Policy"] = _POLICY
        response["Cache-Control"] = "no-store"
        return response

    shown: View = require_show_toolbar(render_with_toolbar_language(within_a_frame))
    # From Django 5.1 on a site can ask for a login everywhere; the toolbar's own views don't
    # (django/contrib/auth/middleware.py, LoginRequiredMiddleware).
    vars(shown)["login_required"] = False
    return shown


@_panel_view
def script(_: HttpRequest) -> HttpResponse:
    """The panel's script."""
    source = Path(__file__).with_name("panel.js").read_bytes()
    return HttpResponse(source, content_type="text/javascript; charset=utf-8")


@_panel_view
def page(request: HttpRequest, request_id: str) -> HttpResponse:
    """The facts of the request, and its picture in a frame."""
    stats = _stats(request_id)
    return HttpResponse(pages.page(request_id, stats, shows_all=_shows_all(request)))


@_panel_view
def file(request: HttpRequest, request_id: str, name: str) -> HttpResponse:
    """The recording as a file: ``flamegraph.svg``, ``.folded`` or ``.pyflame``."""
    stats = _stats(request_id)
    extension = name.partition("flamegraph.")[2]
    if extension not in _TYPES or not stats["recording"]:
        raise Http404(f"There is no {name} of this request.")
    recording = base64.b64decode(stats["recording"])
    if extension == "pyflame":
        return _response(recording, extension, request, stats)
    profile = _qualified(pyflame.Profile.from_bytes(recording))
    if not _shows_all(request):
        entry = stats.get("entry")
        bridge = f"{asgiref.__path__[0]}/"
        profile = profile._within(None if entry is None else (entry[0], entry[1]), bridge)
    if extension == "folded":
        return _response(profile.folded(), extension, request, stats)
    try:
        return _response(_svg(profile), extension, request, stats)
    except MissingFlamegraphScript as missing:
        return HttpResponse(pages.missing_script(missing), status=500)
    except Error as error:
        return HttpResponse(pages.failure(error), status=500)


_TYPES = {
    "svg": "image/svg+xml",
    "folded": "text/plain; charset=utf-8",
    "pyflame": "application/octet-stream",
}


def _stats(request_id: str) -> dict[str, Any]:
    toolbar = DebugToolbar.fetch(request_id, "FlamegraphPanel")
    stats = None if toolbar is None else toolbar.get_panel_by_id("FlamegraphPanel").get_stats()
    if not stats:
        raise Http404(content.GONE)
    return dict(stats)


def _shows_all(request: HttpRequest) -> bool:
    default = "1" if config().show_framework else "0"
    return bool(request.GET.get("all", default) == "1")


def _svg(profile: Profile) -> str:
    settings = config()
    return profile.svg(
        flamegraph_script=settings.script_path,
        flamegraph_args=settings.script_args,
    )


def _qualified(profile: Profile) -> Profile:
    """Before 3.11 code objects have no qualified names; the living functions have."""
    import sys

    if sys.version_info >= (3, 11):
        return profile
    from pyflame._qualnames import with_qualified_names

    return with_qualified_names(profile)


def _response(
    body: str | bytes, extension: str, request: HttpRequest, stats: dict[str, Any]
) -> HttpResponse:
    response = HttpResponse(body, content_type=_TYPES[extension])
    if "download" in request.GET:
        name = re.sub(r"\W+", "-", stats["program"]).strip("-") or "request"
        response["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    return response
