"""Small things that panels share: titles, empty states, status glyphs, relative times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QIcon, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionFrame,
    QStylePainter,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.glyph import Glyph
from editor.tabbing import first_stop
from editor.theme import theme

if TYPE_CHECKING:
    from engine.run.fold import RunState

SIDES = 24
SENTENCE = 340
"""How wide the sentence of an empty state becomes at most."""
HEAD = 44
"""How high the title of a panel is, so that titles stand still when panels change."""

STATUS_ICON = {
    "succeeded": ("status-succeeded", "good"),
    "partial-succeeded": ("status-exception", "warn"),
    "failed": ("status-failed", "bad"),
    "exception": ("status-exception", "warn"),
    "stopped": ("status-stopped", "muted"),
    "running": ("status-running", "accent"),
    "paused": ("status-paused", "held"),
    "held": ("status-held", "held"),
    "retry": ("status-retry", "warn"),
    "skipped": ("status-skipped", "faint"),
    "waiting": ("status-waiting", "faint"),
}
STATUS_WORD = {
    "succeeded": "Succeeded",
    "partial-succeeded": "Partly succeeded",
    "failed": "Failed",
    "exception": "Failed, handled",
    "stopped": "Stopped",
    "running": "Running",
    "paused": "Waiting for an answer",
    "held": "Held",
    "retry": "Trying again",
    "skipped": "Skipped",
    "waiting": "Waiting",
}


def status_word(status: str) -> str:
    """A status in words."""
    return tr(STATUS_WORD.get(status, status))


def shown_status(state: RunState) -> str:
    """The status of a run as people see it: one whose steps are held in the debugger is not at work."""
    return "held" if state.status == "running" and state.held else state.status


def status_glyph(status: str, size: int = 18) -> Glyph:
    """A status as a picture that follows the theme."""
    return Glyph(*STATUS_ICON.get(status, ("status-waiting", "faint")), size)


def status_icon(status: str) -> QIcon:
    """The picture of a status, for a button."""
    return icon(*status_look(status))


def status_look(status: str) -> tuple[str, str]:
    """The picture of a status and its colour, by name."""
    return STATUS_ICON.get(status, ("status-waiting", "faint"))


class PanelTitle(QWidget):
    """A panel's title with room for buttons at its right."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setMinimumHeight(HEAD)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(16, 8, 8, 4)
        self.row.setSpacing(4)
        self.label = Words(text, "heading")
        self.row.addWidget(self.label, 1)

    def add(self, widget: QWidget) -> None:
        self.row.addWidget(widget)


def tool_button(name: str, tip: str, action: Callable[[], Any], *, colour: str = "muted") -> QToolButton:
    """A quiet button with an icon."""
    button = QToolButton()
    button.setIcon(icon(name, colour))
    button.setAutoRaise(True)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: action())
    return button


def focus_first(part: QWidget) -> bool:
    """Put the keyboard into the first control of a part as it is seen, as it was built when it is not seen yet; False
    when it has none.

    The chain of Tab is not walked: Qt for Python takes each widget that `nextInFocusChain` gives for a child of the one
    before, and deletes a dialog with a label that was cleared away.
    """
    seen = first_stop(part) if part.isVisible() else None
    for widget in (seen,) if seen is not None else (part, *part.findChildren(QWidget)):
        shown = widget is part or widget.isVisibleTo(part)
        if shown and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            return True
    return False


def show_in_place(widget: QWidget, shown: bool) -> None:
    """Show or hide a widget that may not stand in anything yet: shown before, it would be a window of its own for a
    moment and take the keyboard. One that is not hidden comes with what it is put into."""
    if widget.parentWidget() is not None or not shown:
        widget.setVisible(shown)


class Words(QLabel):
    """A sentence that wraps and is never cut: it keeps the height that its width asks for, wherever it stands.

    Qt's own labels ask for that height only in layouts whose parents ask in turn; splitters and scroll areas do not.
    """

    def __init__(self, text: str = "", kind: str = "muted") -> None:
        super().__init__(text)
        self.setProperty("kind", kind)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._hold()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._hold()

    def _hold(self) -> None:
        self.setMinimumHeight(max(0, self.heightForWidth(self.width())) if self.text() else 0)


class ElidedLabel(QLabel):
    """One line that is shortened where there is no room for it; the tool tip has the whole then."""

    def __init__(self, text: str = "", kind: str = "", *, middle: bool = False) -> None:
        super().__init__(text)
        self.setProperty("kind", kind)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.fontMetrics().elidedText(self.text(), self._mode, self.width())
        painter = QStylePainter(self)
        painter.drawItemText(
            self.rect(), self.alignment(), self.palette(), self.isEnabled(), shown, self.foregroundRole()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        cut = self.fontMetrics().horizontalAdvance(self.text()) > self.width()
        self.setToolTip(self.text() if cut else "")

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setToolTip(text if self.fontMetrics().horizontalAdvance(text) > self.width() else "")


class ElidedLineEdit(QLineEdit):
    """A field whose text ends in an ellipsis where it has no room, until somebody types in it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self).adjusted(2, 0, -2, 0)
        metrics = self.fontMetrics()
        cut = not self.hasFocus() and metrics.horizontalAdvance(self.text()) > room.width()
        if not cut:
            super().paintEvent(event)
            return
        painter = QStylePainter(self)
        painter.drawPrimitive(QStyle.PrimitiveElement.PE_PanelLineEdit, option)
        shown = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawItemText(
            room, int(Qt.AlignmentFlag.AlignVCenter), self.palette(), self.isEnabled(), shown, self.foregroundRole()
        )

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and not self.toolTip() and not self.hasFocus():
            text = self.text()
            if self.fontMetrics().horizontalAdvance(text) > self.width() - 24 and isinstance(event, QHelpEvent):
                QToolTip.showText(event.globalPos(), text, self)
                return True
        return super().event(event)


class PartLine(QWidget):
    """Says that only a part of a text is shown, with the way to the whole."""

    def __init__(self, export: Callable[[], Any]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.words = QLabel()
        self.words.setProperty("kind", "small")
        row.addWidget(self.words)
        button = QPushButton(tr("Export the whole value"))
        button.setProperty("kind", "link")
        button.setIcon(icon("export", "accent"))
        button.setAccessibleName(button.text())
        button.clicked.connect(lambda: export())
        row.addWidget(button)
        row.addStretch(1)


def fill_card(card: QPushButton, picture: QWidget, title: str, words: str) -> None:
    """Put a picture, and beside it a title above a line of words, on a button that is a card."""
    row = QHBoxLayout(card)
    row.setContentsMargins(16, 8, 12, 8)
    row.setSpacing(12)
    row.addWidget(picture)
    column = QVBoxLayout()
    column.setSpacing(0)
    row.addLayout(column, 1)
    column.addStretch(1)
    for text, kind in ((title, "title"), (words, "small")):
        line = ElidedLabel(text, kind)
        line.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column.addWidget(line)
    column.addStretch(1)


class EmptyState(QWidget):
    """One picture, one sentence, one action."""

    def __init__(self, picture: str, text: str, action: str = "", then: Callable[[], Any] | None = None) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(SIDES, 40, SIDES, 24)
        column.setSpacing(12)
        column.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        glyph = Glyph(picture, "faint", 28)
        glyph.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(glyph)
        words = Words(text)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._words = words
        column.addWidget(words, 0, Qt.AlignmentFlag.AlignHCenter)
        self.button: QPushButton | None = None
        if action and then is not None:
            self.button = QPushButton(action)
            self.button.clicked.connect(lambda: then())
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A label that wraps would ask for a narrow column; a sentence is read in lines as long as there is room."""
        natural = self._words.fontMetrics().horizontalAdvance(self._words.text()) + 8
        self._words.setFixedWidth(max(80, min(natural, theme().grown(SENTENCE), self.width() - 2 * SIDES)))
        super().resizeEvent(event)

    def set_action_shown(self, shown: bool) -> None:
        """Leave the action out where it cannot be done, as in a picture of the past."""
        if self.button is not None:
            self.button.setVisible(shown)


def ago(text: str | None, now: datetime | None = None) -> str:
    """A stored UTC time as people say it."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return tr("just now")
    if seconds < 3600:
        return ntr("{n} minute ago", "{n} minutes ago", int(seconds // 60))
    if seconds < 86400:
        return ntr("{n} hour ago", "{n} hours ago", int(seconds // 3600))
    if seconds < 7 * 86400:
        return ntr("{n} day ago", "{n} days ago", int(seconds // 86400))
    return moment.astimezone().strftime("%Y-%m-%d")


def local_time(text: str | None) -> str:
    """A stored UTC time on the clock of this place."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text.replace(" ", "T"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
