"""What holds for the tests of all folders: a limit for each, no silent skip, one Chromium.

Where something is missing here, be it Chromium or a compiler, the tests that need it skip, and say
so in words that begin with "not run:". Where nothing may be left out, which `CI=true` says, such a
skip is a failure.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from playwright.sync_api import Browser

# Far more than any test takes on a busy machine, and what a hang may cost. Tests that are made
# longer have as much more time.
LIMIT_SECONDS = 110 * max(1.0, float(os.environ.get("PYFLAME_TRUTH_FACTOR", "1")))
MISSING = "not run: "
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_GUARD = pytest.StashKey["Guard | None"]()


def pytest_configure(config: pytest.Config) -> None:
    # Who starts us in the background may have had these ignored, which all children would inherit.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            is_interrupt = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
    # Who looks at a test in a debugger takes their time.
    config.stash[_GUARD] = None if config.getoption("usepdb") else Guard()


def pytest_unconfigure(config: pytest.Config) -> None:
    guard = config.stash.get(_GUARD, None)
    if guard is not None:
        guard.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    guard = item.config.stash[_GUARD]
    if guard is None:
        return (yield)
    guard.watch(_limit_seconds(item), item.nodeid)
    try:
        return (yield)
    finally:
        guard.rest()


def _limit_seconds(item: pytest.Item) -> float:
    marker = item.get_closest_marker("limit")
    return LIMIT_SECONDS if marker is None else marker.args[0]


@pytest.fixture(scope="session")
def patience(
    request: pytest.FixtureRequest,
) -> Callable[[float, str], contextlib.AbstractContextManager[None]]:
    """Gives more time to something that is made once, in the test that happens to be the first."""

    @contextlib.contextmanager
    def give(seconds: float, to: str) -> Iterator[None]:
        guard = request.config.stash[_GUARD]
        if guard is None:
            yield
            return
        test = guard.watched
        guard.watch(seconds, to)
        yield
        guard.watch(*test)

    return give


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_to_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_to_skip(report)
    return report


def _refuse_to_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or os.environ.get("CI") != "true":
        return
    # Of a skip it is the place and the reason; of an expected failure it is something else.
    if isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        if reason.removeprefix("Skipped: ").startswith(MISSING):
            report.outcome = "failed"
            report.longrepr = f"{path}:{line}: {reason.removeprefix('Skipped: ')}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; each test gets a fresh context."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="not run: no playwright")
    names = (os.environ.get("PYFLAME_CHROMIUM", ""), "chromium", "chromium-browser")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("not run: no chromium (PYFLAME_CHROMIUM can name one)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
