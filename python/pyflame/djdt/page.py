"""The page around the picture: facts, a switch, downloads. It needs no script."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from pyflame.djdt.content import duration

_STYLE = """
html { color-scheme: light dark; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: #fff; color: #222;
       font: 13px/1.4 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 6px 22px; align-items: center; padding: 8px 10px; }
dl { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0; flex: 1 1 auto; }
dl div { white-space: nowrap; }
dt, dd { display: inline; margin: 0; }
dt { color: #666; }
dd { font-weight: 600; font-variant-numeric: tabular-nums; }
nav { white-space: nowrap; }
nav a, nav b { display: inline-block; padding: 2px 9px; border: 1px solid #bbb; margin-left: -1px; }
nav b { background: #e8eef7; }
a { color: #0b57a4; text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
h3, p, pre { margin: 4px 10px; }
p.note { background: #fff4d6; border-left: 4px solid #d99a00; padding: 6px 10px; }
iframe { flex: 1 1 auto; border: 0; width: 100%; min-height: 200px; }
pre { overflow: auto; }
@media (prefers-color-scheme: dark) {
    body { background: #17181c; color: #ececf0; }
    dt { color: #9a9ea8; }
    nav a, nav b { border-color: #4a4d55; }
    nav b { background: #2b2d34; }
    a { color: #8ab8f0; }
    p.note { background: #3a2f12; }
}
"""


def page(request_id: str, stats: dict[str, Any], *, shows_all: bool) -> str:
    """The whole page."""
    if not stats["recording"]:
        return _document(format_html("<header>{}</header>{}", _facts(stats), _notes(stats)))
    picture = _url(request_id, "flamegraph.svg", shows_all=shows_all)
    return _document(
        format_html(
            '<header>{}{}{}</header>{}<iframe src="{}" title="Flame graph"></iframe>',
            _facts(stats),
            _switch(request_id, shows_all=shows_all),
            _downloads(request_id, shows_all=shows_all),
            _notes(stats),
            picture,
        )
    )


def missing(what: Exception) -> str:
    """What is there no more, or never was."""
    return _document(format_html('<p class="note">{}</p>', str(what)))


def missing_script(missing: Exception) -> str:
    """Help where an external script was asked for and isn't there."""
    return _document(
        format_html(
            "<h3>Could not locate flamegraph.pl</h3><p>{}</p><p>Correct "
            "<code>PYFLAME_CONFIG['FLAMEGRAPH_SCRIPT_PATH']</code>, or leave it out: the built-in "
            "renderer needs no script.</p>",
            str(missing),
        )
    )


def failure(error: Exception) -> str:
    """What an external script has said."""
    return _document(
        format_html("<h3>The picture could not be drawn</h3><pre>{}</pre>", str(error))
    )


def _document(body: SafeString) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Flame graph</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _facts(stats: dict[str, Any]) -> SafeString:
    facts = [("wall", duration(stats["wall"])), ("CPU", duration(stats["cpu"]))]
    facts.append(("samples", f"{stats['samples']:,}"))
    if stats["rate"]:
        facts.append(("rate", f"{stats['rate']:,.0f} Hz"))
    facts.append(("uncaptured", f"{stats['uncaptured']:,}"))
    if stats.get("tool", 0) > 0:
        facts.append(("left out: the toolbar's own work", duration(stats["tool"])))
    items = "".join(format_html("<div><dt>{}</dt> <dd>{}</dd></div>", *fact) for fact in facts)
    return format_html("<dl>{}</dl>", mark_safe(items))  # noqa: S308 - made of escaped parts


def _notes(stats: dict[str, Any]) -> SafeString:
    notes = []
    if stats.get("is_open"):
        notes.append("The response is still being streamed. Look again when it has ended.")
    elif not stats["recording"]:
        reason = stats["note"] or "nothing was recorded"
        notes.append(f"There is no flame graph of this request: {reason}.")
    elif stats["note"]:
        notes.append(f"Recorded by the fallback engine, which is less exact: {stats['note']}.")
    if stats.get("left_out"):
        narrow = duration(stats["left_out"])
        notes.append(
            f"Frames of less than {narrow} were left out to keep the recording small "
            "(PYFLAME_CONFIG['MAX_RECORDING_BYTES'])."
        )
    items = "".join(format_html('<p class="note">{}</p>', note) for note in notes)
    return mark_safe(items)  # noqa: S308 - made of escaped parts


def _switch(request_id: str, *, shows_all: bool) -> SafeString:
    address = reverse("djdt:pyflame", args=[request_id])
    if shows_all:
        shape = (
            '<nav aria-label="frames"><a href="{}?all=0">View only</a><b>With framework</b></nav>'
        )
    else:
        shape = (
            '<nav aria-label="frames"><b>View only</b><a href="{}?all=1">With framework</a></nav>'
        )
    return format_html(shape, address)


def _downloads(request_id: str, *, shows_all: bool) -> SafeString:
    links = "".join(
        format_html(
            ' <a href="{}&amp;download">{}</a>',
            _url(request_id, f"flamegraph.{kind}", shows_all=shows_all),
            kind,
        )
        for kind in ("svg", "folded", "pyflame")
    )
    return format_html("<span>Download{}</span>", mark_safe(links))  # noqa: S308 - escaped parts


def _url(request_id: str, name: str, *, shows_all: bool) -> str:
    address = reverse("djdt:pyflame_file", args=[request_id, name])
    return f"{address}?all={int(shows_all)}"
