"""Every state of a card can be told from every other one, in both themes and from near and far, without its colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from editor.canvas.view import CanvasView
from editor.theme import set_theme, theme
from engine.run.fold import NodeRunState, RunState
from tests.helpers.canvas import CanvasHand, graph_of, node
from tests.helpers.state_sheet import STATES, StateSheet

Make = Callable[..., CanvasHand]


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


def ground_of(view: CanvasView, node_id: str) -> str:
    """The colour that most of a far card has."""
    picture, rect = view.grab().toImage(), view.node_rect(node_id).toRect()
    seen = Counter(
        picture.pixelColor(x, y).name()
        for x in range(rect.left() + 2, rect.right() - 1)
        for y in range(rect.top() + 2, rect.bottom() - 1)
    )
    return seen.most_common(1)[0][0]


@pytest.mark.spec("editor.36", "editor.38")
@pytest.mark.parametrize("zoom", [0.183, 0.2, 0.24, 0.28, 0.2985, 0.2995, 0.31, 0.36, 0.45])
def test_far_cards_of_one_kind_have_one_look_whatever_their_titles(canvas: Make, look: str, zoom: float) -> None:
    titles = [
        "A",
        "Save",
        "Constitutional Handler",
        "整理会计部门的月度报表并发送",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ]
    code = {"code": "def main():\n    return {}", "code_language": "python3"}
    nodes = [node(f"n{n}", n * 321 + n * n, 7 * n, "code", title=title, **code) for n, title in enumerate(titles)]
    hand = canvas(graph_of(*nodes), size=(1000, 300))
    looks = set()
    for place in (60.0, 60.3, 60.7):  # where a card stands between two pixels changes nothing
        hand.look(zoom, place, place)
        looks |= {ground_of(hand.view, f"n{n}") for n in range(len(titles))}
    assert len(looks) == 1


@pytest.mark.spec("editor.80")
@pytest.mark.parametrize("zoom", [1.0, 0.6, 0.35])
def test_errors_and_warnings_differ_by_the_shape_of_their_mark(canvas: Make, look: str, zoom: float) -> None:
    hand = canvas(graph_of(node("wrong", 0, 0), node("odd", 320, 0)))
    hand.view.set_problems({"wrong": (1, 0, ""), "odd": (0, 1, "")})
    hand.look(zoom)
    picture = hand.view.grab().toImage()
    inked = []
    for node_id, tone in (("wrong", "bad"), ("odd", "warn")):
        corner = hand.view.node_rect(node_id).toRect().topRight()
        area = QRect(corner.x() - 14, corner.y() - 14, 28, 28)
        wanted = theme().color(tone)
        inked.append(
            [
                abs(picture.pixelColor(x, y).hue() - wanted.hue()) < 12 and picture.pixelColor(x, y).saturation() > 90
                for x in range(area.left(), area.right())
                for y in range(area.top(), area.bottom())
            ]
        )
    assert all(map(any, inked))
    assert sum(a != b for a, b in zip(*inked, strict=True)) >= 12


@pytest.mark.spec("editor.37", "editor.80")
def test_failed_shapes_have_a_cross(canvas: Make, look: str) -> None:
    hand = canvas(graph_of(node("bad", 0, 0), node("good", 320, 0)))
    state = RunState()
    for node_id, status in (("bad", "failed"), ("good", "succeeded")):
        state.nodes[node_id] = NodeRunState(node_id=node_id, status=status)
    hand.view.set_run_state(state)
    hand.look(0.13)
    picture = hand.view.grab().toImage()
    centres = [picture.pixelColor(hand.view.node_rect(n).toRect().center()).name() for n in ("bad", "good")]
    assert centres[0] == theme().color("text").name()
    assert centres[1] != theme().color("text").name()


@pytest.mark.spec("editor.37", "editor.38")
@pytest.mark.parametrize("zoom", [1.0, 0.45, 0.35])
def test_the_header_of_a_container_has_a_sign_of_its_state(canvas: Make, look: str, zoom: float) -> None:
    hand = canvas(graph_of(node("room", 0, 0, "iteration", width=600, height=300)))
    hand.look(zoom)
    rect = hand.view.node_rect("room").toRect()
    end = QRect(rect.right() - 26, rect.top() + 3, 22, round(48 * zoom) - 5)
    seen = {grey(hand.view.grab().toImage(), end)}
    for status in ("running", "succeeded", "failed", "exception", "stopped", "skipped"):
        state = RunState()
        state.nodes["room"] = NodeRunState(node_id="room", status=status)
        hand.view.set_run_state(state)
        hand.settle()
        seen.add(grey(hand.view.grab().toImage(), end))
    assert len(seen) == 7
