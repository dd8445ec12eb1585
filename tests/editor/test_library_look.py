"""The library: thumbnails are drawn for the size they have, samples and empty results can be read and acted on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from editor.library.pictures import PICTURE, THUMBNAIL_RATIO, draw
from editor.screenshot import wait_until
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
