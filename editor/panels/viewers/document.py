"""A text document that is safe to fill with what a stranger wrote.

Qt's own documents open the file that a picture names when their widget answers nothing for it, and look for it once
more while they draw. Here every picture is answered with pixels: those of a `data:` address or of a stored file of the
workspace, else a sign that stands for a picture.
"""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QObject, QSize, QUrl
from PySide6.QtGui import QImage, QTextDocument

from editor.i18n import tr
from editor.icons import pixmap
from editor.panels.viewers.pictures import NoPicture, Picture, decoded
from editor.panels.viewers.viewing import Viewing, viewing

LARGEST: Final = QSize(256, 256)
MOST_PIXELS: Final = 16_000_000
MOST_SHOWN: Final = 20
SIGN: Final = 16


class SafeDocument(QTextDocument):
    """Shows pictures within limits; fetches nothing, reads no other file."""

    def __init__(self, parent: QObject | None = None, given: Viewing | None = None) -> None:
        super().__init__(parent)
        self._viewing = given or viewing()
        self._made: dict[str, QImage] = {}

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Pixels for a picture; an empty text for anything else. Never nothing: Qt would look for itself then."""
        url = QUrl(name) if isinstance(name, str) else name
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return ""
        key = url.toString()
        if key not in self._made:
            self._made[key] = self._picture(url)
        return self._made[key]

    def picture(self, name: str) -> Picture | None:
        """The picture that a name in the text means, if it may be shown."""
        if name.startswith("data:"):
            return Picture(tr("Picture"), data=name)
        path = self._viewing.stored(QUrl(name))
        return Picture(tr("Picture"), path=path) if path is not None else None

    def _picture(self, url: QUrl) -> QImage:
        if len(self._made) < MOST_SHOWN:
            picture = self.picture(url.toString())
            if picture is not None:
                try:
                    return decoded(picture.content(), LARGEST, MOST_PIXELS)[0]
                except NoPicture:
                    pass
        return pixmap("image", "muted", SIGN).toImage().convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
