"""Each request's flame graph holds that request and nothing else."""

from __future__ import annotations

import re
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import django
import pytest
from requests_at_once import FOREIGN, REQUEST_ID, at_once

PANEL = ["pyflame.djdt.panel.FlamegraphPanel"]
MANY = {"RESULTS_CACHE_SIZE": 100_000}
REQUESTS = 200
# What calls a view, in the same thread or by way of another one.
AROUND = re.compile(r"BaseHandler\._get_response|SyncToAsync\.thread_handler|_worker|Handle\._run")
# What takes most of the time, and hangs on the Django in between least.
AT_THE_ENDS = pytest.mark.skipif(
    django.VERSION >= (5,) and (django.VERSION < (6, 1) or sys.version_info < (3, 15)),
    reason="is tested with the oldest Django, and with the newest on the newest Python",
)
VIEWS = re.compile(r"\b(sync|async|hop|gather)_view |\b(first|second)_child |\bin_")


def functions(server, path, *, shows_all=False, page=None):
    """The names of the functions in the flame graph of a page."""
    _, _, text = server.get(path) if page is None else page
    url = f"/__debug__/pyflame/{REQUEST_ID.search(text)[1]}/flamegraph.folded"
    folded = server.get(f"{url}?all={int(shows_all)}")[2]
    stacks = [line.rsplit(" ", 1)[0] for line in folded.splitlines()]
    return {frame.split(" (")[0] for stack in stacks for frame in stack.split(";")}, stacks


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("runserver", "/numbered/{}/"),
        ("runserver", "/numbered-async/{}/"),
        ("uvicorn", "/numbered/{}/"),
        ("uvicorn", "/numbered-async/{}/"),
    ],
)
def test_fifty_requests_at_once_are_told_apart(serve, kind, path):
    server = serve(kind, PANELS=PANEL, TOOLBAR=MANY)
    outcome = at_once(server, path, requests=REQUESTS, workers=50)
    assert outcome.foreign == []
    # Each computes until it has been looked at.
    assert outcome.without_own == 0


@pytest.mark.parametrize("kind", ["runserver", "uvicorn"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/sync/", {"sync_view", "in_sync_view"}),
        ("/async/", {"async_view", "in_async_view", "[awaiting]"}),
        ("/hop/", {"in_hop", "in_to_thread"}),
        ("/gather/", {"first_child", "in_first_child", "second_child", "in_second_child"}),
    ],
)
def test_a_views_own_functions_are_in_wherever_they_run(serve, kind, path, expected):
    server = serve(kind, PANELS=PANEL, TOOLBAR=MANY)
    found, stacks = functions(server, path)
    assert expected <= found
    assert not any(AROUND.search(stack) for stack in stacks if VIEWS.search(stack))
    found, stacks = functions(server, path, shows_all=True)
    assert expected - {"[awaiting]"} <= found
    assert all(AROUND.search(stack) for stack in stacks if VIEWS.search(stack))
    assert not any(folder in stack for stack in stacks for folder in FOREIGN)


@pytest.mark.parametrize("kind", ["runserver", "uvicorn"])
@pytest.mark.parametrize(
    ("path", "inside"), [("/stream/", "in_parts"), ("/async-stream/", "in_async_parts")]
)
def test_what_makes_a_streamed_response_is_in(serve, kind, path, inside):
    server = serve(kind, PANELS=["debug_toolbar.panels.history.HistoryPanel", *PANEL], TOOLBAR=MANY)
    status, _, text = server.get(path)
    assert (status, text.count("<p>")) == (200, 5)
    # The toolbar can't be put into a streamed page; the history has it.
    page = server.get("/quick/")
    request_id = REQUEST_ID.search(page[2])[1]
    history = server.json(
        f"/__debug__/render_panel/?request_id={request_id}&panel_id=HistoryPanel"
    )["content"]
    assert path in history
    streamed = history[history.index(path) :].split('value="', 1)[1].split('"')[0]
    folded = server.get(f"/__debug__/pyflame/{streamed}/flamegraph.folded?all=1")[2]
    assert inside in folded
    facts = server.get(f"/__debug__/pyflame/{streamed}/")[2]
    assert "still being streamed" not in facts


def test_an_error_in_the_view_is_recorded_and_stays_the_error(serve):
    server = serve("runserver", PANELS=PANEL, TOOLBAR=MANY)
    page = server.get("/failing/")
    assert page[0] == 500
    assert "as asked" in page[2]
    assert "in_failing_view" in functions(server, None, page=page)[0]


@AT_THE_ENDS
@pytest.mark.parametrize("kind", ["runserver", "uvicorn"])
def test_no_thread_and_no_handler_is_left_behind(serve, kind):
    server = serve(kind, PANELS=PANEL, TOOLBAR={"RESULTS_CACHE_SIZE": 25})
    path = "/numbered-async/{}/" if kind == "uvicorn" else "/numbered/{}/"
    server.get("/sync/")
    for _ in range(9):
        at_once(server, path, requests=25, workers=8)
    # The sampling thread stays for a second after a request, with its handler, for the next one.
    end = time.monotonic() + 60
    after = quiet_state(server)
    while (after["urgent"] or "pyflame" in after["tasks"]) and time.monotonic() < end:
        after = quiet_state(server)
    assert not after["urgent"], "the handler of our signal is still there"
    assert "pyflame" not in after["tasks"]


@AT_THE_ENDS
@pytest.mark.parametrize("kind", ["runserver", "uvicorn"])
def test_no_request_leaves_memory_in_use(serve, kind):
    # The process's size says little: it goes up and down by megabytes, as the allocator keeps
    # memory for later, with or without the panel.
    requests = 500
    # What is kept of a request has several kilobytes, and more where it had to wait for a CPU.
    server = serve(kind, PANELS=PANEL, TOOLBAR={"RESULTS_CACHE_SIZE": 5})
    with ThreadPoolExecutor(16) as pool:
        # For each of the threads at once there is room from now on, which is used again.
        deque(pool.map(server.get, ["/numbered/1/"] * 200), 0)
    with ThreadPoolExecutor(8) as pool:
        states = []
        for _ in range(5):
            deque(pool.map(server.get, ["/quick/"] * requests), 0)
            states.append(quiet_state(server))
    # What requests leave behind grows with each; what is kept for some time goes to and fro.
    assert least_growth(states, "in_use") < 100 * requests
    assert least_growth(states, "blocks") < requests / 4


def least_growth(states, key):
    """By how much a figure grew from one state to the next, where it grew least."""
    return min(after[key] - before[key] for before, after in zip(states, states[1:]))


def quiet_state(server):
    """The state of the process, told by a request of which nothing is recorded."""
    return server.json("/state/?off")
