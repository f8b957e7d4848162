"""`pyflame.Profile`: what a recording can be asked, and what can be made of it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pyflame
import pytest
from pyflame import exceptions

TEXT = "main (app.py:1);parse (parser.py:9) 3\nmain (app.py:1);write (app.py:5) 1\n"


@pytest.fixture
def profile():
    return pyflame.Profile.from_folded(TEXT)


def test_folded_text_comes_back_as_it_was(profile):
    assert profile.folded() == TEXT
    assert profile.samples == 4
    assert profile.engine == "imported"
    assert profile.threads == ()


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


@pytest.mark.parametrize(("name", "start"), [("x.svg", "<?xml"), ("x.folded", "main"), ("x", "<?")])
def test_the_extension_decides_the_format(profile, tmp_path, name, start):
    profile.save(tmp_path / name)
    assert (tmp_path / name).read_text().startswith(start)


def test_a_format_may_be_given(profile, tmp_path):
    profile.save(str(tmp_path / "x.data"), format="folded")
    assert (tmp_path / "x.data").read_text() == TEXT
    with pytest.raises(ValueError, match=r"use \.svg, \.folded or \.txt"):
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
