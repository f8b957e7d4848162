"""What a picture looks like where nothing may run, on dark pages, narrow and wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Draw, Show, Shown

FOLDED = "".join(
    f"main (/app/main.py:1);function_number_{n:02} (/app/some/deep/folder/file.py:{n + 1});"
    f"dumps (/usr/lib/python3.11/json/__init__.py:183);[waiting] {n % 7 + 1}\n"
    for n in range(40)
)
STRICT = "default-src 'none'"
OUTSIDE = """() => {
  const rects = Array.from(document.querySelectorAll('.frames rect'));
  const boxes = rects.map(rect => rect.getBoundingClientRect());
  // A box of its own cuts a label off.
  const end = box => box.nodeName === 'svg'
    ? box.getScreenCTM().e + box.width.baseVal.value : Infinity;
  return Array.from(document.querySelectorAll('.labels text')).filter(text => {
    const label = text.getBoundingClientRect();
    const middle = (label.top + label.bottom) / 2;
    const own = boxes.find(box => box.top <= middle && middle <= box.bottom
      && box.left <= label.left && label.left <= box.right);
    return !own || Math.min(label.right, end(text.parentNode)) > own.right + 0.5;
  }).map(text => text.textContent);
}"""
"""The labels that are drawn outside of their frames."""
TALL = ";".join(f"f{n}" for n in range(200)) + " 1\n"
ROOT = ".frames rect[x='0%'][width='100%'] >> nth=-1"


def boxes(shown: Shown, selector: str) -> list[dict[str, float]]:
    found: list[dict[str, float]] = shown.frame.eval_on_selector_all(
        selector,
        "elements => elements.map(e => { const b = e.getBoundingClientRect();"
        " return {left: b.left, right: b.right, top: b.top, bottom: b.bottom}; })",
    )
    return found


def fills(shown: Shown, selector: str) -> list[str]:
    found: list[str] = shown.frame.eval_on_selector_all(
        selector, "elements => elements.map(e => getComputedStyle(e).fill)"
    )
    return found


def on_paper(shown: Shown, script: str) -> Any:
    """What a script returns while the picture is laid out for a page that is 600 pixels wide."""
    shown.page.evaluate(
        f"""() => matchMedia('print').addEventListener('change', event => {{
          if (event.matches) window.found = ({script})();
        }})"""
    )
    shown.page.pdf(width="600px", height="800px")
    return shown.page.evaluate("window.found")


@pytest.mark.parametrize("place", ["direct", "iframe", "srcdoc"])
def test_a_strict_policy_leaves_a_complete_picture(draw: Draw, show: Show, place: str) -> None:
    policy = STRICT if place == "direct" else f"{STRICT}; frame-src 'self'"
    shown = show(draw(FOLDED), place, csp=policy)
    frames = boxes(shown, ".frames rect")
    labels = shown.frame.eval_on_selector_all(
        ".labels text", "all => all.map(text => text.textContent)"
    )
    assert max(box["right"] - box["left"] for box in frames) > 1100
    assert any(label.startswith("main") for label in labels)
    assert "rgb(0, 0, 0)" not in fills(shown, ".frames rect")
    assert shown.frame.locator(".frames rect > title").count() == len(frames)
    assert shown.frame.locator(".controls").count() == 0


@pytest.mark.parametrize("place", ["direct", "srcdoc"])
def test_a_policy_that_takes_scripts_but_no_styles_leaves_it_usable(
    draw: Draw, show: Show, place: str
) -> None:
    shown = show(draw(FOLDED), place, csp="default-src 'none'; script-src 'unsafe-inline'")
    shown.click("function_number_01")
    assert shown.shown()["function_number_01"] == (0, 100)
    assert shown.can_reset()


@pytest.mark.parametrize("width", [300, 1200, 3000])
def test_labels_stay_within_their_frames_at_every_width(draw: Draw, show: Show, width: int) -> None:
    shown = show(draw(FOLDED), width=width)
    assert shown.frame.evaluate(OUTSIDE) == []
    assert shown.frame.locator(".labels text").count() >= 2


@pytest.mark.parametrize("zoomed", ["all", "main"])
@pytest.mark.parametrize("width", [300, 1200])
def test_labels_stay_within_their_frames_on_paper(
    draw: Draw, show: Show, width: int, zoomed: str
) -> None:
    shown = show(draw(FOLDED), width=width)
    shown.click(zoomed)
    shown.search("dumps")
    count = "() => document.querySelectorAll('.labels text').length"
    assert on_paper(shown, OUTSIDE) == []
    assert on_paper(shown, count) >= 4


def test_printing_leaves_the_labels_as_they_were(draw: Draw, show: Show) -> None:
    shown = show(draw(FOLDED))
    labels = "() => document.querySelector('.labels').innerHTML"
    before = shown.frame.evaluate(labels)
    assert on_paper(shown, labels) != before
    assert shown.frame.evaluate(labels) == before


def test_labels_of_a_fixed_width_are_the_same_on_paper(draw: Draw, show: Show) -> None:
    shown = show(draw(FOLDED, "--width=700"))
    labels = "() => document.querySelector('.labels').innerHTML"
    before = shown.frame.evaluate(labels)
    assert on_paper(shown, labels) == before


def test_the_header_is_at_the_top_of_the_first_page(draw: Draw, show: Show) -> None:
    shown = show(draw(TALL))
    top = "document.querySelector('.header').getBoundingClientRect().top"
    picture = "document.documentElement.getBoundingClientRect().top"
    assert shown.frame.evaluate(picture) < 0
    assert on_paper(shown, f"() => {top} - {picture}") == 0


def test_paper_has_what_was_searched_for_and_nothing_to_press(draw: Draw, show: Show) -> None:
    shown = show(draw(FOLDED))
    shown.click("function_number_38")
    shown.search("dumps")
    right = "document.querySelector('.pyflame-search').getBoundingClientRect().right"
    assert 500 < on_paper(shown, f"() => {right}") < 600
    pressed = "e => getComputedStyle(e).display !== 'none'"
    buttons = "Array.from(document.querySelectorAll('.button, .pyflame-search button'))"
    assert on_paper(shown, f"() => {buttons}.some({pressed})") is False


@pytest.mark.parametrize("width", [300, 1200, 3000])
def test_the_picture_fills_the_width_it_has(draw: Draw, show: Show, width: int) -> None:
    root = boxes(show(draw(FOLDED), width=width), ROOT)[0]
    assert root["right"] - root["left"] == pytest.approx(0.98 * width, abs=16)


@pytest.mark.parametrize("width", [300, 1200])
def test_the_head_of_the_picture_fits(draw: Draw, show: Show, width: int) -> None:
    subtitle = "12,034 samples · 12.1 s wall · 994 Hz · 3 threads · 2 uncaptured"
    shown = show(draw(FOLDED, "--subtitle", subtitle), width=width)
    for selector in (".facts", ".legend g", ".button"):
        for box in boxes(shown, selector):
            assert box["right"] <= width, selector
    assert shown.text(".facts title") == subtitle


def test_the_search_field_keeps_all_its_buttons_on_a_narrow_page(draw: Draw, show: Show) -> None:
    shown = show(draw(FOLDED), width=300)
    shown.click("function_number_39")
    shown.search("function|dumps")
    shown.press("Enter")
    assert shown.text("output") == "100% of zoom \N{MIDDLE DOT} 1/2"
    field = boxes(shown, ".pyflame-search")[0]
    assert all(box["right"] <= field["right"] for box in boxes(shown, ".pyflame-search button"))


def test_a_fixed_width_stays(draw: Draw, show: Show) -> None:
    root = boxes(show(draw(FOLDED, "--width=700"), width=1200), ROOT)[0]
    assert (root["left"], root["right"]) == (10, 690)


def test_a_dark_page_gets_dark_frames_and_light_labels(draw: Draw, show: Show) -> None:
    picture = draw(FOLDED)
    light, dark = show(picture), show(picture, dark=True)
    for selector in (".page", ".frames g[class^='o'] rect", ".labels text"):
        assert set(fills(light, selector)).isdisjoint(fills(dark, selector)), selector
    assert fills(dark, ".labels text")[0] == "rgb(245, 245, 247)"


def test_a_chosen_background_is_the_same_for_everybody(draw: Draw, show: Show) -> None:
    picture = draw(FOLDED, "--bgcolors=#ffeedd", "--colors=hot")
    light, dark = show(picture), show(picture, dark=True)
    assert fills(light, ".frames rect") == fills(dark, ".frames rect")
    assert fills(light, ".labels text") == fills(dark, ".labels text")


def test_waiting_is_told_by_more_than_its_colour(draw: Draw, show: Show) -> None:
    shown = show(draw("a;[waiting] 3\n"))
    assert "url(" in fills(shown, ".frames .w rect")[0]
    style = "text => getComputedStyle(text).fontStyle"
    assert shown.frame.eval_on_selector(".labels text >> nth=-1", style) == "italic"


def test_a_tall_flame_graph_opens_at_its_root(draw: Draw, show: Show) -> None:
    shown = show(draw(TALL))
    root = boxes(shown, ROOT)[0]
    header = boxes(shown, ".header")[0]
    assert 0 < root["bottom"] <= 800
    assert header["top"] == pytest.approx(0, abs=1)


def test_an_empty_picture_raises_no_error(draw: Draw, show: Show) -> None:
    shown = show(draw(""))
    assert "Nothing was sampled" in shown.text("svg")
    assert shown.complaints == []


def test_ten_thousand_nested_frames_can_be_opened(draw: Draw, show: Show) -> None:
    shown = show(draw(";".join(["recurse"] * 10_000) + " 1\n"))
    assert shown.frame.locator(".frames rect").count() == 10_001
    shown.frame.locator(".frames rect").nth(9_000).click(force=True)
    assert shown.complaints == []
