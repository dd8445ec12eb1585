"""What a run says, to read: formatted where it is written as Markdown, as plain text where it is not or if asked."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QMouseEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from editor.i18n import tr
from editor.panels.viewers.document import SafeDocument
from editor.panels.viewers.pictures import Picture
from editor.panels.viewers.viewing import viewing
from editor.theme import theme

MOST_FORMATTED: Final = 200_000
"""Characters beyond which a text is shown plain, and a part of one that still grows: laying it out again with every
word would hold up the window."""
MOST_SHOWN: Final = 1_000_000
PREVIEW: Final = 20_000
"""Characters of a text that is too long to be laid out whole."""
_UNBROKEN = re.compile(rf"\S{{{PREVIEW + 1}}}")
"""Qt looks for a place to break a line again and again: two million letters in a row hold up the window for minutes."""
_MARKS = re.compile(
    r"^#{1,6} \S|\*\*\S[^\n]*\*\*|^\s*[-*+] \S|^\s*\d+\. \S|^```|\[[^\]\n]+\]\([^)\s]+\)|^\|.+\|\s*$|^> \S|`[^`\n]+`",
    re.MULTILINE,
)
_HEADINGS = {1: "large", 2: "heading"}
_SAFE = ("http", "https", "mailto")


def is_markdown(text: str) -> bool:
    """Whether a text uses marks that are better shown than read; data in braces never does."""
    return len(text) <= MOST_FORMATTED and text.lstrip()[:1] not in ("{", "[{") and bool(_MARKS.search(text))


class ResultText(QTextBrowser):
    """Shows one text. It comes from strangers: no HTML, no pictures from elsewhere, links open only when clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = SafeDocument(self)
        self.setDocument(self._document)
        self._given = ""
        self._cut = ""
        self._formatted = True
        self.setProperty("kind", "document")
        self.setAccessibleName(tr("Result"))
        self.setOpenLinks(False)
        self.anchorClicked.connect(_open)

    @property
    def given(self) -> str:
        """The text as it came."""
        return self._given

    @property
    def is_cut(self) -> bool:
        """Whether only a part of the text is shown, as it is too long."""
        return bool(self._cut)

    @property
    def can_format(self) -> bool:
        """Whether there is a choice between formatted and plain."""
        return not self._cut and is_markdown(self._given)

    def set_formatted(self, formatted: bool) -> None:
        """Whether Markdown is shown formatted."""
        if formatted != self._formatted:
            self._formatted = formatted
            self._render()

    def show_text(self, text: str, *, more: bool = False) -> None:
        """Show another text, or more of the same; a view at the end stays at the end. Of one that is too long the
        beginning is shown, or its end while there is `more` to come."""
        cut = (
            (text[-PREVIEW:] if more else text[:PREVIEW])
            if too_long(text, MOST_FORMATTED if more else MOST_SHOWN)
            else ""
        )
        if text == self._given and cut == self._cut:
            return
        self._cut = cut
        bar = self.verticalScrollBar()
        at_end, grows = bar.value() >= bar.maximum() - 4, bool(self._given) and text.startswith(self._given)
        self._given = text
        self._render()
        if not grows:
            self.moveCursor(QTextCursor.MoveOperation.Start)
        elif at_end:
            bar.setValue(bar.maximum())

    def picture_at(self, place: QPoint) -> Picture | None:
        """The picture at a place of the view, if it is one that is shown."""
        bars = QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())
        name = self.document().documentLayout().imageAt(QPointF(place) + bars)
        return self._document.picture(name) if name else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        event.accept()
        picture = self.picture_at(event.position().toPoint())
        if picture is not None and not self.textCursor().hasSelection():
            from editor.panels.viewers.enlarge import PictureWindow

            dialog = PictureWindow(picture, viewing(), self.window())
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    def _render(self) -> None:
        if self._formatted and self.can_format:
            feature = QTextDocument.MarkdownFeature
            self.document().setMarkdown(self._given, feature.MarkdownDialectGitHub | feature.MarkdownNoHTML)
            self._scale_headings()
        else:
            self.setPlainText(self._cut or self._given)

    def _scale_headings(self) -> None:
        """Headings in the sizes of the window; Qt makes them large enough for a page."""
        current, block = theme(), self.document().begin()
        while block.isValid():
            level = block.blockFormat().headingLevel()
            if level:
                role = _HEADINGS.get(level, "base")
                cursor = QTextCursor(block)
                cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
                shape = QTextCharFormat()
                shape.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
                shape.setProperty(QTextFormat.Property.FontPixelSize, round(current.pixels(role)))
                shape.setFontWeight(600)
                cursor.mergeCharFormat(shape)
                space = QTextBlockFormat()
                space.setTopMargin(2 * current.space if block.position() else 0)
                space.setBottomMargin(current.space)
                cursor.mergeBlockFormat(space)
            block = block.next()


def too_long(text: str, most: int = MOST_FORMATTED) -> bool:
    """Whether laying a text out would hold up the window; `most` characters where lines can be broken."""
    return len(text) > most or (len(text) > PREVIEW and _UNBROKEN.search(text) is not None)


def _open(url: QUrl) -> None:
    if url.scheme().lower() in _SAFE:
        QDesktopServices.openUrl(url)
