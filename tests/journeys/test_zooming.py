"""Zoom in the window: the place under the pointer stays, the percentage is whole, the limits hold by every way."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from tests.helpers.canvas import CTRL
from tests.helpers.studio import Studio


@pytest.mark.spec("editor.3")
@pytest.mark.parametrize("mode", ["pointer", "hand"])
def test_the_wheel_zooms_at_the_pointer_and_shows_whole_percents(studio: Studio, mode: str) -> None:
    page = studio.sample("for-each-item")
    canvas, hand = page.canvas, studio.hand
    canvas.set_mode(mode)  # type: ignore[arg-type]
    canvas.fit()
    keys = CTRL if mode == "pointer" else Qt.KeyboardModifier.NoModifier
    for at in (QPointF(10, 10), QPointF(333, 251), QPointF(canvas.width() - 5, canvas.height() - 5)):
        for turn in (0.3, 1, -2, 0.1, 3):
            before = canvas.camera.to_scene(at.x(), at.y())
            hand.wheel(at, turn, keys)
            after = canvas.camera.to_view(*before)
            assert abs(after[0] - at.x()) <= 1
            assert abs(after[1] - at.y()) <= 1
            shown = page.tools.percent.text()
            assert re.fullmatch(r"\d+\s?%", shown), shown
            assert int(re.sub(r"\D", "", shown)) == round(canvas.zoom * 100)


@pytest.mark.spec("editor.3", "editor.1")
def test_the_limits_hold_for_wheel_and_keys(studio: Studio) -> None:
    page = studio.sample("for-each-item")
    studio.activate()
    canvas, hand = page.canvas, studio.hand
    canvas.setFocus()
    for turn, key, limit in ((-40, Qt.Key.Key_Minus, 0.25), (60, Qt.Key.Key_Equal, 2.0)):
        hand.wheel(QPointF(300, 300), turn, CTRL)
        assert canvas.zoom == limit
        for _ in range(3):
            QTest.keyClick(canvas, key, CTRL)
        assert canvas.zoom == limit
        assert page.tools.percent.text().startswith(str(round(limit * 100)))
