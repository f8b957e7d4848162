"""What the panel for django-debug-toolbar costs a page, and whether requests are told apart.

The page is a view of the tests' site whose work takes 10 ms. It is asked for in turn with the
panel on and with its row there but switched off, by the cookie that the toolbar's own checkbox
sets, in one process. The figure is the median of the ratios of neighbours.

    python bench/django_panel.py              # beside the panels that the toolbar has by default
    python bench/django_panel.py --alone      # beside none but the timer, where a page costs least
    python bench/django_panel.py --requests   # 10,000 requests, 50 at once, on two servers
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import machine

TESTS = Path(__file__).resolve().parent.parent / "tests" / "django"
PANEL = "pyflame.djdt.panel.FlamegraphPanel"


def cost(pairs: int, *, alone: bool) -> None:
    """Prints how much longer a page takes with the panel on."""
    from debug_toolbar.settings import PANELS_DEFAULTS

    others = ["debug_toolbar.panels.timer.TimerPanel"] if alone else PANELS_DEFAULTS
    sys.path.insert(0, str(TESTS / "site"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    os.environ["SITE_FOLDER"] = tempfile.mkdtemp()
    os.environ["SITE_PANELS"] = json.dumps([*others, PANEL])
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)

    client = Client()

    def seconds(path: str, switch: str) -> float:
        client.cookies["djdtFlamegraphPanel"] = switch
        started = time.perf_counter()
        response = client.get(path)
        taken = time.perf_counter() - started
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
        return taken

    for path in (f"/loops/?loops={loops(0.01)}", "/quick/"):
        for switch in ["on", "off"] * 20:
            seconds(path, switch)
        ratios, differences, pages = [], [], []
        for pair in range(pairs):
            # Which of the two is first changes, as the first may find colder caches.
            order = ("on", "off") if pair % 2 else ("off", "on")
            taken = {switch: seconds(path, switch) for switch in order}
            ratios.append(taken["on"] / taken["off"])
            differences.append(taken["on"] - taken["off"])
            pages.append(taken["off"])
        error = statistics.pstdev(ratios) / len(ratios) ** 0.5
        print(
            f"{path:22} {(statistics.median(ratios) - 1) * 100:+.2f} % "
            f"(standard error of the mean {error * 100:.2f}), "
            f"{statistics.median(differences) * 1e6:+.0f} us on "
            f"{statistics.median(pages) * 1e3:.1f} ms, {pairs} pairs"
        )


def loops(wanted_s: float) -> int:
    """How often the view has to do its work to take so long."""
    trials = []
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(1000):
            sum(range(200))
        trials.append((time.perf_counter() - started) / 1000)
    return round(wanted_s / statistics.median(trials))


def requests(count: int) -> None:
    """Prints what the flame graphs of many requests at once hold."""
    sys.path.insert(0, str(TESTS))
    from conftest import Server
    from requests_at_once import at_once

    settings = {"PANELS": [PANEL], "TOOLBAR": {"RESULTS_CACHE_SIZE": 1000}}
    for kind, path in (("runserver", "/numbered/{}/"), ("uvicorn", "/numbered-async/{}/")):
        server = Server(kind, Path(tempfile.mkdtemp()), **settings)
        at_once(server, path, requests=500, workers=50)
        before = server.json("/state/?off")
        samples = own = foreign = empty = 0
        for _ in range(count // 500):
            outcome = at_once(server, path, requests=500, workers=50)
            samples += outcome.samples
            own += outcome.own
            foreign += len(outcome.foreign)
            empty += outcome.empty
        time.sleep(2)  # The sampling thread stays for a second.
        after = server.json("/state/?off")
        server.close()
        grown = after["rss_kb"] - before["rss_kb"]
        print(
            f"{kind:10} {count:,} requests, 50 at once: {samples:,} distinct stacks, {own:,} with "
            f"the request's own function, {foreign} foreign, {empty} requests without a sample, "
            f"{grown:+,} kB, our signal handler left: {after['urgent']}, "
            f"our thread left: {'pyflame' in after['tasks']}"
        )


def main() -> None:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alone", action="store_true", help="beside the timer's panel only")
    parser.add_argument("--requests", action="store_true", help="10,000 requests instead")
    parser.add_argument("--count", type=int, help="how many pairs of pages, or requests")
    wanted = parser.parse_args()
    print(machine.with_python(), flush=True)
    if wanted.requests:
        requests(wanted.count or 10_000)
    else:
        cost(wanted.count or 1000, alone=wanted.alone)


if __name__ == "__main__":
    main()
