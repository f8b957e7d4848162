"""What people see: JupyterLab, Notebook 7 and what nbconvert writes, in a headless Chromium.

A notebook whose signature is in the server's database is trusted, any other is not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Frame, Page

CELLS = [
    "%load_ext pyflame",
    "import time\n\n"
    "def spin(seconds):\n"
    "    end = time.process_time() + seconds\n"
    "    while time.process_time() < end:\n"
    "        pass\n\n"
    "def parse():\n    spin(0.3)\n\n"
    "def write():\n    spin(0.1)",
    "%%pyflame\nparse()\nwrite()\n6 * 7",
    "%%pyflame\npass",
]
SERVER_LIMIT_SECONDS = 60
FORMATS = ("html", "markdown", "rst", "script", "latex")
# What `jupyter nbconvert --to FORMAT NOTEBOOK` runs, once for each format.
CONVERT = """
import sys
from nbconvert.nbconvertapp import NbConvertApp

_, notebook, *formats = sys.argv
for name in formats:
    NbConvertApp.clear_instance()
    application = NbConvertApp.instance()
    application.initialize(["--to", name, notebook])
    application.start()
"""
# Where a server shows a notebook, with nothing that an earlier visit has left.
FRONT_ENDS = {
    "lab": "lab/tree/{name}?reset&token=tests",
    "notebook": "notebooks/{name}?token=tests",
}
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with one notebook twice, `trusted.ipynb` and `untrusted.ipynb`."""
    nbclient = pytest.importorskip("nbclient", reason="not run: no nbclient")
    nbformat = pytest.importorskip("nbformat", reason="not run: no nbformat")
    folder = tmp_path_factory.mktemp("notebooks")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    nbformat.write(notebook, folder / "untrusted.ipynb")
    # The signature is that of the content.
    notebook.metadata["trusted_by"] = "the tests"
    nbformat.write(notebook, folder / "trusted.ipynb")
    return folder


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """Settings of nobody."""
    own = {name: str(folder / f".{name}") for name in ("config", "data", "runtime", "ipython")}
    return {
        **os.environ,
        "JUPYTER_CONFIG_DIR": own["config"],
        "JUPYTER_DATA_DIR": own["data"],
        "JUPYTER_RUNTIME_DIR": own["runtime"],
        "IPYTHONDIR": own["ipython"],
        "JUPYTER_PLATFORM_DIRS": "1",
    }


@pytest.fixture(scope="module")
def server(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of a server that has both front ends: Notebook 7 is an extension of it."""
    pytest.importorskip("jupyterlab", reason="not run: no jupyterlab")
    pytest.importorskip("notebook", reason="not run: no notebook")
    trust = [sys.executable, "-m", "nbformat.sign", str(folder / "trusted.ipynb")]
    subprocess.run(trust, env=environment, check=True, capture_output=True)
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        "--port=0",
        "--expose-app-in-browser",
    ]
    own = [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=tests"]
    settings = folder / ".config" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    no_news = {"fetchNews": "false", "checkForUpdates": False}
    settings.write_text(json.dumps({"@jupyterlab/apputils-extension:notification": no_news}))
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, *own],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        yield address(server, folder / ".runtime", folder / "server.log")
    finally:
        server.terminate()
        server.wait(20)


def address(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Wait for the file in which a server says where it is."""
    end = time.monotonic() + SERVER_LIMIT_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        for path in runtime.glob("jpserver-*.json"):
            if path.read_text():
                return json.loads(path.read_text())["url"]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that knows nothing."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1100})
    page = context.new_page()
    yield page
    context.close()


def keep(page: Page, name: str) -> None:
    """Keep a screenshot, for those who want to look."""
    folder = os.environ.get("PYFLAME_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")


def interact(frame: Frame, page: Page, name: str) -> None:
    """Use the picture as people do."""
    frame.wait_for_selector(".controls")
    index = frame.evaluate(
        "Array.from(document.querySelectorAll('.frames rect'))"
        ".findIndex(rect => rect.textContent.split('\\n')[0] === 'parse')"
    )
    assert index >= 0
    parse = frame.locator(".frames rect").nth(index)
    parse.hover(force=True)
    assert "parse" in frame.text_content(".details")
    assert "`spin(0.3)`" in frame.text_content(".details")
    keep(page, f"{name}-hover")
    parse.click(force=True)
    assert frame.is_visible(".button:has-text('Reset zoom')")
    frame.click(".button:has-text('Reset zoom')")
    page.keyboard.press("/")
    page.keyboard.type("spin")
    frame.wait_for_function(
        "/% of|\\d+(\\.\\d+)?%/.test(document.querySelector('output').textContent)"
    )
    keep(page, f"{name}-search")


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_trusted_notebook_is_interactive(server, page, front_end):
    complaints = []
    page.on("pageerror", lambda error: complaints.append(f"{error}\n{error.stack}"))
    page.goto(server + FRONT_ENDS[front_end].format(name="trusted.ipynb"))
    element = page.wait_for_selector("iframe.pyflame-live >> nth=0", timeout=60_000)
    page.wait_for_selector(IDLE, timeout=60_000)
    keep(page, f"{front_end}-trusted")
    height = element.bounding_box()["height"]
    frame = element.content_frame()
    # As high as the picture, but never so low that its controls have no room.
    assert height == max(
        170,
        frame.evaluate("Math.ceil(document.querySelector('svg').getBoundingClientRect().height)"),
    )
    assert page.locator("img.pyflame-still:visible").count() == 0
    interact(frame, page, front_end)
    # Notebook 7.6 has errors of its own, with any notebook; they come from its own files.
    assert not [error for error in complaints if f"{server}static/" not in error]


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_the_picture_can_be_made_higher(server, page, front_end):
    page.goto(server + FRONT_ENDS[front_end].format(name="trusted.ipynb"))
    element = page.wait_for_selector("iframe.pyflame-live >> nth=0", timeout=60_000)
    element.scroll_into_view_if_needed()
    box = element.evaluate_handle("frame => frame.parentElement").as_element().bounding_box()
    corner = (box["x"] + box["width"] - 4, box["y"] + box["height"] - 4)
    page.mouse.move(*corner)
    page.mouse.down()
    page.mouse.move(corner[0], corner[1] + 150, steps=5)
    page.mouse.up()
    grown = element.bounding_box()["height"]
    assert grown > box["height"] + 100


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_an_untrusted_notebook_shows_a_still_picture(server, page, front_end):
    page.goto(server + FRONT_ENDS[front_end].format(name="untrusted.ipynb"))
    still = page.wait_for_selector("img[alt='Flame graph of In [3]']", timeout=60_000)
    page.wait_for_selector(IDLE, timeout=60_000)
    keep(page, f"{front_end}-untrusted")
    assert still.is_visible()
    assert still.evaluate("image => image.complete && image.naturalWidth") > 500
    assert still.bounding_box()["height"] > 100
    assert page.locator("iframe.pyflame-live").count() == 0
    # A cell that is run again is trusted; the others stay as they were.
    for text in ("%load_ext", "pass"):
        cell = page.locator(f".jp-CodeCell:has-text('{text}')").last
        cell.locator(".jp-InputArea-editor").click()
        # The click is heard before the editor has the keyboard.
        cell.and_(page.locator(".jp-mod-active:has(.cm-focused)")).wait_for(timeout=60_000)
        page.keyboard.press("Shift+Enter")
    page.wait_for_selector("iframe.pyflame-live", timeout=60_000)
    assert still.is_visible()


@pytest.fixture(scope="module")
def converted(folder: Path, environment: dict[str, str]) -> Path:
    """The folder with what nbconvert makes of a notebook: all formats, by one program."""
    pytest.importorskip("nbconvert", reason="not run: no nbconvert")
    command = [sys.executable, "-c", CONVERT, str(folder / "untrusted.ipynb"), *FORMATS]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_nbconvert_writes_a_page_that_is_interactive(converted, page):
    folder = converted
    page.goto((folder / "untrusted.html").as_uri(), wait_until="domcontentloaded")
    element = page.wait_for_selector("iframe.pyflame-live >> nth=0")
    keep(page, "nbconvert")
    assert page.locator("img.pyflame-still:visible").count() == 0
    element.scroll_into_view_if_needed()
    interact(element.content_frame(), page, "nbconvert")


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [("md", "data:image/svg+xml;base64,"), ("rst", ".. raw:: html"), ("py", "parse()")],
)
def test_nbconvert_writes_other_formats(converted, suffix, expected):
    assert expected in (converted / f"untrusted.{suffix}").read_text(encoding="utf-8")


def test_nbconvert_gives_latex_a_page_to_include(converted):
    pdfium = pytest.importorskip("pypdfium2", reason="not run: no pypdfium2")
    text = (converted / "untrusted.tex").read_text(encoding="utf-8")
    (first, _) = re.findall(r"\\adjustimage\{.*\}\{(.*)\}", text)
    page = pdfium.PdfDocument(converted / first)[0]
    # 720 pixels, of which an inch has 96.
    assert page.get_width() == 540
    shown = page.get_textpage().get_text_range()
    assert "In [3]" in shown
    assert "parse In [2]:8" in shown.replace("\xa0", " ")
