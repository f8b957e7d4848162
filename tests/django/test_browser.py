"""The panel as people see it: a real server, the toolbar in a Chromium, and clicks.

Every test fails if the browser has complained: of a script's error, of a policy that was violated,
of a request that failed.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

django = pytest.importorskip("django", reason="not run: no Django")
debug_toolbar = pytest.importorskip("debug_toolbar", reason="not run: no django-debug-toolbar")
sync_api = pytest.importorskip("playwright.sync_api", reason="not run: no playwright")

import pyflame  # noqa: E402 - after what is checked for
from requests_at_once import FOREIGN  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Download, FrameLocator, Locator, Page

# With cProfile beside them, threads of runserver disturb each other from 3.12 on, says the toolbar.
ONE_THREAD = "runserver --nothreading" if sys.version_info >= (3, 12) else "runserver"
PROFILING = {"DISABLED": []}
RENDERED = {"RENDER_PANELS": True}
PLAIN_DOM = {"USE_SHADOW_DOM": False}
SERVERS = {
    "runserver": ("runserver", {}),
    "uvicorn": ("uvicorn", {}),
    "rendered": ("runserver", {"TOOLBAR": RENDERED}),
    "plain DOM": ("runserver", {"TOOLBAR": PLAIN_DOM}),
    "plain DOM, rendered": ("runserver", {"TOOLBAR": {**PLAIN_DOM, **RENDERED}}),
    "policy": ("runserver", {"CSP": True}),
    "policy, rendered": ("runserver", {"CSP": True, "TOOLBAR": RENDERED}),
    # On asynchronous servers the toolbar can't use it: it writes from within the event loop.
    "database": (
        "runserver",
        {"TOOLBAR": {"TOOLBAR_STORE_CLASS": "debug_toolbar.store.DatabaseStore"}},
    ),
    "cache": (
        "runserver",
        {"TOOLBAR": {"TOOLBAR_STORE_CLASS": "debug_toolbar.store.CacheStore"}},
    ),
    "profiling": (ONE_THREAD, PROFILING),
}
STORES = ["runserver", "uvicorn", "database", "cache", "policy", "plain DOM"]
# What is around a synchronous view.
FRAMEWORKS = {"runserver": "BaseHandler._get_response", "uvicorn": "SyncToAsync.thread_handler"}
SYNC = "/sync/?seconds=0.15"
GONE = "isn't available anymore"


@pytest.fixture
def site(serve, chromium):
    """Opens a page of the site, in a browser without memory, at one of the servers."""
    looks = []

    def open_site(name="runserver", **settings):
        kind, known = SERVERS[name]
        skip_unless_there(name)
        server = serve(kind, **{**known, **settings})
        # An emulated theme would hold in all frames, whatever the page says.
        context = chromium.new_context(color_scheme="null")
        looks.append(Look(server, context, FRAMEWORKS[kind.split()[0]]))
        return looks[-1]

    yield open_site
    for look in looks:
        look.context.close()
    assert [complaint for look in looks for complaint in look.complaints] == []


def skip_unless_there(name):
    if "policy" in name and django.VERSION < (6, 0):
        pytest.skip("Django has policies from 6.0 on")
    if "plain DOM" in name and int(debug_toolbar.VERSION.split(".")[0]) < 7:
        pytest.skip("this toolbar has no shadow DOM that could be left out")


@pytest.fixture(params=["runserver", "uvicorn", "policy, rendered"])
def anywhere(request, site):
    """A page of the site at servers that differ most."""
    return site(request.param)


@pytest.mark.parametrize("anywhere", SERVERS, indirect=True)
def test_the_panel_shows_the_view_and_its_numbers(anywhere):
    anywhere.open(SYNC)
    names = anywhere.names()
    assert {"sync_view", "in_sync_view", "busy"} <= names
    facts = anywhere.facts()
    # The view computes for 150 ms, and is looked at before and after.
    assert in_ms(facts["wall"]) >= in_ms(facts["CPU"]) >= 149
    assert int(facts["samples"].replace(",", "")) > 0
    # The gaps between looks are drawn from half to one and a half milliseconds. That 150 of them
    # are shorter on average than two thirds has a probability of exp(-33), by Hoeffding's
    # inequality.
    assert 0 < float(facts["rate"].removesuffix(" Hz").replace(",", "")) < 1500
    assert facts["uncaptured"].isdigit()
    assert anywhere.subtitle() == f"{facts['wall']}, {facts['samples']} samples"


def test_the_switch_brings_the_framework_but_never_who_looks(anywhere):
    anywhere.open(SYNC)
    assert anywhere.is_outermost("sync_view")
    assert anywhere.places_of_tools() == []
    anywhere.switch("With framework")
    assert anywhere.places_of_tools() == []
    assert anywhere.framework in anywhere.names()
    assert not anywhere.is_outermost("sync_view")
    assert anywhere.caller_of("in_sync_view") == "sync_view"
    anywhere.switch("View only")
    assert anywhere.is_outermost("sync_view")


def test_there_is_no_word_of_a_script_that_nobody_asked_for(site):
    look = site()
    look.open(SYNC)
    for document in (look.document, look.picture):
        sync_api.expect(document.locator(":root")).not_to_contain_text("flamegraph.pl")


def test_the_picture_fills_the_panel(anywhere):
    anywhere.open(SYNC)
    panel = anywhere.page.locator("#FlamegraphPanel .djDebugPanelContent").bounding_box()
    frame = anywhere.page.locator("#FlamegraphPanel iframe").bounding_box()
    picture = anywhere.document.locator("iframe").bounding_box()
    for side in ("width", "height"):
        assert 0.9 * panel[side] <= frame[side] <= panel[side]
    assert picture["width"] >= 0.9 * panel["width"]
    header = anywhere.document.locator("header").bounding_box()
    assert picture["height"] >= 0.95 * (frame["height"] - header["height"])
    # Nothing is cut off, and nothing is to be scrolled but the picture.
    assert picture["y"] + picture["height"] <= frame["y"] + frame["height"] + 1
    assert frame["y"] + frame["height"] <= anywhere.page.viewport_size["height"]


def test_a_click_zooms_and_a_search_finds(anywhere):
    anywhere.open(SYNC)
    reset = anywhere.picture.locator(".button", has_text="Reset zoom")
    sync_api.expect(reset).to_be_hidden()
    anywhere.click_frame("in_sync_view")
    sync_api.expect(reset).to_be_visible()
    assert {"all", "sync_view"} <= anywhere.names(".frames rect[opacity]")
    reset.click()
    sync_api.expect(reset).to_be_hidden()
    assert anywhere.names(".frames rect[opacity]") == set()
    anywhere.page.keyboard.press("Control+f")
    anywhere.page.keyboard.type("in_sync_view")
    found = anywhere.picture.locator("output")
    sync_api.expect(found).to_have_text(re.compile(r"^\d+(\.\d+)?% · 1$"))
    sync_api.expect(anywhere.picture.locator(".frames .match")).to_have_count(1)
    anywhere.picture.get_by_title("End the search").click()
    sync_api.expect(found).to_be_hidden()
    sync_api.expect(anywhere.picture.locator(".frames .match")).to_have_count(0)


@pytest.mark.parametrize("name", ["runserver", "uvicorn", "rendered", "policy, rendered"])
def test_downloads_are_what_they_are_called(site, name):
    look = site(name)
    look.open(SYNC)
    svg = look.download("svg")
    assert svg.suggested_filename == "GET-sync.svg"
    text = svg.path().read_text(encoding="utf-8")
    assert text.startswith("<")
    assert "in_sync_view" in text
    folded = look.download("folded")
    assert folded.suggested_filename == "GET-sync.folded"
    stacks = folded.path().read_text(encoding="utf-8").splitlines()
    worked = [line for line in stacks if "in_sync_view" in line]
    assert worked
    # Where the event loop was caught at this request, too, threads are told apart.
    assert [line for line in worked if not re.match(r"(Thread[^;]*;)?sync_view ", line)] == []
    look.switch("With framework")
    whole = look.download("folded").path().read_text(encoding="utf-8")
    # Before 3.11 code has no qualified names.
    assert re.search(rf"{look.framework.rpartition('.')[2]} .*;sync_view ", whole)
    recording = look.download("pyflame")
    assert recording.suggested_filename == "GET-sync.pyflame"
    profile = pyflame.Profile.from_bytes(recording.path().read_bytes())
    assert f"{profile.samples:,}" == look.facts()["samples"]
    # Before 3.11 a recording has no qualified names, which the site knows.
    assert weight(profile.folded()) == pytest.approx(weight(whole), rel=0.01)
    assert sys.version_info < (3, 11) or profile.folded() == whole


@pytest.mark.parametrize("name", ["runserver", "uvicorn", "policy"])
def test_an_asynchronous_view_shows_what_it_did_and_awaited(site, name):
    look = site(name)
    look.open("/async/?seconds=0.15")
    names = look.names()
    assert {"async_view", "in_async_view", "busy"} <= names
    assert "sleep" in names or any(name.startswith("[await") for name in names), names
    assert look.is_outermost("async_view")
    look.switch("With framework")
    assert {"uvicorn": "BaseHandler._get_response_async"}.get(
        name, "AsyncToSync.main_wrap"
    ) in look.names()
    assert not look.is_outermost("async_view")


@pytest.mark.parametrize("name", STORES)
def test_an_older_request_is_looked_at_from_the_history(site, name):
    look = site(name)
    look.server.get("/async/?seconds=0.15")
    look.open(SYNC)
    assert "in_sync_view" in look.names()
    look.go_back_to("/async/?seconds=0.15")
    look.open_panel()
    names = look.names()
    assert "in_async_view" in names
    assert "in_sync_view" not in names
    facts = look.facts()
    assert look.subtitle() == f"{facts['wall']}, {facts['samples']} samples"


@pytest.mark.parametrize("name", ["runserver", "uvicorn", "database", "cache"])
@pytest.mark.parametrize(
    ("path", "function"), [("/stream/", "in_parts"), ("/async-stream/", "in_async_parts")]
)
def test_a_stream_is_shown_to_its_end(site, name, path, function):
    look = site(name)
    look.server.get(path)
    look.page.goto(look.server.url + "/quick/")
    look.go_back_to(path)
    look.open_panel()
    assert function in look.names()
    # Five parts of 60 ms, of which each is looked at before and after.
    assert in_ms(look.facts()["CPU"]) >= 295
    assert look.subtitle() != "still streaming"


@pytest.mark.parametrize("name", ["runserver", "uvicorn", "policy"])
def test_a_view_that_raised_has_its_picture(site, name):
    look = site(name)
    assert look.server.get("/failing/")[0] == 500
    look.page.goto(look.server.url + "/quick/")
    look.go_back_to("/failing/")
    look.open_panel()
    assert {"failing_view", "in_failing_view"} <= look.names()


def test_a_request_that_the_toolbar_has_let_go_of_says_so(site):
    look = site(TOOLBAR={"RESULTS_CACHE_SIZE": 2})
    look.page.goto(look.server.url + SYNC)
    forget(look)
    look.click_panel()
    panel = look.page.locator("#FlamegraphPanel .djdt-scroll")
    sync_api.expect(panel).to_contain_text(GONE)


def test_a_picture_that_the_toolbar_has_let_go_of_says_so(site):
    look = site(TOOLBAR={"RESULTS_CACHE_SIZE": 2})
    look.open(SYNC)
    forget(look)
    look.expected = "404"
    look.document.get_by_role("link", name="With framework").click()
    sync_api.expect(look.document.locator("body")).to_contain_text(GONE)


def test_the_checkbox_switches_the_panel_off_and_on(site):
    look = site()
    look.page.goto(look.server.url + SYNC)
    look.page.locator("#djdt-FlamegraphPanel input").click()
    look.page.reload()
    button = look.page.locator("#djdt-FlamegraphPanel")
    sync_api.expect(button.locator(".djdt-disabled")).to_have_text("Flame graph")
    sync_api.expect(look.page.locator("#FlamegraphPanel")).to_have_count(0)
    look.page.locator("#djdt-SQLPanel a").click()
    sync_api.expect(look.page.locator("#SQLPanel .djdt-scroll")).to_contain_text("SELECT 1")
    button.locator("input").click()
    look.page.reload()
    look.open_panel()
    assert "in_sync_view" in look.names()


def test_the_profiling_panel_shows_its_own_numbers(site):
    look = site("profiling")
    look.open(SYNC)
    assert "in_sync_view" in look.names()
    look.page.locator("#djdt-ProfilingPanel a").click()
    table = look.page.locator("#ProfilingPanel .djdt-scroll")
    sync_api.expect(table).to_contain_text("in_sync_view")


def test_a_script_that_is_not_there_is_helped_with(site):
    look = site(PYFLAME={"FLAMEGRAPH_SCRIPT_PATH": "/nowhere/flamegraph.pl"})
    look.expected = "500"
    look.page.goto(look.server.url + SYNC)
    look.click_panel()
    body = look.picture.locator("body")
    sync_api.expect(body).to_contain_text("Could not locate flamegraph.pl")
    sync_api.expect(body).to_contain_text("/nowhere/flamegraph.pl")
    assert int(look.facts()["samples"]) > 0


def test_the_keyboard_reaches_the_switch_and_the_downloads(site):
    look = site()
    look.open(SYNC)
    look.page.locator("#FlamegraphPanel iframe").focus()
    assert look.tabbed(4) == ["With framework", "svg", "folded", "pyflame"]
    assert look.document.locator(":focus-visible").evaluate(
        "focused => getComputedStyle(focused).outlineStyle"
    ) not in ("", "none")
    for _ in range(3):
        look.page.keyboard.press("Shift+Tab")
    look.page.keyboard.press("Enter")
    look.wait_for("With framework")
    assert look.framework in look.names()


@pytest.mark.parametrize("name", ["runserver", "plain DOM", "rendered", "policy, rendered"])
def test_the_picture_has_the_theme_of_the_toolbar(site, name):
    look = site(name)
    look.open(SYNC)
    light = look.colours()
    look.page.locator("#djToggleThemeButton").click()
    sync_api.expect(look.document.locator("body")).not_to_have_css("background-color", light[0])
    dark = look.colours()
    assert dark[0] == dark[1] != light[1]
    look.page.locator("#djToggleThemeButton").click()
    sync_api.expect(look.document.locator("body")).to_have_css("background-color", light[0])
    assert look.colours() == light


def forget(look):
    """Makes requests until the toolbar has let go of the one that is looked at."""
    for _ in range(3):
        look.server.get("/quick/")


def weight(folded):
    return sum(int(line.rpartition(" ")[2]) for line in folded.splitlines())


def in_ms(duration):
    number, unit = duration.split(" ")
    return float(number) * {"ms": 1, "s": 1000}[unit]


@dataclass
class Look:
    """A page of the site with the toolbar, as somebody sees it.

    Args:
        server: Where the site is.
        context: Windows, cookies and memory of the browser.
        framework: A function that is around synchronous views there.
    """

    server: object
    context: object
    framework: str
    complaints: list[str] = field(default_factory=list)
    # The status of an answer that is no complaint.
    expected: str = ""

    def __post_init__(self):
        self.page: Page = self.context.new_page()
        # No more than a limit: what is awaited may take long on a busy machine, but comes.
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage):
        if message.type not in {"error", "warning"}:
            return
        is_favicon = message.location["url"].endswith("/favicon.ico")
        if not is_favicon and not (self.expected and f"status of {self.expected}" in message.text):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    @property
    def document(self) -> FrameLocator:
        """The panel's page."""
        return self.page.frame_locator("#FlamegraphPanel iframe")

    @property
    def picture(self) -> FrameLocator:
        """The document in the page's frame."""
        return self.document.frame_locator("iframe")

    def open(self, path):
        self.page.goto(self.server.url + path)
        self.open_panel()

    def click_panel(self):
        self.page.locator("#djdt-FlamegraphPanel a").click()

    def open_panel(self):
        self.click_panel()
        try:
            self._search_button().wait_for()
        except sync_api.TimeoutError as late:
            shown = self.document.locator("body").all_inner_texts()
            raise AssertionError(f"no picture, but {shown} and {self.complaints}") from late

    def switch(self, frames):
        link = self.document.get_by_role("link", name=frames)
        if link.count():
            link.click()
        self.wait_for(frames)

    def wait_for(self, frames):
        """Waits for the picture of these frames."""
        self.document.locator("nav b", has_text=frames).wait_for()
        self._search_button().wait_for()

    def _search_button(self) -> Locator:
        # The picture's script makes it last.
        return self.picture.locator(".button", has_text="Search")

    def subtitle(self):
        return self.page.locator("#djdt-FlamegraphPanel small").inner_text()

    def facts(self):
        return dict(
            self.document.locator("dl div").evaluate_all(
                "all => all.map(fact => [fact.querySelector('dt').textContent,"
                " fact.querySelector('dd').textContent])"
            )
        )

    def titles(self, selector=".frames rect:not([display=none])"):
        """Lines of each frame that is in view, or of those of a selector."""
        return self.picture.locator(selector).evaluate_all(
            "all => all.map(rect => rect.textContent.split('\\n'))"
        )

    def names(self, *selector):
        return {title[0] for title in self.titles(*selector)}

    def places_of_tools(self):
        """Where frames of the toolbar and of pyflame are, after a look whether places are there."""
        places = [title[2] for title in self.titles() if len(title) > 2]
        assert any("site/views.py" in place for place in places)
        return [place for place in places if any(folder in place for folder in FOREIGN)]

    def caller_of(self, name):
        """Name of the frame below the one of a name."""
        return self.picture.locator(".frames").evaluate(
            """(frames, name) => {
                const rects = Array.from(frames.querySelectorAll('rect')).map(rect => ({
                    name: rect.textContent.split('\\n')[0],
                    ...Object.fromEntries(['x', 'y', 'width', 'height'].map(
                        key => [key, parseFloat(rect.getAttribute(key))])),
                }));
                const callee = rects.find(rect => rect.name === name);
                return rects.find(rect => rect.y === callee.y + callee.height + 1
                    && rect.x <= callee.x && callee.x < rect.x + rect.width).name;
            }""",
            name,
        )

    def is_outermost(self, name):
        """Whether nothing calls it; a picture of several threads has a frame for each."""
        return re.fullmatch("all|(Thread|asyncio).*-.*", self.caller_of(name)) is not None

    def click_frame(self, name):
        names = [title[0] for title in self.titles()]
        self.picture.locator(".frames rect").nth(names.index(name)).click(force=True)

    def colours(self):
        """Background of the panel's page and that of the picture."""
        return [
            part.evaluate("part => getComputedStyle(part).backgroundColor")
            for part in (self.document.locator("body"), self.picture.locator("svg.pyflame"))
        ]

    def download(self, kind) -> Download:
        with self.page.expect_download() as started:
            self.document.get_by_role("link", name=kind, exact=True).click()
        return started.value

    def go_back_to(self, path):
        """Switches the toolbar to the last request of a path."""
        self.page.locator("#djdt-HistoryPanel a").click()
        row = self.page.locator("#djdtHistoryRequests tr[data-request-id]").filter(
            has=self.page.get_by_text(path, exact=True)
        )
        request = row.first.get_attribute("data-request-id")
        # Its buttons mean nothing before its script has run.
        self.page.evaluate("import('/static/debug_toolbar/js/history.js').then(() => null)")
        self.page.locator(f"#djdtHistoryRequests button[data-request-id='{request}']").click()
        self.page.locator(f"#djDebug[data-request-id='{request}']").wait_for(state="attached")

    def tabbed(self, times):
        """What has the focus, each time that Tab was pressed."""
        seen = []
        for _ in range(times):
            self.page.keyboard.press("Tab")
            seen.append(self.document.locator(":focus").inner_text())
        return seen
