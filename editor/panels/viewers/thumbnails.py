"""Pictures of a value, small and in a row; a click or Enter shows one large."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QToolButton
from shiboken6 import isValid

from editor.i18n import tr
from editor.icons import pixmap
from editor.panels.talk.flow import Flow
from editor.panels.viewers.pictures import NoPicture, Picture, decoded
from editor.panels.viewers.viewing import Viewing

SIDE: Final = 96
WIDE: Final = 112
SIGN: Final = 28
ROUND: Final = 32
"""Room above the picture, between it and its name, and below."""


class Thumbnail(QToolButton):
    """One picture with its name; what cannot be shown says why."""

    def __init__(self, picture: Picture, viewing: Viewing) -> None:
        super().__init__()
        self.picture = picture
        self._viewing = viewing
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setProperty("kind", "thumbnail")
        self.setFixedWidth(WIDE)
        self.setIconSize(QSize(SIDE, SIDE))
        self._put(pixmap("image", "faint", SIGN).toImage())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setEnabled(False)
        self._say(picture.name)
        self.clicked.connect(self.enlarge)
        viewing.later(self._read, self._show)

    def sizeHint(self) -> QSize:
        """With room for a name and a reason from the start: the row asks once, and the reason comes later."""
        return QSize(WIDE, SIDE + 2 * self.fontMetrics().lineSpacing() + ROUND)

    def _read(self) -> tuple[QImage, QSize] | str:
        """On a thread. Twice the size, for screens with fine pixels."""
        try:
            return decoded(self.picture.content(), QSize(2 * SIDE, 2 * SIDE))
        except NoPicture as problem:
            return str(problem)

    def _show(self, found: tuple[QImage, QSize] | str) -> None:
        if not isValid(self):
            return
        if isinstance(found, str):
            self._say(self.picture.name, found)
            return
        image, size = found
        self._put(image)
        self.setEnabled(True)
        self._say(self.picture.name, f"{size.width()} × {size.height()}")

    def _put(self, image: QImage) -> None:
        """The picture in the middle of its square, so that the names stand in one line."""
        ratio = self.devicePixelRatioF()
        square = QPixmap(QSize(SIDE, SIDE) * ratio)
        square.setDevicePixelRatio(ratio)
        square.fill(Qt.GlobalColor.transparent)
        size = image.deviceIndependentSize().toSize()
        if size.width() > SIDE or size.height() > SIDE:
            size = size.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio)
        painter = QPainter(square)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRect(QPoint((SIDE - size.width()) // 2, (SIDE - size.height()) // 2), size), image)
        painter.end()
        shown = QIcon(square)
        shown.addPixmap(square, QIcon.Mode.Disabled)
        self.setIcon(shown)

    def _say(self, name: str, about: str = "") -> None:
        metrics, room = self.fontMetrics(), WIDE - 12
        lines = [metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)]
        if about and not self.isEnabled():
            lines.append(metrics.elidedText(about, Qt.TextElideMode.ElideRight, room))
        self.setText("\n".join(lines))
        self.setToolTip("\n".join(part for part in (name, about, self.picture.address) if part))
        self.setAccessibleName(tr("Show {name} large", name=name))
        self.setAccessibleDescription(about)

    def enlarge(self) -> None:
        """Show the picture as large as the window allows."""
        from editor.panels.viewers.enlarge import PictureWindow

        dialog = PictureWindow(self.picture, self._viewing, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


class Thumbnails(Flow):
    """A row of pictures that wraps."""

    def __init__(self, pictures: Sequence[Picture], viewing: Viewing) -> None:
        super().__init__()
        self.setAccessibleName(tr("Pictures"))
        self.pictures: list[Thumbnail] = []
        for picture in pictures:
            thumbnail = Thumbnail(picture, viewing)
            self.pictures.append(thumbnail)
            self.add(thumbnail)
