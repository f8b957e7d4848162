"""The places in which people look at pictures; the browser is in the folder above.

What is needed and not there (Chromium, Playwright, cargo) makes the tests skip with its name.
"""

from __future__ import annotations

import functools
import html
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Frame, Page, Route

ROOT = Path(__file__).resolve().parents[2]
SITE = "http://pyflame.test"
BUILD_LIMIT_SECONDS = 900
DRAW_LIMIT_SECONDS = 60

RESET = ".button:has-text('Reset zoom')"
PLACES = ("file", "iframe", "srcdoc")
"""Where scripts run: opened from disk, in an iframe by address, in an iframe's srcdoc."""


class Draw(Protocol):
    """Draws folded text with the arguments of flamegraph.pl."""

    def __call__(self, folded: str, *arguments: str) -> str: ...


@pytest.fixture(scope="session")
def draw(patience: Callable[[float, str], contextlib.AbstractContextManager[None]]) -> Draw:
    """The renderer, by way of its example program; the same picture is drawn once."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("not run: no cargo to build the renderer with")
    build = [cargo, "build", "--quiet", "--package", "pyflame-render", "--example", "draw"]
    with patience(BUILD_LIMIT_SECONDS, "the renderer that cargo builds"):
        subprocess.run(build, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = target / "debug" / "examples" / "draw"

    # A file that the arguments name is in a folder of one test alone.
    @functools.cache
    def run(folded: str, *arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments],
            input=folded,
            capture_output=True,
            check=True,
            encoding="utf-8",
            timeout=DRAW_LIMIT_SECONDS,
        )
        return done.stdout

    return run


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclass
class Shown:
    """A picture that a browser shows."""

    page: Page
    frame: Frame
    complaints: list[str] = field(default_factory=list)

    def rect(self, name: str) -> str:
        """A selector of the frame whose details begin with ``name``."""
        index = self.frame.evaluate(
            "name => Array.from(document.querySelectorAll('.frames rect'))"
            ".findIndex(rect => rect.textContent.split('\\n')[0] === name)",
            name,
        )
        assert index >= 0, f"no frame {name}"
        return f".frames rect >> nth={index}"

    def click(self, name: str) -> None:
        self.frame.click(self.rect(name), force=True)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def search(self, term: str) -> str:
        """Searches, and returns what the picture says about it."""
        self.frame.click(".header", force=True)  # Keys go where the last click went.
        self.press("/")
        self.page.keyboard.type(term)
        return self.frame.inner_text("output")

    def shown(self) -> dict[str, tuple[float, float]]:
        """Left edge and width in percent of every frame in view, by name."""
        return {
            name: (round(x, 3), round(width, 3))
            for name, x, width in self.frame.evaluate(
                "Array.from(document.querySelectorAll('.frames rect'))"
                ".filter(rect => rect.getAttribute('display') !== 'none')"
                ".map(rect => [rect.textContent.split('\\n')[0],"
                " parseFloat(rect.getAttribute('x')), parseFloat(rect.getAttribute('width'))])"
            )
        }

    def can_reset(self) -> bool:
        return self.frame.is_visible(RESET)

    def reset(self) -> None:
        self.frame.click(RESET)

    def text(self, selector: str) -> str:
        return self.frame.text_content(selector) or ""


class Show(Protocol):
    """Shows a picture in a place."""

    def __call__(
        self, svg: str, place: str = "file", *, csp: str = "", width: int = 1200, dark: bool = False
    ) -> Shown: ...


@pytest.fixture
def show(chromium: Browser, tmp_path: Path) -> Iterator[Show]:
    contexts = []

    def open_picture(
        svg: str, place: str = "file", *, csp: str = "", width: int = 1200, dark: bool = False
    ) -> Shown:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        shown = Shown(page, page.main_frame)
        page.on(
            "console",
            lambda message: (
                shown.complaints.append(message.text)
                if message.type in {"error", "warning"}
                else None
            ),
        )
        page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        page.goto(prepare(page, svg, place, csp, tmp_path))
        shown.frame = page.frames[-1]
        shown.frame.wait_for_load_state()
        return shown

    yield open_picture
    for context in contexts:
        context.close()


def prepare(page: Page, svg: str, place: str, csp: str, folder: Path) -> str:
    """Puts the picture in its place and returns the address to open."""
    if place == "file":
        path = folder / "picture.svg"
        path.write_text(svg, encoding="utf-8")
        return path.as_uri()
    frame = "<iframe width='100%' height='700' frameborder='0' {}></iframe>"
    attribute = {
        "direct": "",
        "iframe": "src='/picture.svg'",
        "srcdoc": f'srcdoc="{html.escape(svg)}"',
    }[place]
    pages = {
        "/": (f"<!doctype html>{frame.format(attribute)}", "text/html"),
        "/picture.svg": (svg, "image/svg+xml"),
    }

    def answer(route: Route) -> None:
        body, kind = pages.get(route.request.url[len(SITE) :].split("#")[0], ("", "text/plain"))
        headers = {"Content-Security-Policy": csp} if csp else {}
        route.fulfill(body=body, content_type=f"{kind}; charset=utf-8", headers=headers)

    page.route(f"{SITE}/**", answer)
    return f"{SITE}/picture.svg" if place == "direct" else f"{SITE}/"
