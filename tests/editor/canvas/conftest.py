"""Fixtures of the canvas tests: the theme in force, and a factory of canvases that are put away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from editor.i18n import set_language
from editor.theme import set_theme
from engine.model.graph import Graph
from tests.helpers.canvas import CanvasHand


@pytest.fixture(autouse=True)
def _dressed(qapp: QApplication) -> Iterator[None]:
    set_language("en")
    set_theme("dark")
    yield
    set_language("en")


@pytest.fixture
def canvas() -> Iterator[Callable[..., CanvasHand]]:
    """Makes canvases on graphs; all are closed at the end."""
    made: list[CanvasHand] = []

    def make(graph: Graph, **options: Any) -> CanvasHand:
        hand = CanvasHand(graph, **options)
        made.append(hand)
        return hand

    yield make
    for hand in made:
        hand.close()
