"""Of very many frames, the narrow ones are drawn together, and behave like all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Draw, Show, Shown

COLUMNS, ROWS = 250, 60
FOLDED = "".join(
    ";".join(f"f{row}_{column:03}" for row in range(ROWS)) + " 1\n" for column in range(COLUMNS)
)
PACKED_COLUMN = COLUMNS - 10


@pytest.fixture
def shown(place: str, draw: Draw, show: Show) -> Shown:
    return show(draw(FOLDED), place)


def point_at(shown: Shown, row: int, column: int) -> None:
    """Moves the mouse over the place where a frame must be."""
    root = shown.frame.locator(shown.rect("all")).bounding_box()
    assert root is not None
    x = root["x"] + root["width"] * (column + 0.5) / COLUMNS
    y = root["y"] + root["height"] / 2 - 16 * (row + 1)
    shown.page.mouse.move(x, y)


def test_most_frames_are_no_elements(shown: Shown) -> None:
    assert shown.frame.locator(".frames rect").count() == 10_000
    assert shown.frame.locator(".frames .packed").count() > 0
    assert shown.complaints == []


@pytest.mark.parametrize("row", [1, 5, 20])
def test_the_frame_under_the_pointer_is_described(shown: Shown, row: int) -> None:
    point_at(shown, row, PACKED_COLUMN)
    assert shown.text(".header .details").startswith(f"f{row}_{PACKED_COLUMN}")
    point_at(shown, row, PACKED_COLUMN + 1)
    assert shown.text(".header .details").startswith(f"f{row}_{PACKED_COLUMN + 1}")
    assert "1 samples (0.40%)" in shown.text(".header .details")


def test_a_click_zooms_to_it_and_the_button_back(shown: Shown) -> None:
    point_at(shown, 3, PACKED_COLUMN)
    shown.page.mouse.down()
    shown.page.mouse.up()
    visible = shown.shown()
    assert visible[f"f3_{PACKED_COLUMN}"] == (0, 100)
    assert visible[f"f{ROWS - 1}_{PACKED_COLUMN}"] == (0, 100)
    assert len(visible) == ROWS + 1
    assert not shown.frame.locator(".frames .packed").first.is_visible()
    shown.reset()
    assert shown.frame.locator(".frames .packed").first.is_visible()
    assert shown.shown()[f"f3_{PACKED_COLUMN}"] == (96, 0.4)
    assert shown.complaints == []


def test_a_search_finds_it(shown: Shown) -> None:
    said = shown.search(f"^f[0-9]+_{PACKED_COLUMN}$")
    assert said == f"0.40% \N{MIDDLE DOT} {ROWS}"
    assert shown.frame.locator(".frames rect.match").count() == ROWS
    opacity = "element => getComputedStyle(element).fillOpacity"
    assert shown.frame.eval_on_selector(".frames .packed path", opacity) == "0.45"
    assert shown.frame.eval_on_selector(".frames rect.match", opacity) == "1"
    assert shown.complaints == []


def test_a_hatch_is_not_stretched(draw: Draw, show: Show) -> None:
    columns = range(7_000)
    shown = show(draw("".join(f"f{column:04};[waiting] 1\n" for column in columns)))
    assert shown.frame.locator(".frames g.w .packed").count() == 0
    waiting = shown.frame.locator(".frames g.w rect").count()
    assert waiting == len(columns)
    assert shown.complaints == []
