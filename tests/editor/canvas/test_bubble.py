"""The sentence beside the pointer while something is carried: whole, whatever it says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from editor.canvas.overlays.bubble import paint_bubble

ENGLISH = "A connection cannot cross the border of a container, nor can it lead back to where it began."
CHINESE = "有 2 个节点不能放在这里；连线不能跨越容器边界，也不能回到起点，请换一个地方再试一次。"
FLAGS = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter)


@pytest.mark.parametrize("whole", [ENGLISH, CHINESE], ids=["english", "chinese"])
@pytest.mark.parametrize("x", [40.0, 40.5, 799.3])
def test_a_bubble_has_room_for_every_beginning_of_a_sentence(qtbot: QtBot, whole: str, x: float) -> None:
    picture = QImage(800, 600, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(picture)
    try:
        for length in range(1, len(whole) + 1):
            text = whole[:length].strip()
            box = paint_bubble(painter, text, x, 590.2, QRect(0, 0, 800, 600))
            inner = box.adjusted(11, 7, -11, -7)
            needed = painter.boundingRect(inner, FLAGS, text)
            assert needed.height() <= inner.height(), text
            assert needed.width() <= inner.width(), text
            assert box.right() <= 800, text
            assert box.bottom() <= 600, text
    finally:
        painter.end()
