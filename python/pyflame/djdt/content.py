"""What stands in the toolbar: the side bar's line, and the frame in which the page is."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

GONE = "Data for this panel isn't available anymore. Please reload the page."


def subtitle(stats: dict[str, Any]) -> str:
    """How long it took and how many samples there are."""
    if not stats:
        return ""
    if stats.get("is_open"):
        return "still streaming"
    return f"{duration(stats['wall'])}, {counted(stats['samples'], 'sample')}"


def frame(request_id: str, stats: dict[str, Any]) -> str:
    """The page in a frame of its own.

    There it has its own policy for scripts and styles, whatever the site's is. The toolbar makes
    styles of ``data-djdt-styles``, since the site's policy may forbid any in the markup; where it
    does not, ``panel.js`` does.
    """
    if not stats:
        return f"<p>{GONE}</p>"
    markup: str = format_html(
        '<iframe src="{}" title="Flame graph of the request" loading="lazy" '
        'data-djdt-styles="width:100%;height:98%;display:block"></iframe>',
        reverse("djdt:pyflame", args=[request_id]),
    )
    return markup


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    number, unit = (seconds, "s") if seconds >= 1 else (seconds * 1000, "ms")
    # Without the exponent that `g` writes from four digits on.
    return f"{number:.0f} {unit}" if number >= _THREE_DIGITS else f"{number:.3g} {unit}"


_THREE_DIGITS = 100


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
