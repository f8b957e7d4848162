"""`pyflame.Profile`: what a recording can be asked, and what can be made of it."""

from __future__ import annotations

import threading
from xml.etree import ElementTree as ET

import pyflame
import pytest
from looks import until_looked_at
from pyflame import exceptions

pytestmark = pytest.mark.anywhere

TEXT = "main (app.py:1);parse (parser.py:9) 3\nmain (app.py:1);write (app.py:5) 1\n"


@pytest.fixture
def profile():
    return pyflame.Profile.from_folded(TEXT)


def test_folded_text_comes_back_as_it_was(profile):
    assert profile.folded() == TEXT
    assert profile.samples == 4
    assert profile.engine == "imported"
    assert profile.threads == ()
    assert profile.processes == ()


def test_a_bad_line_is_named():
    with pytest.raises(exceptions.InvalidFoldedText, match="line 2: no count"):
        pyflame.Profile.from_folded("a 1\nb\n")


def test_profiles_add_up_and_stay_what_they_were(profile):
    merged = profile.merge(profile, pyflame.Profile.from_folded("other 5\n"))
    assert merged.samples == 13
    assert profile.samples == 4
    assert "other 5\n" in merged.folded()


def test_a_picture_is_an_svg_with_a_title(profile):
    picture = profile.svg(title="A <title> & more")
    root = ET.fromstring(picture.encode())
    assert root.tag.endswith("svg")
    assert "A &lt;title&gt; &amp; more" in picture


def test_the_same_profile_gives_the_same_picture(profile):
    assert profile.svg() == pyflame.Profile.from_folded(TEXT).svg()


def test_the_arguments_of_flamegraph_pl_are_understood(profile):
    as_text = profile.svg(flamegraph_args="--title 'My run' --inverted")
    assert as_text == profile.svg(flamegraph_args=["--title", "My run", "--inverted"])
    assert "My run" in as_text
    with pytest.raises(ValueError, match="--widht"):
        profile.svg(flamegraph_args="--widht 100")
    with pytest.raises(ValueError, match="a quote is not closed"):
        profile.svg(flamegraph_args="--title 'x")


@pytest.mark.parametrize(
    ("name", "start"),
    [("x.svg", b"<?xml"), ("x.folded", b"main"), ("x", b"<?"), ("x.pdf", b"%PDF-1.7")],
)
def test_the_extension_decides_the_format(profile, tmp_path, name, start):
    profile.save(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_format_may_be_given(profile, tmp_path):
    profile.save(str(tmp_path / "x.data"), format="folded")
    assert (tmp_path / "x.data").read_text() == TEXT
    with pytest.raises(ValueError, match=r"use \.svg, \.pdf, \.folded, \.txt or \.pyflame"):
        profile.save(tmp_path / "x.data")


def test_a_mode_that_does_not_exist_is_refused(profile, tmp_path):
    for use in (profile.folded, profile.svg, lambda mode: profile.save(tmp_path / "x", mode=mode)):
        with pytest.raises(ValueError, match='mode must be "wall" or "cpu"'):
            use(mode="gpu")


def test_a_file_that_can_not_be_written_is_an_os_error(profile, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no/x\.svg`: No such file"):
        profile.save(tmp_path / "no" / "x.svg")


def test_an_external_script_that_is_not_there(profile, tmp_path):
    with pytest.raises(exceptions.MissingFlamegraphScript, match=r"`no\.pl` was not found"):
        profile.svg(flamegraph_script="no.pl")
    with pytest.raises(exceptions.Error):
        profile.save(tmp_path / "x.svg", flamegraph_script="no.pl")


def test_an_external_script_draws(profile, tmp_path):
    script = tmp_path / "draw"
    script.write_text('#!/bin/sh\necho "$@"\ncat\n')
    script.chmod(0o755)
    picture = profile.svg(flamegraph_script=script, flamegraph_args="--hash")
    assert picture == "--countname microseconds --hash\n" + TEXT


def test_an_external_script_that_fails_leaves_folded_text(profile, tmp_path):
    script = tmp_path / "draw"
    script.write_text("#!/bin/sh\necho bad palette >&2\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(exceptions.FlamegraphScriptFailed, match="bad palette"):
        profile.save(tmp_path / "x.svg", flamegraph_script=script)
    assert (tmp_path / "x.folded").read_text() == TEXT
    assert not (tmp_path / "x.svg").exists()


def test_every_exception_has_one_base():
    for name in exceptions.__all__:
        assert issubclass(getattr(exceptions, name), exceptions.Error)


def test_the_representation_says_what_is_in_it(profile):
    assert repr(profile) == "<pyflame.Profile: 4 samples>"


@pytest.fixture
def recorded():
    with pyflame.Profiler(threads="all") as profiler:
        until_looked_at()
    return profiler.profile


def test_a_recording_comes_back_with_everything(recorded, tmp_path):
    recorded.save(tmp_path / "x.pyflame")
    recorded.save(tmp_path / "x.data", format="pyflame")
    assert (tmp_path / "x.data").read_bytes() == (tmp_path / "x.pyflame").read_bytes()
    loaded = pyflame.Profile.load(str(tmp_path / "x.pyflame"))
    assert loaded.to_bytes() == recorded.to_bytes()
    facts = [name for name in dir(recorded) if not callable(getattr(recorded, name))]
    assert {"samples", "threads", "engine_note", "interval", "program", "rate"} <= set(facts)
    for name in facts:
        assert getattr(loaded, name) == getattr(recorded, name), name
    for view in ({}, {"mode": "cpu"}, {"by_line": True}):
        assert loaded.folded(**view) == recorded.folded(**view)
        assert loaded.svg(**view) == recorded.svg(**view)


def test_labels_and_other_threads_come_back():
    with pyflame.Profiler(threads="all") as profiler, pyflame.label(request="7"):
        thread = threading.Thread(target=sum, args=(range(3_000_000),), name="adder")
        thread.start()
        thread.join()
        until_looked_at()
    profile = profiler.profile
    parts = profile.split("request")
    loaded = pyflame.Profile.from_bytes(profile.to_bytes()).split("request")
    assert "7" in parts
    assert {value: part.folded() for value, part in loaded.items()} == {
        value: part.folded() for value, part in parts.items()
    }
    # A part is as small as what is in it.
    labelled = parts["7"].to_bytes()
    assert pyflame.Profile.from_bytes(labelled).threads == parts["7"].threads
    assert len(labelled) <= len(profile.to_bytes())


def test_a_recording_is_bytes_of_any_kind(profile):
    data = profile.to_bytes()
    assert type(data) is bytes
    assert pyflame.Profile.from_bytes(bytearray(data)).folded() == TEXT
    assert pyflame.Profile.from_bytes(data).to_bytes() == data


def test_what_is_no_recording_is_refused(profile, tmp_path):
    (tmp_path / "x").write_text(TEXT)
    with pytest.raises(exceptions.InvalidRecording, match="no recording of pyflame"):
        pyflame.Profile.load(tmp_path / "x")
    with pytest.raises(ValueError, match="version 9"):
        pyflame.Profile.from_bytes(profile.to_bytes()[:8] + b"\x09")
    with pytest.raises(FileNotFoundError, match="can't read `nowhere`"):
        pyflame.Profile.load("nowhere")


def test_a_damaged_recording_gives_what_is_readable_and_a_warning(profile, tmp_path):
    data = profile.to_bytes() + b"rubbish"
    with pytest.warns(exceptions.DamagedRecording, match="the recording is damaged: 7 bytes"):
        assert pyflame.Profile.from_bytes(data).folded() == TEXT
    (tmp_path / "x").write_bytes(data)
    with pytest.warns(exceptions.DamagedRecording, match="/x` is damaged: ") as warned:
        pyflame.Profile.load(tmp_path / "x")
    assert warned[0].filename == __file__
