"""``PYFLAME_CONFIG``: what is checked, and what holds where it is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SITE = Path(__file__).parent / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Runs Python in the site, with ``PYFLAME_CONFIG`` as given."""
    folder = tmp_path_factory.mktemp("site")

    def run(config, *arguments, **settings):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": str(SITE),
            "SITE_FOLDER": str(folder),
            "SITE_PYFLAME": json.dumps(config),
            **{f"SITE_{name}": json.dumps(value) for name, value in settings.items()},
        }
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def check(site, config):
    """What Django's system check says."""
    return site(config, "-m", "django", "check", "--fail-level=WARNING").stderr


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"SAMPLE_INTERVAL": 0.0005, "FLAMEGRAPH_SCRIPT_PATH": None},
        {"FLAMEGRAPH_SCRIPT_EXTRA_ARGS": ["--colors", "aqua", "--width=800"]},
        {"FLAMEGRAPH_SCRIPT_EXTRA_ARGS": "--colors aqua"},
        {"SHOW_FRAMEWORK": True, "MAX_RECORDING_BYTES": 20_000},
    ],
)
def test_what_is_right_passes(site, config):
    done = site(config, "-m", "django", "check", "--fail-level=WARNING")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        (["SAMPLE_INTERVAL"], "pyflame.E001", "is a list, not a dict"),
        ({"SAMPLE_INTERVALL": 1}, "pyflame.W001", "Did you mean 'SAMPLE_INTERVAL'?"),
        ({"COLOUR": 1}, "pyflame.W001", "It can have FLAMEGRAPH_SCRIPT_PATH"),
        ({"FLAMEGRAPH_SCRIPT_PATH": 7}, "pyflame.E002", "which is no path"),
        ({"FLAMEGRAPH_SCRIPT_PATH": ""}, "pyflame.E002", "which is no path"),
        ({"FLAMEGRAPH_SCRIPT_EXTRA_ARGS": 7}, "pyflame.E003", "no list of strings"),
        ({"FLAMEGRAPH_SCRIPT_EXTRA_ARGS": ["--nope"]}, "pyflame.E003", "nope"),
        ({"SAMPLE_INTERVAL": 0}, "pyflame.E004", "for example 0.001"),
        ({"SAMPLE_INTERVAL": "often"}, "pyflame.E004", "'often'"),
        ({"SAMPLE_INTERVAL": None}, "pyflame.E004", "None"),
        ({"SHOW_FRAMEWORK": "no"}, "pyflame.E005", "neither True nor False"),
        ({"MAX_RECORDING_BYTES": 10}, "pyflame.E006", "at least 1000"),
        ({"MAX_RECORDING_BYTES": "many"}, "pyflame.E006", "'many'"),
    ],
)
def test_what_is_wrong_has_an_id_and_a_hint(site, config, code, words):
    said = check(site, config)
    assert code in said
    assert words in said
    assert "HINT" in said
    assert "Traceback" not in said


def test_a_missing_script_is_told_and_only_where_one_was_asked_for(site):
    said = check(site, {"FLAMEGRAPH_SCRIPT_PATH": "/nowhere/flamegraph.pl"})
    assert "pyflame.W002" in said
    assert "Could not locate flamegraph.pl" in said
    assert "locate" not in check(site, {})


def test_checks_are_told_once_and_also_without_the_application(site):
    config = {"SAMPLE_INTERVAL": 0}
    assert check(site, config).count("pyflame.E004") == 1
    without = site(config, "-m", "django", "check", NOT_INSTALLED=["pyflame"]).stderr
    assert without.count("pyflame.E004") == 1


PAGE = """
import django, json
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
from debug_toolbar.store import get_store
PATCH
client = Client(headers={"accept": "text/html"}) if django.VERSION >= (4, 2) else Client()
assert client.get("/sync/").status_code == 200
request_id = list(get_store().request_ids())[-1]
stats = get_store().panel(request_id, "FlamegraphPanel")
page = client.get(f"/__debug__/pyflame/{request_id}/").content.decode()
svg = client.get(f"/__debug__/pyflame/{request_id}/flamegraph.svg").content.decode()
print(json.dumps({"stats": stats, "page": page, "svg": svg}))
"""


def page(site, config, patch="", **settings):
    done = site(config, "-c", PAGE.replace("PATCH", patch), **settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_page_works_with_settings_that_are_wrong(site):
    wrong = {"SAMPLE_INTERVAL": 0, "FLAMEGRAPH_SCRIPT_EXTRA_ARGS": 7, "MAX_RECORDING_BYTES": "x"}
    seen = page(site, wrong)
    assert seen["stats"]["samples"] > 0
    assert "in_sync_view" in seen["svg"]


def test_a_recording_is_kept_small_and_says_what_that_took(site):
    whole = page(site, {})
    assert "left out to keep" not in whole["page"]
    small = page(site, {"MAX_RECORDING_BYTES": 1000})
    assert len(small["stats"]["recording"]) * 3 / 4 <= 1000
    assert "left out to keep the recording small" in small["page"]
    assert "in_sync_view" in small["svg"]


def test_what_is_stored_of_a_usual_request_is_far_below_the_limit(site):
    assert len(json.dumps(page(site, {})["stats"])) < 15_000


NO_SIGNALS = """
from pyflame import _native, exceptions
class NoSignals:
    def __init__(self, interval_ns): pass
    def start(self): raise exceptions.SignalsUnavailable("no signals here")
_native.ScopedRecording = NoSignals
"""


def test_without_signals_the_serving_thread_is_recorded_and_that_is_said(site):
    seen = page(site, {}, NO_SIGNALS)
    assert "fallback engine" in seen["page"]
    assert "no signals here" in seen["page"]
    assert "in_sync_view" in seen["svg"]


def test_arguments_of_flamegraph_pl_reach_the_picture(site):
    seen = page(site, {"FLAMEGRAPH_SCRIPT_EXTRA_ARGS": ["--title", "My page"]})
    assert "My page" in seen["svg"]


def test_an_external_script_draws(site, tmp_path):
    script = tmp_path / "flamegraph.pl"
    script.write_text("#!/bin/sh\necho '<svg>drawn by a script</svg>'\n")
    script.chmod(0o755)
    seen = page(site, {"FLAMEGRAPH_SCRIPT_PATH": str(script)})
    assert "drawn by a script" in seen["svg"]


def test_the_panel_switched_off_costs_nothing(site):
    patch = """
from pyflame.djdt import panel
def never(*_):
    raise AssertionError("recorded although it is off")
panel.RequestRecorder = never
"""
    seen = page_off(site, patch)
    assert seen == {}


def page_off(site, patch):
    code = PAGE.partition("page = client")[0].replace("PATCH", patch) + "print(json.dumps(stats))"
    off = ["pyflame.djdt.panel.FlamegraphPanel"]
    done = site({}, "-c", code, DISABLED=off)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
