"""Many requests at once to the numbered views, and what their flame graphs hold."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyflame

REQUEST_ID = re.compile(r'data-request-id="(\w+)"')
OWN = re.compile(r"\bonly_(\d+) ")
# Whose frames must never be in the picture of a request.
FOREIGN = ("/site-packages/debug_toolbar/", "/site-packages/pyflame/")


@dataclass
class Outcome:
    """What was found in the flame graphs of all requests."""

    requests: int = 0
    samples: int = 0
    own: int = 0
    foreign: list[str] = field(default_factory=list)
    without_own: int = 0


def at_once(server, path, *, requests, workers):
    """Makes so many requests, so many at a time, each of one of 64 numbers.

    Args:
        server: A running server.
        path: The path of the view, with ``{}`` for the number.
        requests: How many.
        workers: How many at a time.

    Returns:
        What their flame graphs hold, looked at one after the other at the end.
    """
    with ThreadPoolExecutor(workers) as pool:
        numbers = [index % 64 for index in range(requests)]
        pages = pool.map(lambda number: server.get(path.format(number)), numbers)
        ids = [REQUEST_ID.search(page)[1] for _, _, page in pages]
        outcome = Outcome(requests=requests)
        for number, profile in zip(numbers, pool.map(lambda each: _profile(server, each), ids)):
            _judge(outcome, number, profile.folded())
    return outcome


def _profile(server, request_id):
    # Before 3.11, the server looks among all living functions for the names of each text that it
    # shows; what it has recorded it gives as it is.
    status, _, body = server.read(f"/__debug__/pyflame/{request_id}/flamegraph.pyflame")
    assert status == 200, body
    return pyflame.Profile.from_bytes(body)


def _judge(outcome, number, folded):
    stacks = folded.splitlines()
    own_before = outcome.own
    for stack in stacks:
        owners = {int(owner) for owner in OWN.findall(stack)}
        outcome.samples += 1
        outcome.own += owners == {number}
        if owners - {number} or any(folder in stack for folder in FOREIGN):
            outcome.foreign.append(f"in a request of {number}: {stack}")
    outcome.without_own += outcome.own == own_before
