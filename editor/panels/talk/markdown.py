"""An answer as markdown: paragraphs, lists, tables and headings as text, code in boxes of its own with copy.

Answers are texts of strangers: HTML in them stays text, nothing is fetched, no file is read that is not a stored file
of the workspace, and links only tell that they were clicked.
While an answer streams, only the block that grows is set again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QEvent, Qt, QUrl, Signal
from PySide6.QtGui import (
    QFont,
    QGuiApplication,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.forms.code_edit import Highlighter
from editor.panels.parts import PartLine, tool_button
from editor.panels.result_text import PREVIEW, too_long
from editor.panels.value_view import save_value, size_text
from editor.panels.viewers.document import SafeDocument
from editor.panels.viewers.viewing import Viewing, stored_in
from editor.theme import theme, theme_signal

LONG: Final = 3000
"""Characters after which a text block ends at the next paragraph, so that a long answer stays quick to stream."""
TALLEST: Final = 420
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$")
_STRUCTURE: Final = re.compile(r"^\s*(?:[-*+>|#]|\d+[.)]|$)")
_LANGUAGES: Final = {
    "py": "python3", "python": "python3", "js": "javascript", "jinja": "jinja2", "md": "markdown", "sh": "bash",
}  # fmt: skip

MOST_SHOWN: Final = 100_000
"""Characters of an answer that are laid out; it is done anew with each piece that comes."""


class Block(NamedTuple):
    """A piece of an answer: markdown, or code (`language` may be empty)."""

    kind: str
    text: str
    language: str = ""


def blocks(text: str) -> list[Block]:
    """An answer cut into text and code; a fence that is still open is code to the end."""
    found: list[Block] = []
    lines: list[str] = []
    size = 0

    def close() -> None:
        nonlocal size
        words = "\n".join(lines).strip("\n")
        if words.strip():
            found.append(Block("text", words))
        lines.clear()
        size = 0

    waiting = iter(text.split("\n"))
    for line in waiting:
        fence = _FENCE.match(line)
        if fence is None:
            if size > LONG and not lines[-1].strip() and not _STRUCTURE.match(line):
                close()
            lines.append(line)
            size += len(line) + 1
            continue
        close()
        code: list[str] = []
        for inside in waiting:
            if inside.strip().startswith(fence[1]) and not inside.strip().strip(fence[1][0]):
                break
            code.append(inside)
        found.append(Block("code", "\n".join(code), fence[2].lower()))
    close()
    return found


def with_breaks(text: str) -> str:
    """Single line ends as people mean them in a chat: kept, except where they are part of the structure."""
    lines = text.split("\n")
    for number in range(len(lines) - 1):
        if not _STRUCTURE.match(lines[number]) and not _STRUCTURE.match(lines[number + 1]):
            lines[number] = lines[number].rstrip() + "  "
    return "\n".join(lines)


class TextBlock(QTextBrowser):
    """Markdown as high as it needs; scrolling belongs to whoever holds it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.setDocument(SafeDocument(self, Viewing(partial(stored_in, folder))))
        self._text = ""
        self.setProperty("kind", "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName(tr("Answer"))
        self.document().setDocumentMargin(0)
        self.document().setIndentWidth(20)
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self._fit())

    def show_text(self, text: str) -> None:
        """Show markdown."""
        if text == self._text:
            return
        self._text = text
        self.restyle()

    def restyle(self) -> None:
        """Lay the text out in the theme that is in force."""
        self.document().setDefaultFont(theme().font("base"))
        features = QTextDocument.MarkdownFeature.MarkdownNoHTML | QTextDocument.MarkdownFeature.MarkdownDialectGitHub
        self.document().setMarkdown(with_breaks(self._text), features)
        _dress(self.document())
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def _fit(self) -> None:
        wide = self.document().size().width() > self.viewport().width() + 1
        bar = self.horizontalScrollBar().sizeHint().height() if wide else 0
        height = int(self.document().size().height()) + 2 + bar
        if height != self.height():
            self.setFixedHeight(height)


def _dress(document: QTextDocument) -> None:
    """Give headings, tables, code and paragraphs the look of the theme."""
    look = theme()
    block = document.begin()
    while block.isValid():
        cursor = QTextCursor(block)
        shape = QTextBlockFormat(block.blockFormat())
        level = shape.headingLevel()
        in_list = block.textList() is not None
        shape.setTopMargin(10 if level and block.blockNumber() else 0)
        shape.setBottomMargin(3 if in_list else 8 if block.next().isValid() else 0)
        shape.setLineHeight(135, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        quoted = int(shape.property(QTextFormat.Property.BlockQuoteLevel) or 0)
        if quoted:
            shape.setLeftMargin(16 * quoted)
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            said = QTextCharFormat()
            said.setForeground(look.color("muted"))
            said.setFontItalic(True)
            cursor.mergeCharFormat(said)
            cursor = QTextCursor(block)
        cursor.setBlockFormat(shape)
        if level:
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            style = QTextCharFormat()
            style.setFont(look.font("large" if level == 1 else "heading" if level == 2 else "title"))
            style.setFontWeight(QFont.Weight.DemiBold)
            style.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)  # Qt's own, on top of the font's size
            cursor.mergeCharFormat(style)
        _dress_code(block)
        block = block.next()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _dress_table(frame)


def _dress_code(block: Any) -> None:
    """Code between words: the code font on a quiet ground."""
    look = theme()
    iterator = block.begin()
    spans = []
    while not iterator.atEnd():
        fragment = iterator.fragment()
        if fragment.charFormat().fontFixedPitch():
            spans.append((fragment.position(), fragment.length()))
        iterator += 1
    for start, length in spans:
        cursor = QTextCursor(block)
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        style = QTextCharFormat()
        style.setFont(look.font("code"))
        style.setBackground(look.color("chip"))
        cursor.mergeCharFormat(style)


def _dress_table(table: QTextTable) -> None:
    look = theme()
    shape = table.format()
    shape.setBorder(1)
    shape.setBorderCollapse(True)
    shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    shape.setBorderBrush(look.color("line"))
    shape.setCellPadding(6)
    shape.setCellSpacing(0)
    shape.setTopMargin(2)
    shape.setBottomMargin(8)
    shape.setWidth(QTextLength())
    table.setFormat(shape)
    for row in range(table.rows()):
        for column in range(table.columns()):
            cell = table.cellAt(row, column)
            style = cell.format().toTableCellFormat()
            style.setBackground(look.color("chip") if row == 0 else Qt.GlobalColor.transparent)
            cell.setFormat(style)
            cursor = cell.firstCursorPosition()
            inner = cursor.blockFormat()
            inner.setBottomMargin(0)
            cursor.setBlockFormat(inner)
            if row == 0:
                cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
                bold = QTextCharFormat()
                bold.setFontWeight(QFont.Weight.DemiBold)
                cursor.mergeCharFormat(bold)


class CodeBlock(QFrame):
    """Code with its language and a button that copies it; long lines scroll sideways."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "code-block")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 4, 6, 0)
        self.language = QLabel()
        self.language.setProperty("kind", "tiny")
        head.addWidget(self.language, 1)
        head.addWidget(tool_button("copy", tr("Copy the code"), self.copy))
        column.addLayout(head)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setProperty("kind", "bare-code")
        self.text.setAccessibleName(tr("Code"))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.text.setFont(theme().font("code"))
        self.text.document().setDocumentMargin(0)
        self.text.viewport().installEventFilter(self)
        column.addWidget(self.text)
        self._colours = Highlighter(self.text.document(), "text")

    def show_code(self, code: str, language: str) -> None:
        """Show a text in a language."""
        if self.language.text() != language:
            self.language.setText(language)
            self._colours.set_language(_LANGUAGES.get(language, language or "text"))
        before = self.text.toPlainText()
        if code == before:
            return
        if before and code.startswith(before):
            cursor = QTextCursor(self.text.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(code[len(before) :])
        else:
            self.text.setPlainText(code)
        lines = self.text.document().blockCount()
        height = lines * self.text.fontMetrics().lineSpacing() + self.text.horizontalScrollBar().sizeHint().height() + 8
        self.text.setFixedHeight(min(TALLEST, height))

    def copy(self) -> None:
        """Put the code on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def restyle(self) -> None:
        """Take the theme's font and colours."""
        self.text.setFont(theme().font("code"))
        self._colours.renew()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """The wheel belongs to the conversation unless the code itself can scroll that way."""
        if event.type() == QEvent.Type.Wheel and isinstance(event, QWheelEvent):
            bar = self.text.verticalScrollBar()
            if not event.angleDelta().x() and bar.maximum() == bar.minimum():
                event.ignore()
                return True
        return bool(super().eventFilter(watched, event))


class MarkdownView(QWidget):
    """An answer. `linkClicked` names an address; nobody opened it yet."""

    linkClicked = Signal(str)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._blocks: list[Block] = []
        self._widgets: list[TextBlock | CodeBlock] = []
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._outer.setSpacing(8)
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        self._outer.addLayout(self._column)
        self._part: PartLine | None = None
        theme_signal().changed.connect(self._restyle)

    def text(self) -> str:
        """What is shown, as markdown."""
        return self._text

    _text = ""

    def set_text(self, text: str) -> None:
        """Show an answer, or what has come of it so far."""
        if text == self._text:
            return
        self._text = text
        cut = too_long(text, MOST_SHOWN)
        wanted = blocks(text[:PREVIEW] if cut else text)
        self._tell_part(cut=cut)
        for number, block in enumerate(wanted):
            if number < len(self._blocks) and self._blocks[number] == block:
                continue
            if number < len(self._widgets) and self._blocks[number].kind != block.kind:
                self._cut(number)
            if number == len(self._widgets):
                self._append(block.kind)
            widget = self._widgets[number]
            if isinstance(widget, CodeBlock):
                widget.show_code(block.text, block.language)
            else:
                widget.show_text(block.text)
        self._cut(len(wanted))
        self._blocks = wanted

    def _tell_part(self, *, cut: bool) -> None:
        """Say how long an answer is whose beginning is shown, with the way to the whole."""
        if self._part is None:
            if not cut:
                return
            self._part = PartLine(self._export)
            self._outer.addWidget(self._part)
        self._part.setVisible(cut)
        self._part.words.setText(tr("The beginning of {size}.", size=size_text(len(self._text))))

    def _export(self) -> None:
        try:
            save_value(self._text, tr("Answer"), self)
        except OSError as error:
            assert self._part is not None
            self._part.words.setText(tr("The file cannot be written: {what}", what=told(error.strerror or str(error))))

    def _append(self, kind: str) -> None:
        if kind == "code":
            widget: TextBlock | CodeBlock = CodeBlock()
        else:
            widget = TextBlock(self._folder)
            widget.anchorClicked.connect(lambda url: self.linkClicked.emit(url.toString()))
        self._widgets.append(widget)
        self._column.addWidget(widget)

    def _cut(self, count: int) -> None:
        for widget in self._widgets[count:]:
            self._column.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        del self._widgets[count:]
        del self._blocks[count:]

    def _restyle(self) -> None:
        for widget in self._widgets:
            widget.restyle()


def open_link(address: str, folder: Path, confirm: Callable[[str], bool], refuse: Callable[[str], None]) -> bool:
    """Open the address of an answer after asking; only web and mail addresses, and files of the workspace."""
    from PySide6.QtGui import QDesktopServices

    url = QUrl(address)
    inside = url.isLocalFile() and Path(url.toLocalFile()).resolve().is_relative_to(folder.resolve())
    if url.scheme().lower() not in ("http", "https", "mailto") and not inside:
        refuse(tr("Only web and mail addresses are opened from an answer: {address}", address=address))
        return False
    return confirm(address) and QDesktopServices.openUrl(url)
