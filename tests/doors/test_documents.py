"""What the documents refer to is there."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
# `[text](target)` and `![text](target)`; an address of another site is not ours to test.
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as the usual sites make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text_of(document)), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {text.strip().replace(" ", "-") for text in words}


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def is_there(document: Path, target: str) -> bool:
    path, _, anchor = unquote(target).partition("#")
    file = document.parent / path if path else document
    return file.exists() and (not anchor or anchor in anchors(file))


def test_documents_are_found():
    names = {path.name for path in DOCUMENTS}
    assert names >= {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "engine.md"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    targets = LINK.findall(FENCED.sub("", text_of(document)))
    ours = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in ours if not is_there(document, target)] == []


def test_every_image_of_the_documents_is_shown():
    shown = {
        (document.parent / target).resolve()
        for document in DOCUMENTS
        for target in LINK.findall(text_of(document))
    }
    images = {path for path in CHECKOUT.glob("docs/images/*") if path.is_file()}
    assert images
    assert images <= shown
