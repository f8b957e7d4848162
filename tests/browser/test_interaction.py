"""What a person can do with a picture, in every place where scripts run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Draw, Show, Shown
    from playwright.sync_api import Browser

SITE = "http://pyflame.test"

FOLDED = """\
main (/app/main.py:1);load (/app/io.py:3);parse (/app/io.py:9) 30
main (/app/main.py:1);load (/app/io.py:3);parse (/app/io.py:9);parse_item (/app/io.py:19) 10
main (/app/main.py:1);work (/app/work.py:5);step (/app/work.py:7) 40
main (/app/main.py:1);work (/app/work.py:5) 10
idle (/app/main.py:8) 10
"""


@pytest.fixture
def shown(place: str, draw: Draw, show: Show) -> Shown:
    return show(draw(FOLDED, "--title", "demo"), place)


@pytest.fixture
def opened(draw: Draw, show: Show) -> Shown:
    return show(draw(FOLDED))


def test_a_click_zooms_without_an_error(shown: Shown) -> None:
    shown.click("work")
    assert shown.shown() == {
        "all": (0, 100),
        "main": (0, 100),
        "work": (0, 100),
        "step": (20, 80),
    }
    assert shown.complaints == []


def test_callers_of_a_zoomed_frame_are_faded(shown: Shown) -> None:
    shown.click("work")
    faded = shown.frame.eval_on_selector_all(
        ".frames rect[opacity]", "rects => rects.map(rect => rect.textContent.split('\\n')[0])"
    )
    assert sorted(faded) == ["all", "main"]


def opacities(shown: Shown, name: str) -> list[float]:
    """Of the name and of the place in a frame's label, with what their groups take away."""
    found: list[float] = shown.frame.evaluate(
        """name => {
          const label = Array.from(document.querySelectorAll('.labels text'))
            .find(text => text.firstChild.data === name);
          return [label, label.querySelector('.place')].map(element => {
            let product = getComputedStyle(element).fillOpacity;
            for (let e = element; e; e = e.parentElement) product *= getComputedStyle(e).opacity;
            return product;
          });
        }""",
        name,
    )
    return found


def test_the_labels_of_callers_fade_with_their_places(shown: Shown) -> None:
    shown.click("work")
    assert opacities(shown, "work") == pytest.approx([1, 0.62])
    assert opacities(shown, "main") == pytest.approx([0.5, 0.31])


def test_a_match_is_as_bright_among_the_callers_of_a_zoomed_frame(shown: Shown) -> None:
    shown.click("work")
    shown.search("^main|^step")
    assert opacities(shown, "main") == opacities(shown, "step") == pytest.approx([1, 0.7])
    assert opacities(shown, "work") == pytest.approx([0.45, 0.35])


def test_the_reset_button_brings_everything_back(shown: Shown) -> None:
    before = shown.shown()
    shown.click("work")
    assert shown.can_reset()
    shown.reset()
    assert shown.shown() == before
    assert not shown.can_reset()


@pytest.mark.parametrize("key", ["Escape", "Backspace"])
def test_a_key_takes_back_one_zoom_at_a_time(shown: Shown, key: str) -> None:
    shown.click("load")
    shown.click("parse")
    shown.press(key)
    assert shown.shown()["parse"][1] == 100
    assert shown.shown()["load"] == (0, 100)
    assert "work" not in shown.shown()
    shown.press(key)
    assert shown.shown()["work"][1] == 50


def test_a_search_marks_matches_and_counts_nested_ones_once(shown: Shown) -> None:
    assert shown.search("parse") == "40.0% · 2"
    assert shown.frame.locator(".frames .match").count() == 2
    assert shown.complaints == []


def test_ending_a_search_leaves_no_mark(shown: Shown) -> None:
    shown.search("parse")
    shown.press("Escape")
    assert shown.frame.locator(".match").count() == 0
    assert not shown.frame.is_visible("output")
    assert shown.complaints == []


@pytest.mark.parametrize(
    ("term", "answer"),
    [
        ("PARSE", "40.0% · 2"),
        ("^(step|idle) ", "50.0% · 2"),
        ("(unclosed", "no match"),
        ("io.py:9", "40.0% · 1"),
        ("nothing", "no match"),
    ],
)
def test_a_search_takes_text_and_patterns_in_any_case(
    opened: Shown, term: str, answer: str
) -> None:
    assert opened.search(term) == answer


def test_case_and_pattern_can_be_chosen(opened: Shown) -> None:
    opened.search("PARSE")
    opened.frame.click("button[title='Match case']")
    assert opened.text("output") == "no match"
    opened.frame.fill("input", "io.py")
    opened.frame.click("button[title='Regular expression']")
    assert opened.text("output") == "40.0% · 3"
    opened.frame.fill("input", "io?py")
    assert opened.text("output") == "no match"


OWN_NAMES = """\
main (/app/main.py:1);[waiting] 10
main (/app/main.py:1);[waiting for a CPU] 20
main (/app/main.py:1);[awaiting];[waiting] 30
main (/app/main.py:1);[uncaptured: unknown code] 5
main (/app/main.py:1);cell (In [7]:2) 35
"""


@pytest.mark.parametrize(
    ("term", "answer"),
    [
        ("[waiting]", "40.0% · 2"),
        ("[WAITING]", "40.0% · 2"),
        ("[waiting for a CPU]", "20.0% · 1"),
        ("[awaiting]", "30.0% · 1"),
        ("[uncaptured: unknown code]", "5.00% · 1"),
        ("In [7]", "35.0% · 1"),
        ("^[waiting]$|^cell", "75.0% · 3"),
        ("^[mz]ain", "100% · 1"),
    ],
)
def test_what_frames_have_in_brackets_is_no_set_of_characters(
    draw: Draw, show: Show, term: str, answer: str
) -> None:
    assert show(draw(OWN_NAMES)).search(term) == answer


def test_an_address_can_search_for_a_name_in_brackets(draw: Draw, show: Show) -> None:
    shown = show(draw(OWN_NAMES), "direct")
    shown.search("[waiting]")
    shown.page.reload()
    assert shown.text("output") == "40.0% · 2"


def test_enter_goes_from_match_to_match_and_back(shown: Shown) -> None:
    shown.search("parse|step")
    places = []
    for key in ("Enter", "Enter", "Enter", "Enter", "Shift+Enter"):
        shown.press(key)
        places.append(shown.text("output").split(" ")[-1])
    assert places == ["1/3", "2/3", "3/3", "1/3", "3/3"]


def test_enter_stays_inside_of_a_zoomed_frame_that_has_matches(shown: Shown) -> None:
    shown.search("parse|step")
    shown.click("load")
    before = shown.shown()
    places = []
    shown.frame.focus("input")
    for key in ("Enter", "Enter", "Enter", "Shift+Enter"):
        shown.press(key)
        places.append(shown.text("output").split(" ")[-1])
    assert places == ["1/2", "2/2", "1/2", "2/2"]
    assert shown.shown() == before


def test_a_search_says_what_its_share_is_of_while_a_frame_is_zoomed(shown: Shown) -> None:
    shown.click("work")
    assert shown.search("parse|step") == "80.0% of zoom · 1"
    assert shown.search("parse") == "40.0% of all · 2"
    shown.reset()
    assert shown.text("output") == "40.0% · 2"


def test_a_match_that_is_out_of_view_is_brought_into_view(opened: Shown) -> None:
    opened.click("work")
    opened.search("parse")
    opened.press("Enter")
    assert "parse" in opened.shown()


def test_control_f_opens_the_search(shown: Shown) -> None:
    shown.click("all")
    shown.press("Control+f")
    assert shown.frame.is_visible("input")


def test_hovering_shows_name_place_and_shares(shown: Shown) -> None:
    shown.frame.hover(shown.rect("work"), force=True)
    details = shown.text(".details")
    assert "work" in details
    assert "/app/work.py:5" in details
    assert "50 samples (50.0%) · self 10 samples (10.0%)" in details
    assert not shown.frame.is_visible(".facts")


def test_arrows_walk_the_stacks_and_enter_zooms(shown: Shown) -> None:
    shown.click("all")
    seen = []
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowDown"):
        shown.press(key)
        seen.append(shown.text(".details tspan"))
    assert seen == ["all", "main", "work", "load", "load", "main"]
    shown.press("ArrowUp")
    shown.press("Enter")
    assert shown.shown()["work"] == (0, 100)


def test_arrows_follow_the_eye_in_an_icicle(draw: Draw, show: Show) -> None:
    shown = show(draw(FOLDED, "--inverted"))
    shown.press("ArrowDown")
    shown.press("ArrowDown")
    assert shown.text(".details tspan") == "main"


def test_a_picture_of_its_own_keeps_its_state_in_the_address(draw: Draw, show: Show) -> None:
    shown = show(draw(FOLDED), "direct")
    shown.click("work")
    shown.search("step")
    address = shown.page.url
    assert re.fullmatch(SITE + r"/picture\.svg#frame=\d+&search=step", address)
    shown.page.reload()
    assert shown.page.url == address
    assert shown.shown()["work"] == (0, 100)
    assert shown.frame.locator(".frames .match").count() == 1
    shown.press("Escape")
    shown.press("Escape")
    assert shown.page.url == f"{SITE}/picture.svg"


def test_an_embedded_picture_leaves_the_address_of_the_page_alone(draw: Draw, show: Show) -> None:
    shown = show(draw(FOLDED), "srcdoc")
    shown.click("work")
    assert shown.page.url == f"{SITE}/"
    assert shown.frame.url == "about:srcdoc"


def test_a_link_is_followed_and_zooms_with_control(draw: Draw, show: Show, tmp_path: Path) -> None:
    attributes = tmp_path / "attributes"
    attributes.write_text("work\thref=/picture.svg?linked\ttarget=_self\n")
    shown = show(draw(FOLDED, "--nameattr", str(attributes)), "direct")
    shown.frame.click(shown.rect("work"), force=True, modifiers=["Control"])
    assert shown.shown()["work"] == (0, 100)
    shown.press("Escape")
    shown.click("work")
    shown.page.wait_for_url("**/picture.svg?linked")
    assert shown.complaints == []


def test_two_pictures_in_one_page_keep_apart(draw: Draw, chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content(draw(FOLDED) + draw(FOLDED))
    page.evaluate(
        "document.querySelectorAll('svg.pyflame')[1].querySelectorAll('.frames rect')[0]"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    widths = page.eval_on_selector_all(
        "svg.pyflame", "all => all.map(s => s.querySelectorAll('.frames rect[display]').length)"
    )
    page.close()
    assert widths[0] == 0
    assert widths[1] > 0
