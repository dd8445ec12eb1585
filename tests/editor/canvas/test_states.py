"""Every state of a card can be told from every other one, in both themes and from near and far, without its colour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from editor.theme import set_theme
from tests.helpers.state_sheet import STATES, StateSheet


@pytest.fixture(params=["dark", "light"])
def look(request: pytest.FixtureRequest, qapp: object) -> Iterator[str]:
    set_theme(request.param)
    yield request.param
    set_theme("dark")


def grey(picture: QImage, area: QRect) -> bytes:
    return bytes(picture.copy(area).convertToFormat(QImage.Format.Format_Grayscale8).constBits())


@pytest.mark.spec("editor.37", "editor.80")
@pytest.mark.parametrize("zoom", [1.0, 0.6, 0.4])
def test_run_states_differ_by_shape(look: str, zoom: float) -> None:
    sheet = StateSheet(zoom)
    view = sheet.hand.view
    picture = view.grab().toImage()
    seen: dict[bytes, str] = {}
    for status in STATES:
        rect = view.node_rect(status).toRect()
        if zoom >= 0.5:
            # The status glyph at the right end of the header.
            side = 30 if zoom == 1.0 else 22
            area = QRect(rect.right() - side, rect.top() + 4, side - 6, round(44 * zoom))
        else:
            area = QRect(rect.right() - 12, rect.bottom() - 12, 18, 18)
        seen[grey(picture, area)] = status
    missing = set(STATES) - set(seen.values())
    # What waits for a person shows the same pause sign, and words tell which it is.
    assert not missing - {"paused", "held"}
    sheet.hand.close()


@pytest.mark.spec("editor.37")
def test_what_waits_for_a_person_says_so_in_words(look: str) -> None:
    sheet = StateSheet()
    items = sheet.hand.view.scene.items
    assert items["held"].shown.footer
    assert items["paused"].shown.footer
    picture = sheet.hand.view.grab().toImage()
    footers = []
    for status in ("held", "paused"):
        rect = sheet.hand.view.node_rect(status).toRect()
        footers.append(grey(picture, QRect(rect.left() + 4, rect.bottom() - 24, 160, 20)))
    assert footers[0] != footers[1]
    sheet.hand.close()


def test_an_edge_on_its_way_shows_its_direction_and_a_comparison_has_signs(look: str) -> None:
    sheet = StateSheet()
    view = sheet.hand.view
    picture = view.grab().toImage()
    flowing = next(e for e in view.scene.edges.values() if (e.source, e.target) == ("waiting", "running"))
    x, y = view.camera.to_view(*flowing.route.middle())
    # The arrow head is wider at its back than at its tip.
    ground = picture.pixelColor(round(x), round(y) - 14)

    def height(column: int) -> int:
        return sum(picture.pixelColor(round(x) + column, round(y) + dy) != ground for dy in range(-9, 10))

    assert height(-4) > height(5)
    added, removed = (view.node_rect(name).toRect() for name in ("added", "removed"))
    signs = [grey(picture, QRect(r.left() - 4, r.top() - 6, 14, 14)) for r in (added, removed)]
    assert signs[0] != signs[1]
    sheet.hand.close()
