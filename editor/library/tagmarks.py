"""Colours of tags: words that are kept, and what they look like in the theme in force."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap

from editor.theme import theme

# The colours of node families and states, so that tags are told apart in the dark and in the light.
FAMILIES = {
    "blue": "entry",
    "green": "knowledge",
    "yellow": "human",
    "orange": "data",
    "violet": "model",
    "teal": "logic",
    "grey": "note",
}
WORDS = {
    "blue": "Blue",
    "green": "Green",
    "yellow": "Yellow",
    "orange": "Orange",
    "red": "Red",
    "violet": "Violet",
    "teal": "Teal",
    "grey": "Grey",
}


def colour_of(name: str) -> QColor:
    """A tag's colour; grey for a word that is none."""
    return theme().color("bad") if name == "red" else theme().family(FAMILIES.get(name, "note"))


def dot(name: str, size: int = 16) -> QIcon:
    """A round mark in a tag's colour."""
    app = QGuiApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour_of(name))
    painter.drawEllipse(QRectF(size * 0.22, size * 0.22, size * 0.56, size * 0.56))
    painter.end()
    return QIcon(picture)
