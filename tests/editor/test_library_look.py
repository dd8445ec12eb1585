"""The library: thumbnails are drawn for the size they have, samples and empty results can be read and acted on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from editor.library.cards import Apps, CardGrid, card_rect
from editor.library.pictures import PICTURE, THUMBNAIL_RATIO, Pictures, draw
from editor.library.runmarks import paint_run_mark
from editor.library.samples import SampleCard
from editor.library.side import COUNT
from editor.screenshot import wait_until
from engine.services.workflows import AppSummary
from tests.helpers.canvas import graph_of, node
from tests.helpers.studio import Studio, opened_studio


def draft(*places: tuple[int, int]) -> SimpleNamespace:
    nodes = [node(f"n{i}", x, y) for i, (x, y) in enumerate(places)]
    return SimpleNamespace(workflow=SimpleNamespace(graph=graph_of(*nodes)))


@pytest.mark.parametrize("places", [[(0, 0)], [(0, 0), (9000, 0)], [(0, 0), (300, 6000)]])
def test_a_thumbnail_fits_its_place_at_twice_the_sharpness(qapp: object, places: list[tuple[int, int]]) -> None:
    image = draw(draft(*places).workflow)
    assert image is not None
    assert image.devicePixelRatio() == THUMBNAIL_RATIO
    size = image.deviceIndependentSize()
    assert size.width() <= PICTURE.width()
    assert size.height() <= PICTURE.height()
    assert draw(draft().workflow) is None


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as made:
        yield made


def test_a_search_without_a_result_offers_to_clear_it(studio: Studio) -> None:
    library = studio.window.library
    QTest.keyClicks(library.search, "zzzz")
    buttons = lambda: [b for b in library.findChildren(QPushButton) if b.text() == "Clear the search"]  # noqa: E731
    assert wait_until(lambda: any(b.isVisible() for b in buttons()), 30)
    (clear,) = buttons()
    QTest.mouseClick(clear, Qt.MouseButton.LeftButton)
    assert library.search.text() == ""
    assert wait_until(lambda: not any(b.isVisible() for b in buttons()), 30)


# -- pictures of what is in view -------------------------------------------------------------------------------------


class SlowShelf:
    """Stands for the studio where pictures are made: what is asked for waits until the test hands it over."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._done: Callable[[Any], None] | None = None
        self.services = SimpleNamespace(workflows=SimpleNamespace(peek=None))
        self.tasks = SimpleNamespace(run=self._run)

    def _run(self, _work: Any, app_id: str, *, done: Callable[[Any], None], failed: Any) -> None:
        assert self._done is None, "one picture at a time"
        self.asked.append(app_id)
        self._done = done

    def hand_over(self) -> None:
        """The oldest wish is answered."""
        done, self._done = self._done, None
        assert done is not None
        done(draft((0, 0)).workflow)

    @property
    def is_idle(self) -> bool:
        return self._done is None


def summary(number: int) -> AppSummary:
    return AppSummary(f"a{number}", f"App {number}", "workflow", "", "", "", "2026-01-01", None, False, False, 1)


def test_pictures_are_made_of_what_is_in_view_and_first_of_what_is_in_view_now(qapp: object) -> None:
    shelf, holder = SlowShelf(), QObject()
    pictures = Pictures(shelf, holder)  # type: ignore[arg-type]
    grid = CardGrid(Apps(), pictures)
    grid.lookedAt.connect(lambda: pictures.want(grid.in_view()))
    grid.resize(620, 640)
    grid.apps.show([summary(n) for n in range(120)], {}, [])
    grid.show()
    pictures.want(grid.in_view())
    first = [app.id for app in grid.in_view()]
    assert 4 <= len(first) < 30
    shelf.hand_over()
    assert shelf.asked == first[:2], "one after the other, from the top"
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
    shelf.hand_over()
    now = [app.id for app in grid.in_view()]
    assert not set(now) & set(first)
    assert shelf.asked[2] == now[0], "what was scrolled away waits for nobody"
    while not shelf.is_idle:
        shelf.hand_over()
    assert shelf.asked == [*first[:2], *now]
    assert pictures.find(grid.apps.apps[-1]) is not None
    assert pictures.find(grid.apps.apps[60]) is None
    grid.close()


# -- lines that meet ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1100, 1280, 1366, 1440])
def test_samples_stand_between_the_same_lines_as_cards(studio: Studio, width: int) -> None:
    studio.window.resize(width, 720)
    library = studio.window.library
    for number in range(6):
        studio.services.workflows.create("workflow", f"App {number}")
    library.refresh()
    grid = library.grid
    assert wait_until(lambda: grid.isVisible() and grid.apps.rowCount() == 6, 30)

    def on_page(rect: QRect, of: Any) -> tuple[int, int, int]:
        corner = of.mapTo(library, rect.topLeft())
        return corner.x(), corner.y(), rect.width()

    places = [on_page(card_rect(grid.visualRect(grid.apps.index(n))), grid.viewport()) for n in range(6)]
    library.go("samples")
    found = library.samples.findChildren(SampleCard)

    def samples() -> list[tuple[int, int, int]]:
        placed = sorted((on_page(card.rect(), card) for card in found), key=lambda place: (place[1], place[0]))
        return placed[:6]

    def meet(card: tuple[int, int, int], sample: tuple[int, int, int]) -> bool:
        return abs(card[0] - sample[0]) <= 2 and abs(card[2] - sample[2]) <= 2

    def in_line() -> bool:
        return all(map(meet, places, samples())) and abs(places[0][1] - samples()[0][1]) <= 2

    assert wait_until(in_line, 10), (places, samples())
    rows = [[place[1] for place in part].count(part[0][1]) for part in (places, samples())]
    assert rows[0] == rows[1] < 6, "as many in a row"


def test_counts_of_places_are_parted_from_their_names_and_said(studio: Studio) -> None:
    library = studio.window.library
    studio.services.workflows.create("advanced-chat", "Talk")
    library.refresh()
    assert wait_until(lambda: library.grid.apps.rowCount() == 1, 30)
    places = library.side.places
    rows = {places.item(row).text(): places.item(row) for row in range(places.count())}
    assert rows["Chat flows"].data(COUNT) == 1
    assert rows["Chat flows"].data(Qt.ItemDataRole.AccessibleTextRole) == "Chat flows, 1"
    assert rows["Pinned"].data(Qt.ItemDataRole.AccessibleTextRole) == "Pinned"


def test_the_last_runs_differ_in_shape_not_only_in_colour(qapp: object) -> None:
    shapes = {}
    for status in ("succeeded", "failed", "partial-succeeded", "stopped", "running", "paused"):
        picture = QImage(28, 28, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(4, 4)
        paint_run_mark(painter, QRectF(0, 0, 7, 7), status)
        painter.end()
        inked = [picture.pixelColor(QPoint(x, y)).alpha() > 128 for x in range(28) for y in range(28)]
        assert any(inked), status
        shapes[status] = inked
    for one, mark in shapes.items():
        for other, another in shapes.items():
            differing = sum(a != b for a, b in zip(mark, another, strict=True))
            assert one == other or differing > 40, (one, other, differing)
