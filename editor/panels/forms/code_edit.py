"""A code editor: line numbers, highlighting by pygments, brackets, indent, search, and a mark on the line at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from editor.keymap import pressed
from editor.panels.forms.code_search import CodeSearch
from editor.theme import theme, theme_signal
from editor.wordsteps import WordSteps, word_step

if TYPE_CHECKING:
    from editor.panels.forms.completion import Completion

BRACKETS = {"(": ")", "[": "]", "{": "}"}

# pygments token family -> theme token; the families are matched from the most to the least special.
TOKEN_COLOURS = (
    ("Token.Comment", "faint"),
    ("Token.Literal.String.Doc", "faint"),
    ("Token.Literal.String", "good"),
    ("Token.Literal.Number", "warn"),
    ("Token.Keyword", "held"),
    ("Token.Name.Function", "accent"),
    ("Token.Name.Class", "accent"),
    ("Token.Name.Builtin", "accent"),
    ("Token.Name.Variable", "accent"),
    ("Token.Name.Tag", "held"),
    ("Token.Operator.Word", "held"),
    ("Token.Error", "bad"),
    ("Token.Generic.Inserted", "good"),
    ("Token.Generic.Deleted", "bad"),
    ("Token.Generic.Subheading", "faint"),
)


def _lexer(language: str) -> Any:
    """The pygments lexer of `language`, imported at first use."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    names = {"python3": "python", "javascript": "javascript", "jinja2": "jinja", "json": "json", "markdown": "markdown"}
    try:
        return get_lexer_by_name(names.get(language, language), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False, ensurenl=False)


class Highlighter(QSyntaxHighlighter):
    """Colours a whole text at once with pygments and hands each line its part; a small text takes some milliseconds."""

    LARGEST = 60_000  # characters; beyond that typing would lag, so the text stays plain

    def __init__(self, document: QTextDocument, language: str) -> None:
        super().__init__(document)
        self._language = language
        self._lines: dict[int, list[tuple[int, int, QTextCharFormat]]] = {}
        self._text: str | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(40)
        self._timer.timeout.connect(self.renew)
        document.contentsChanged.connect(self._changed)
        self.renew()

    def set_language(self, language: str) -> None:
        self._language = language
        self._text = None
        self.renew()

    def _changed(self) -> None:
        if self.document().toPlainText() != self._text:
            self._timer.start()

    def renew(self) -> None:
        """Read the text again and colour it."""
        text = self.document().toPlainText()
        self._text = text
        self._lines = {}
        if len(text) <= self.LARGEST and self._language != "text":
            self._read(text)
        self.rehighlight()

    def _read(self, text: str) -> None:
        formats: dict[str, QTextCharFormat] = {}
        line = column = 0
        for token, value in _lexer(self._language).get_tokens(text):
            colour = next((c for family, c in TOKEN_COLOURS if str(token).startswith(family)), "")
            for number, part in enumerate(value.split("\n")):
                if number:
                    line, column = line + 1, 0
                if part and colour:
                    if colour not in formats:
                        formats[colour] = QTextCharFormat()
                        formats[colour].setForeground(theme().color(colour))
                    self._lines.setdefault(line, []).append((column, len(part), formats[colour]))
                column += len(part)

    def highlightBlock(self, text: str) -> None:
        for start, length, style in self._lines.get(self.currentBlock().blockNumber(), ()):
            if start < len(text):
                self.setFormat(start, length, style)


class _Gutter(QWidget):
    """The line numbers at the left."""

    def __init__(self, edit: CodeEdit) -> None:
        super().__init__(edit)
        self._edit = edit

    def sizeHint(self) -> QSize:
        return QSize(self._edit.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._edit.paint_gutter(self, event)


class CodeEdit(WordSteps, QPlainTextEdit):
    """A plain text editor for code. `edited` comes with every change by the person, `left` when the focus goes."""

    edited = Signal(str)
    left = Signal()

    def __init__(self, language: str = "python3", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._language = language
        self._fault_line: int | None = None
        self._fault_text = ""
        self.setObjectName("codeEdit")
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(theme().font("code"))
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self._gutter = _Gutter(self)
        self._highlighter = Highlighter(self.document(), language)
        self.blockCountChanged.connect(self._place_gutter)
        self.updateRequest.connect(self._scroll_gutter)
        self.cursorPositionChanged.connect(self._mark_lines)
        self.setProperty("kind", "code")
        self.textChanged.connect(self._text_changed)
        self._loading = False
        self._known = ""
        self.search = CodeSearch(self)
        self.completion: Completion | None = None
        self._place_gutter()
        self._mark_lines()
        theme_signal().changed.connect(self.renew_colours)

    # -- text --------------------------------------------------------------------------------------------------------

    def load(self, text: str) -> None:
        """Show `text` without saying `edited`; the cursor stays where it was as far as possible."""
        if text == self.toPlainText():
            return
        position = self.textCursor().position()
        self._loading = True
        self.setPlainText(text)
        self._loading = False
        self._known = self.toPlainText()
        cursor = self.textCursor()
        cursor.setPosition(min(position, len(text)))
        self.setTextCursor(cursor)

    def go_where(self, other: CodeEdit) -> None:
        """Put the caret and what is selected where they are in another editor of the same text."""
        there = other.textCursor()
        cursor = self.textCursor()
        last = self.document().characterCount() - 1
        cursor.setPosition(min(there.anchor(), last))
        cursor.setPosition(min(there.position(), last), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def set_language(self, language: str) -> None:
        if language != self._language:
            self._language = language
            self._highlighter.set_language(language)

    def set_fault(self, line: int | None, text: str = "") -> None:
        """Mark line `line` (from 1) as wrong, or none."""
        self._fault_line, self._fault_text = min(line, self.blockCount()) if line is not None else None, text
        self._mark_lines()
        self._gutter.setToolTip(text)
        self._gutter.update()

    def renew_colours(self) -> None:
        """After a change of the theme, or of the size of texts."""
        self.setFont(theme().font("code"))
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self._place_gutter()
        self._highlighter.renew()
        self._mark_lines()

    def _text_changed(self) -> None:
        """Only what changes the text is an edit: the highlighter's colours come through the same signal."""
        text = self.toPlainText()
        if not self._loading and text != self._known:
            self._known = text
            self.edited.emit(text)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    # -- keys --------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        # Within code the key for finding searches the code, not the workflow.
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and pressed(event, "find", "comment_lines"):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.completion is not None and self.completion.press(event):
            return
        with word_step(self, "" if self.isReadOnly() else event.text()):
            self._press(event)

    def _press(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        key, text = event.key(), event.text()
        if pressed(event, "find"):
            self.search.open()
        elif self.isReadOnly():
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and cursor.hasSelection():
            self._shift_lines(-1 if key == Qt.Key.Key_Backtab else 1)
        elif key == Qt.Key.Key_Tab:
            cursor.insertText(" " * (4 - cursor.positionInBlock() % 4))
        elif key == Qt.Key.Key_Backtab:
            self._shift_lines(-1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._new_line(cursor)
        elif text in BRACKETS and cursor.hasSelection():
            cursor.insertText(text + cursor.selectedText().replace("\u2029", "\n") + BRACKETS[text])
        elif text in BRACKETS and self._next_char(cursor) in ("", " ", ")", "]", "}", ",", ":"):
            cursor.insertText(text + BRACKETS[text])
            cursor.movePosition(QTextCursor.MoveOperation.Left)
            self.setTextCursor(cursor)
        elif text and text in BRACKETS.values() and not cursor.hasSelection() and self._next_char(cursor) == text:
            cursor.movePosition(QTextCursor.MoveOperation.Right)
            self.setTextCursor(cursor)
        elif key == Qt.Key.Key_Backspace and not event.modifiers() and self._in_empty_pair(cursor):
            cursor.movePosition(QTextCursor.MoveOperation.Left)
            cursor.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor, 2)
            cursor.removeSelectedText()
        elif pressed(event, "comment_lines"):
            self._toggle_comment()
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _next_char(cursor: QTextCursor) -> str:
        return cursor.block().text()[cursor.positionInBlock() : cursor.positionInBlock() + 1]

    def _in_empty_pair(self, cursor: QTextCursor) -> bool:
        """Whether the caret stands between the two brackets of a pair, as when one was typed in vain."""
        before = cursor.block().text()[max(0, cursor.positionInBlock() - 1) : cursor.positionInBlock()]
        return not cursor.hasSelection() and before in BRACKETS and self._next_char(cursor) == BRACKETS[before]

    def _new_line(self, cursor: QTextCursor) -> None:
        first = self.document().findBlock(cursor.selectionStart())
        line = first.text()[: cursor.selectionStart() - first.position()]
        indent = line[: len(line) - len(line.lstrip())]
        opened = line.rstrip().endswith((":", "{", "[", "("))
        closing = self._next_char(cursor) in ("}", "]", ")") and opened and not line.rstrip().endswith(":")
        cursor.beginEditBlock()
        cursor.insertText("\n" + indent + ("    " if opened else ""))
        if closing:
            position = cursor.position()
            cursor.insertText("\n" + indent)
            cursor.setPosition(position)
        cursor.endEditBlock()
        self.setTextCursor(cursor)

    def _selected_blocks(self) -> tuple[int, int]:
        cursor = self.textCursor()
        document = self.document()
        first = document.findBlock(cursor.selectionStart()).blockNumber()
        last = document.findBlock(max(cursor.selectionStart(), cursor.selectionEnd() - 1)).blockNumber()
        return first, last

    def _shift_lines(self, direction: int) -> None:
        first, last = self._selected_blocks()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for number in range(first, last + 1):
            block = self.document().findBlockByNumber(number)
            cursor.setPosition(block.position())
            if direction > 0:
                cursor.insertText("    ")
            else:
                spaces = len(block.text()) - len(block.text().lstrip(" "))
                for _ in range(min(4, spaces)):
                    cursor.deleteChar()
        cursor.endEditBlock()

    def _toggle_comment(self) -> None:
        mark = {"python3": "# ", "javascript": "// "}.get(self._language)
        if mark is None:
            return
        first, last = self._selected_blocks()
        blocks = [self.document().findBlockByNumber(n) for n in range(first, last + 1)]
        commented = all(b.text().lstrip().startswith(mark.strip()) for b in blocks if b.text().strip())
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for block in blocks:
            indent = len(block.text()) - len(block.text().lstrip())
            cursor.setPosition(block.position() + indent)
            if commented:
                rest = block.text()[indent:]
                for _ in range(len(mark) if rest.startswith(mark) else len(mark.strip())):
                    cursor.deleteChar()
            elif block.text().strip():
                cursor.insertText(mark)
        cursor.endEditBlock()

    # -- gutter and marks --------------------------------------------------------------------------------------------

    def gutter_width(self) -> int:
        digits = max(2, len(str(self.blockCount())))
        return 16 + digits * self.fontMetrics().horizontalAdvance("9")

    def _place_gutter(self) -> None:
        self.setViewportMargins(self.gutter_width(), 0, 0, 0)

    def _scroll_gutter(self, rect: QRect, dy: int) -> None:
        if dy:
            self._gutter.scroll(0, dy)
        else:
            self._gutter.update(0, rect.y(), self._gutter.width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._gutter.setGeometry(QRect(inside.left(), inside.top(), self.gutter_width(), inside.height()))
        self.search.place()

    def paint_gutter(self, gutter: QWidget, event: QPaintEvent) -> None:
        """Draw the numbers of the visible lines; the line at fault is in the colour of errors with a dot."""
        painter = QPainter(gutter)
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        current = self.textCursor().blockNumber()
        while block.isValid() and top <= event.rect().bottom():
            height = self.blockBoundingRect(block).height()
            if block.isVisible():
                number = block.blockNumber()
                fault = self._fault_line == number + 1
                painter.setPen(theme().color("bad" if fault else "muted" if number == current else "faint"))
                area = QRect(0, int(top), gutter.width() - 8, int(height))
                label = f"● {number + 1}" if fault else str(number + 1)
                painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, label)
            top += height
            block = block.next()
        painter.end()

    def _mark_lines(self) -> None:
        marks: list[QTextEdit.ExtraSelection] = []
        if self._fault_line is not None:
            block = self.document().findBlockByNumber(self._fault_line - 1)
            if block.isValid():
                mark = QTextEdit.ExtraSelection()
                colour = QColor(theme().color("bad"))
                colour.setAlpha(40)
                mark.format.setBackground(colour)
                mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
                mark.cursor = QTextCursor(block)
                marks.append(mark)
        marks.extend(self._matching_brackets())
        self.setExtraSelections(marks)

    def _matching_brackets(self) -> list[QTextEdit.ExtraSelection]:
        cursor = self.textCursor()
        text = self.toPlainText() if self.document().characterCount() < Highlighter.LARGEST else ""
        position = cursor.position()
        for at in (position - 1, position):
            if 0 <= at < len(text) and text[at] in "()[]{}":
                other = _partner(text, at)
                if other is not None:
                    return [self._bracket_mark(at), self._bracket_mark(other)]
        return []

    def _bracket_mark(self, position: int) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        colour = QColor(theme().color("accent"))
        colour.setAlpha(60)
        mark.format.setBackground(colour)
        cursor = QTextCursor(self.document())
        cursor.setPosition(position)
        cursor.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor)
        mark.cursor = cursor
        return mark


def _partner(text: str, at: int) -> int | None:
    """Where the bracket that belongs to the one at `at` stands."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    char = text[at]
    opening = char in pairs
    other = pairs[char] if opening else next(k for k, v in pairs.items() if v == char)
    depth, step = 0, 1 if opening else -1
    position = at
    while 0 <= position < len(text):
        if text[position] == char:
            depth += 1
        elif text[position] == other:
            depth -= 1
            if depth == 0:
                return position
        position += step
    return None
