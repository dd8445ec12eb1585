"""A text editor in which every `{{#node.variable#}}` is a chip; `/` or `{` opens the variable picker at the caret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QMimeData, QObject, QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QFontMetricsF,
    QHelpEvent,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPyTextObject,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QTextEdit, QToolTip, QWidget

from editor.icons import image
from editor.keymap import is_chord, pressed, typed_sign
from editor.theme import follow_text_size, theme, theme_signal
from editor.wordsteps import OBJECT, WordSteps, word_step

# The engine's own pattern (engine spec 6.6), plus the two bare words that prompts know.
REFERENCE = re.compile(
    r"\{\{#([a-zA-Z0-9_]{1,50}(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,29}){1,10}|context|histories|url|\$output\.\w+)#\}\}"
)
CHIP = int(QTextFormat.ObjectTypes.UserObject) + 1
REFERENCE_PROPERTY = int(QTextFormat.Property.UserProperty) + 1


@dataclass(frozen=True)
class ChipInfo:
    """What a chip says: where the value comes from, its name, the tool tip, and whether it points nowhere."""

    source: str
    name: str
    tip: str = ""
    picture: str = ""
    """The icon of where it comes from; empty for none."""
    family: str = ""
    """The family of the node that gives it, in whose colour the icon is; empty for none."""
    node: str = ""
    """The id of that node."""
    broken: bool = False


_OPENING = frozenset("([{<\"'`=|,;&?")


def calls_picker(before: str, typed: str) -> bool:
    """Whether a sign that was typed behind another one (or at the beginning of a line) asks for a variable. Signs that
    stand in words too do not within a word, a path or an address, which a chip may begin."""
    if typed == "{":
        return True
    wide = bool(before) and before != OBJECT and unicodedata.east_asian_width(before) in "WF"
    return not before.strip() or before in _OPENING or wide


Describe = Callable[[str], ChipInfo]


class _ChipPainter(QPyTextObject):
    """Measures and paints chips inside the text."""

    def __init__(self, edit: TemplateEdit) -> None:
        super().__init__(edit)
        self._edit = edit

    def _texts(self, style: QTextFormat) -> tuple[ChipInfo, str, str]:
        info = self._edit.describe(str(style.property(REFERENCE_PROPERTY)))
        metrics = QFontMetricsF(theme().font("small"))
        source = metrics.elidedText(info.source, Qt.TextElideMode.ElideRight, 120)
        name = metrics.elidedText(info.name, Qt.TextElideMode.ElideMiddle, 160)
        return info, source, name

    def source_width(self, style: QTextFormat) -> float:
        """How far the part of a chip goes that says where the value comes from, in pixels; 0 when it has none."""
        info, source, _ = self._texts(style)
        metrics = QFontMetricsF(theme().font("small"))
        picture = metrics.height() if info.picture else 0.0
        return 7 + picture + metrics.horizontalAdvance(source) if info.source else 0.0

    def intrinsicSize(self, doc: QTextDocument, posInDocument: int, format: QTextFormat) -> QSizeF:  # noqa: A002
        info, source, name = self._texts(format)
        metrics = QFontMetricsF(theme().font("small"))
        width = metrics.horizontalAdvance(name) + 14
        if info.picture:
            width += metrics.height()
        if info.source:
            width += metrics.horizontalAdvance(source) + metrics.horizontalAdvance(" / ")
        return QSizeF(width + 4, metrics.height() + 4)

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        doc: QTextDocument,
        posInDocument: int,
        format: QTextFormat,  # noqa: A002
    ) -> None:
        info, source, name = self._texts(format)
        box = QRectF(rect).adjusted(1, 1, -1, -1)
        colour = theme().color("bad" if info.broken else "accent")
        fill = QColor(colour)
        fill.setAlpha(28)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colour.red(), colour.green(), colour.blue(), 90), 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 5, 5)
        painter.setFont(theme().font("small"))
        metrics = QFontMetricsF(painter.font())
        x = box.left() + 7
        baseline = box.top() + (box.height() + metrics.ascent() - metrics.descent()) / 2
        if info.picture:
            side = round(metrics.height() - 3)
            known = theme().on_family(info.family) if info.family else theme().color("accent")
            tone = theme().color("bad") if info.broken else known
            spot = QRectF(x - 1, box.center().y() - side / 2, side, side)
            painter.drawImage(spot, image(info.picture, tone.name(), side, painter.device().devicePixelRatio()))
            x += metrics.height()
        if info.source:
            painter.setPen(theme().color("muted"))
            painter.drawText(QPointF(x, baseline), source)
            x += metrics.horizontalAdvance(source)
            painter.setPen(theme().color("faint"))
            painter.drawText(QPointF(x, baseline), " / ")
            x += metrics.horizontalAdvance(" / ")
        painter.setPen(colour if info.broken else theme().color("text"))
        painter.drawText(QPointF(x, baseline), name)
        painter.restore()


class TemplateEdit(WordSteps, QTextEdit):
    """`edited` comes with every change by the person, `left` when the focus goes, `pickRequested` when the variable
    picker is wanted: the owner calls `insert_reference` with what was picked."""

    edited = Signal(str)
    left = Signal()
    pickRequested = Signal()
    chipActivated = Signal(str)
    """The node's name on a chip was clicked: the node's id. A click on the rest wants another variable in its place."""

    def __init__(self, describe: Describe, parent: QWidget | None = None, *, single_line: bool = False) -> None:
        super().__init__(parent)
        self.describe = describe
        self._single_line = single_line
        self._loading = False
        self._known = ""
        self._typed_trigger = ""
        self._pressed_chip: int | None = None
        self.viewport().setMouseTracking(True)
        self._placeholder = ""
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setFont(theme().font("base"))
        self.document().setDocumentMargin(6)
        if single_line:
            self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setProperty("kind", "single")
            self._fit_line()
            follow_text_size(self, lambda _: self._fit_line())
        self._painter = _ChipPainter(self)
        self.document().documentLayout().registerHandler(CHIP, self._painter)
        self.textChanged.connect(self._text_changed)
        theme_signal().changed.connect(self._dress)

    def _fit_line(self) -> None:
        """As high as other fields, with the line in its middle."""
        height = theme().grown(32)
        self.setFixedHeight(height)
        self.document().setDocumentMargin(max(6, (height - QFontMetrics(theme().font("base")).height()) // 2 - 2))

    # -- text --------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The text with its references written out."""
        return self._plain(QTextCursor(self.document()), whole=True)

    def load(self, text: str) -> None:
        """Show `text` without saying `edited`."""
        if text == self.text():
            return
        position = self.textCursor().position()
        self._loading = True
        self.clear()
        self._insert_text(QTextCursor(self.document()), text)
        self.document().clearUndoRedoStacks()
        self._loading = False
        self._known = self.text()
        cursor = self.textCursor()
        cursor.setPosition(min(position, self.document().characterCount() - 1))
        self.setTextCursor(cursor)

    def insert_reference(self, reference: str, *, silently: bool = False) -> None:
        """Put the chip of `node.variable` at the caret, over the sign that called the picker; `silently` for an owner
        who writes the new text himself, together with more."""
        self._loading = silently
        try:
            self._insert_chip(reference)
        finally:
            self._loading = False
        self._known = self.text()

    def _insert_chip(self, reference: str) -> None:
        cursor = self.textCursor()
        cursor.beginEditBlock()
        if self._typed_trigger and not cursor.hasSelection():
            before = cursor.block().text()[: cursor.positionInBlock()]
            # Whoever writes a reference by hand begins with two braces.
            most = len(self._typed_trigger) if self._typed_trigger == "/" else 2
            for _ in range(min(most, len(before) - len(before.rstrip(self._typed_trigger)))):
                cursor.deletePreviousChar()
        self._typed_trigger = ""
        self._insert_text(cursor, "{{#" + reference + "#}}")
        cursor.endEditBlock()
        self.setTextCursor(cursor)
        self.setFocus()

    def refresh_chips(self) -> None:
        """After titles or the theme changed: measure and paint the chips anew."""
        self.setFont(theme().font("base"))
        self.document().markContentsDirty(0, self.document().characterCount())
        self.viewport().update()

    def _insert_text(self, cursor: QTextCursor, text: str) -> None:
        plain = QTextCharFormat()
        if self._single_line:
            text = text.replace("\n", " ")
        at = 0
        cursor.beginEditBlock()
        for match in REFERENCE.finditer(text):
            cursor.insertText(text[at : match.start()], plain)
            chip = QTextCharFormat()
            chip.setObjectType(CHIP)
            chip.setProperty(REFERENCE_PROPERTY, match[1])
            chip.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignMiddle)
            cursor.insertText(OBJECT, chip)
            at = match.end()
        cursor.insertText(text[at:], plain)
        cursor.endEditBlock()

    def _plain(self, cursor: QTextCursor, *, whole: bool = False) -> str:
        start = 0 if whole else cursor.selectionStart()
        end = self.document().characterCount() - 1 if whole else cursor.selectionEnd()
        parts: list[str] = []
        block = self.document().findBlock(start)
        while block.isValid() and block.position() <= end:
            if parts or block.position() > start:
                parts.append("\n")
            iterator = block.begin()
            while not iterator.atEnd():
                fragment = iterator.fragment()
                begin = max(start, fragment.position())
                stop = min(end, fragment.position() + fragment.length())
                if begin < stop:
                    parts.append(self._fragment_text(fragment, begin, stop))
                iterator += 1
            if block.position() + block.length() > end:
                break
            block = block.next()
        return "".join(parts)

    @staticmethod
    def _fragment_text(fragment: Any, begin: int, stop: int) -> str:
        text: str = fragment.text()[begin - fragment.position() : stop - fragment.position()]
        style = fragment.charFormat()
        if style.objectType() == CHIP:
            return ("{{#" + str(style.property(REFERENCE_PROPERTY)) + "#}}") * len(text)
        return text.replace("\u2028", "\n")

    def _text_changed(self) -> None:
        """Only what changes the text is an edit: colours come through the same signal."""
        text = self.text()
        if not self._loading and text != self._known:
            self._known = text
            self.edited.emit(text)

    # -- clipboard ---------------------------------------------------------------------------------------------------

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        data.setText(self._plain(self.textCursor()))
        return data

    def insertFromMimeData(self, source: QMimeData) -> None:
        if source.hasText():
            cursor = self.textCursor()
            text = source.text()
            # What was copied as a line often brings its end along.
            self._insert_text(cursor, text.rstrip("\r\n") if self._single_line else text)
            self.setTextCursor(cursor)

    # -- keys and mouse ----------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._single_line and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
            return
        if is_chord(event) and pressed(event, "pick_variable"):
            self._typed_trigger = ""
            self.pickRequested.emit()
            return
        before = self._char_before()
        typed = event.text()
        with word_step(self, typed):
            super().keyPressEvent(event)
        self._typed(before, typed)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        before = self._char_before()
        super().inputMethodEvent(event)
        self._typed(before, event.commitString())

    def _typed(self, before: str, typed: str) -> None:
        """After a sign was written behind another one."""
        if typed_sign(typed, "pick_variable") and calls_picker(before, typed):
            self._typed_trigger = typed
            self.pickRequested.emit()
        elif typed == "}":
            self._make_chip()

    @property
    def called_by_sign(self) -> bool:
        """Whether the picker is wanted because of a sign that stands in the text now."""
        return bool(self._typed_trigger)

    def _make_chip(self) -> None:
        """A reference that was written by hand to its end becomes a chip."""
        cursor = self.textCursor()
        text = cursor.block().text()[: cursor.positionInBlock()]
        match = next((m for m in REFERENCE.finditer(text) if m.end() == len(text)), None)
        if match is not None:
            cursor.setPosition(cursor.position() - len(match[0]), QTextCursor.MoveMode.KeepAnchor)
            self._insert_text(cursor, match[0])
            self.setTextCursor(cursor)

    def _char_before(self) -> str:
        cursor = self.textCursor()
        start = cursor.selectionStart()
        block = self.document().findBlock(start)
        return block.text()[max(0, start - block.position() - 1) : start - block.position()]

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()

    def _chip_at(self, point: QPointF) -> int | None:
        """The position of the chip at a place of the viewport."""
        position = self.document().documentLayout().hitTest(self._to_document(point), Qt.HitTestAccuracy.ExactHit)
        for at in (position, position - 1):
            cursor = QTextCursor(self.document())
            cursor.setPosition(max(0, min(at + 1, self.document().characterCount() - 1)))
            if at >= 0 and cursor.charFormat().objectType() == CHIP and self._chip_rect(at).contains(point):
                return at
        return None

    def _reference(self, at: int) -> str:
        """What the chip at a position stands for."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(at + 1)
        return str(cursor.charFormat().property(REFERENCE_PROPERTY))

    def _chip_rect(self, at: int) -> QRectF:
        """Where the chip at a position stands, in the viewport."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(at)
        first = self.cursorRect(cursor)
        cursor.setPosition(at + 1)
        style = cursor.charFormat()
        size = self._painter.intrinsicSize(self.document(), at, style)
        return QRectF(first.left(), first.top(), size.width(), max(size.height(), first.height()))

    def _to_document(self, point: QPointF) -> QPointF:
        return QPointF(point.x() + self.horizontalScrollBar().value(), point.y() + self.verticalScrollBar().value())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        self._pressed_chip = self._chip_at(event.position()) if plain else None
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        at, self._pressed_chip = self._pressed_chip, None
        if at is None or self._chip_at(event.position()) != at or self.textCursor().hasSelection():
            return
        cursor = QTextCursor(self.document())
        cursor.setPosition(at)
        cursor.setPosition(at + 1, QTextCursor.MoveMode.KeepAnchor)
        style = cursor.charFormat()
        info = self.describe(self._reference(at))
        if info.node and event.position().x() - self._chip_rect(at).left() < self._painter.source_width(style):
            self.chipActivated.emit(info.node)
        elif not self.isReadOnly():
            self.setTextCursor(cursor)
            self._typed_trigger = ""
            self.pickRequested.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        shape = Qt.CursorShape.IBeamCursor
        if not event.buttons() and self._chip_at(event.position()) is not None:
            shape = Qt.CursorShape.PointingHandCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._single_line and self._placeholder and self.document().isEmpty():
            # Qt leaves its own placeholder out of a field that is this low.
            painter = QPainter(self.viewport())
            painter.setFont(self.font())
            painter.setPen(theme().color("faint"))
            room = self.viewport().rect().adjusted(7, 0, -6, 0)
            words = self.fontMetrics().elidedText(self._placeholder, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
            painter.end()

    def viewportEvent(self, event: Any) -> bool:
        if isinstance(event, QHelpEvent):
            at = self._chip_at(QPointF(event.pos()))
            if at is not None:
                QToolTip.showText(event.globalPos(), self.describe(self._reference(at)).tip, self)
                return True
        return bool(super().viewportEvent(event))

    def set_placeholder(self, text: str) -> None:
        """The words shown while empty."""
        self._placeholder = text
        if not self._single_line:
            self.setPlaceholderText(text)
        self._dress()

    def _dress(self) -> None:
        """The colour of these words, also after a change of the theme, and chips in its colours and of its size."""
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.PlaceholderText, theme().color("faint"))
        self.setPalette(palette)
        self.refresh_chips()


class GrowingText(QObject):
    """Keeps a text editor as high as its text needs, between two bounds."""

    def __init__(self, edit: QTextEdit, lowest: int = 72, highest: int = 320) -> None:
        super().__init__(edit)
        self._edit, self._lowest, self._highest = edit, lowest, highest
        edit.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def stop(self) -> None:
        """Leave the height to the layout."""
        self._edit.document().documentLayout().documentSizeChanged.disconnect(self._fit)
        self._edit.setMinimumHeight(0)
        self._edit.setMaximumHeight(16_777_215)

    def _fit(self) -> None:
        # The style's padding and border stand round the text (theme/app.qss).
        wanted = int(self._edit.document().size().height()) + 14
        self._edit.setFixedHeight(max(self._lowest, min(self._highest, wanted)))
