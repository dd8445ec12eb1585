"""A workflow's own icon: its picture, its emoji on its colour, or a drawing of its kind where no font has emoji."""

from __future__ import annotations

import sys
from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QImage, QPainter, QPainterPath, QPixmap

from editor import icons
from editor.theme import theme

KINDS = {"advanced-chat": "chat", "chat": "chat", "agent-chat": "agent", "agent": "agent", "rag_pipeline": "database"}


@lru_cache(maxsize=1)
def has_emoji() -> bool:
    """Whether the system can draw emoji; without a font for them they would be empty boxes."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any("emoji" in family.lower() for family in QFontDatabase.families())


@lru_cache(maxsize=256)
def _image(path: str) -> QImage:
    return QImage(path)  # files of the workspace are named by their content and never change


def app_icon(emoji: str, background: str, mode: str, side: int = 32, image: str = "") -> QPixmap:
    """The icon of a workflow, `side` logical pixels square; `image` is the path of its picture, if it has one."""
    app = QGuiApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    drawing = _image(image) if image else QImage()
    if not drawing.isNull():
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(0, 0, side, side), side * 0.28, side * 0.28)
        painter.setClipPath(shape)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, side, side), drawing)
    elif emoji and len(emoji) <= 4 and has_emoji():
        colour = QColor(background)
        painter.setBrush(colour if colour.isValid() else theme().color("chip"))
        painter.drawRoundedRect(QRectF(0, 0, side, side), side * 0.28, side * 0.28)
        font = QFont(painter.font())
        font.setPixelSize(round(side * 0.56))
        painter.setFont(font)
        painter.drawText(QRectF(0, 0, side, side), Qt.AlignmentFlag.AlignCenter, emoji)
    else:
        name = KINDS.get(mode, "blocks")
        drawn = icons.tile(name, "model" if name in ("chat", "agent") else "entry", side)
        painter.drawPixmap(0, 0, drawn)
    painter.end()
    return picture
