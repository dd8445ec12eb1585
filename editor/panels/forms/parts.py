"""What holds the fields of a form together: labels, small buttons, sections that fold, and lists of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.keymap import pressed
from editor.layouts import in_order, widgets_of
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import name_it
from editor.panels.parts import focus_first
from editor.theme import theme

SCROLL_EVERY, SCROLL_STEP, SCROLL_BORDER = 16, 8, 40
"""Milliseconds between steps, pixels of a step, and how near to the border a row is held, where a list scrolls."""


def labelled(label: str, editor: QWidget, help_text: str = "", *, required: bool = False) -> QWidget:
    """A label above a field and a muted line of help below it."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    caption = QLabel(label + (" *" if required else ""))
    caption.setProperty("kind", "small")
    caption.setBuddy(editor)
    column.addWidget(caption)
    column.addWidget(editor)
    if help_text:
        line = QLabel(help_text)
        line.setProperty("kind", "small")
        line.setWordWrap(True)
        column.addWidget(line)
    return box


def small_button(name: str, tip: str, action: Callable[[], Any]) -> QToolButton:
    """A quiet button with an icon only."""
    button = QToolButton()
    button.setIcon(icon(name, "muted"))
    button.setAutoRaise(True)
    button.setToolTip(tip)
    name_it(button, tip)
    button.clicked.connect(lambda: action())
    return button


def add_button(text: str, action: Callable[[], Any]) -> QPushButton:
    """The button below a list that appends to it."""
    button = QPushButton(text)
    button.setIcon(icon("plus", "muted"))
    button.setProperty("kind", "add")
    name_it(button, text)
    button.clicked.connect(lambda: action())
    return button


class Section(QFrame):
    """A titled part of a form that folds; buttons may stand at the right of its title."""

    def __init__(self, title: str, *, folded: bool = False) -> None:
        super().__init__()
        self.setProperty("kind", "plain")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._head = QHBoxLayout()
        self._head.setSpacing(4)
        self.toggle = QToolButton()
        self.toggle.setText(title)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.setAutoRaise(True)
        self.toggle.setProperty("kind", "section-title")
        self.toggle.setFont(theme().font("base", 600))
        name_it(self.toggle, title)
        self.toggle.clicked.connect(self._flip)
        self._head.addWidget(self.toggle)
        self._head.addStretch(1)
        column.addLayout(self._head)
        self._body = QWidget()
        self.body = QVBoxLayout(self._body)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(12)
        column.addWidget(self._body)
        self.set_folded(folded)

    def is_folded(self) -> bool:
        """Whether only its title is shown."""
        return self._body.isHidden()

    def title(self) -> str:
        """The words at its head."""
        return self.toggle.text()

    def _flip(self) -> None:
        self.set_folded(self._body.isVisible())

    def set_folded(self, folded: bool) -> None:
        self._body.setVisible(not folded)
        self.toggle.setIcon(icon("chevron-right" if folded else "chevron-down", "faint"))

    @property
    def inside(self) -> QWidget:
        """What is hidden while the section is folded."""
        return self._body

    @staticmethod
    def around(widget: QWidget) -> Section | None:
        """The section that holds a widget, if any."""
        parent = widget.parentWidget()
        while parent is not None and not isinstance(parent, Section):
            parent = parent.parentWidget()
        return parent

    def add(self, widget: QWidget) -> QWidget:
        """Add a field below."""
        self.body.addWidget(widget)
        return widget

    def add_action(self, widget: QWidget) -> None:
        """Add a button at the right of the title."""
        self._head.addWidget(widget)


class Grip(QToolButton):
    """The handle of a row: dragged up and down with the mouse, or moved with Alt and the arrow keys."""

    dragged = Signal(int)
    """The place on the screen, from top, where the row is held."""
    dropped = Signal()
    stepped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setIcon(icon("grip", "muted"))
        self.setProperty("kind", "grip")
        self.setAutoRaise(True)
        self.setFixedWidth(18)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self.setToolTip(tr("Drag to move, or Alt with the arrow keys"))
        name_it(self, tr("Move by dragging"))
        self._held = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        self._held = event.button() == Qt.MouseButton.LeftButton

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self.dragged.emit(round(event.globalPosition().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held and event.button() == Qt.MouseButton.LeftButton:
            self._held = False
            self.dropped.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if step := {"row_up": -1, "row_down": 1}.get(pressed(event, "row_up", "row_down")):
            self.stepped.emit(step)
        elif event.key() == Qt.Key.Key_Escape and self._held:
            self._held = False
            self.dragged.emit(-1)
        else:
            super().keyPressEvent(event)


def _is_stacked(content: QWidget) -> bool:
    """Whether a row surely has several lines. Asking for its size instead would dress all of it in vain: it is dressed
    again where it comes to stand."""
    layout = content.layout()
    if not isinstance(layout, QVBoxLayout):
        return False
    return sum(not isinstance(one, QWidget) or not one.isHidden() for one in in_order(layout)) > 1


class RowList(QWidget):
    """A list of items that can be added, removed and moved; `make_row(index)` builds the editor of one item.

    Rows are built again when the number of items changed; within a row the fields follow by themselves. Of a long list
    the first rows are there at once, the others follow a few at a time: a condition with forty cases shows as soon as
    one with five, and the window answers meanwhile.
    """

    AT_ONCE = 5
    """Rows that are built with the list: what is seen of it before somebody scrolls."""
    TOGETHER = 4
    """Rows that are built at a time after that."""

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        make_row: Callable[[int], QWidget],
        new_item: Callable[[], Any],
        add_text: str,
        *,
        empty: str = "",
        movable: bool = True,
        lowest: int = 0,
        on_remove: Callable[[int], bool] | None = None,
        key: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__()
        self.ctx, self.path = ctx, path
        self._make_row, self._new_item = make_row, new_item
        self._movable, self._lowest, self._on_remove = movable, lowest, on_remove
        self._key = key
        self._shape: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8 if movable else 12)
        column.addLayout(self._rows)
        self._empty = QLabel(empty)
        self._empty.setProperty("kind", "small")
        self._empty.setWordWrap(True)
        column.addWidget(self._empty)
        self.add_button = add_button(add_text, self.add_item)
        column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        # Only inside its column: shown before, it would be a window of its own for a moment and take the keyboard.
        self.add_button.setVisible(not ctx.read_only)
        self._target: int | None = None
        self._held_at = (0, 0)
        self._scroll = QTimer(self, interval=SCROLL_EVERY)
        self._scroll.timeout.connect(lambda: self._drag(*self._held_at))
        self._mark = QFrame(self)
        self._mark.setProperty("kind", "drop-mark")
        self._mark.hide()
        self._late = QTimer(self, singleShot=True, interval=0)
        self._late.timeout.connect(lambda: self._build(self.TOGETHER))
        ctx.changed.connect(self.load)
        self.load(at_once=self.AT_ONCE)

    def items(self) -> list[Any]:
        value = self.ctx.get(self.path, [])
        return list(value) if isinstance(value, list | tuple) else []

    def load(self, at_once: int | None = None) -> None:
        """Build the rows anew if their number or kind changed: so many `at_once` and the others soon, all for None."""
        items = self.items()
        shape = [self._key(item) if self._key else None for item in items]
        self._empty.setVisible(not items and bool(self._empty.text()))
        if shape == self._shape:
            return
        self._shape = shape
        while (entry := self._rows.takeAt(0)) is not None:
            if widget := entry.widget():
                widget.hide()
                widget.deleteLater()
        self._build(at_once)

    def _build(self, most: int | None = None) -> None:
        count, built = len(self._shape or ()), self._rows.count()
        end = count if most is None else min(count, built + most)
        for index in range(built, end):
            frame = self._frame(index, count)
            self._rows.addWidget(frame)
            if self.isVisible():
                frame.show()  # at once: Qt would do so with the next turn, and who looks for a field now misses it
        if end < count:
            self._late.start()
        else:
            self._late.stop()

    def complete(self) -> None:
        """Have all rows now, for something that looks for one of them."""
        self._build()

    def _frame(self, index: int, count: int) -> QWidget:
        frame = QFrame()
        row = QHBoxLayout(frame)
        if self._movable:
            # Rows that have an order are rooms of their own; plain ones stand in the column like other fields.
            frame.setProperty("kind", "row")
            row.setContentsMargins(12, 12, 4, 12)
        else:
            row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        content = self._make_row(index)
        if self._movable and count > 1 and not self.ctx.read_only:
            row.setContentsMargins(4, 12, 4, 12)
            row.addWidget(self._grip(index, count), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(content, 1, Qt.AlignmentFlag.AlignTop)
        # One line of fields has its tools beside it, several lines have them in a column.
        flat = not _is_stacked(content) and content.sizeHint().height() <= 40
        tools = QBoxLayout(QBoxLayout.Direction.LeftToRight if flat else QBoxLayout.Direction.TopToBottom)
        tools.setSpacing(0)
        if self._movable and flat:
            row.setContentsMargins(4 if count > 1 else 8, 6, 4, 6)
        if not self.ctx.read_only:
            if count > self._lowest:
                tools.addWidget(small_button("trash", tr("Remove"), lambda: self.remove_item(index)))
            if self._movable and count > 1:
                # Both stand on every row, so that the fields of all rows are equally wide.
                up = small_button("arrow-up", tr("Move up"), lambda: self.move_item(index, index - 1))
                down = small_button("arrow-down", tr("Move down"), lambda: self.move_item(index, index + 1))
                up.setEnabled(index > 0)
                down.setEnabled(index < count - 1)
                tools.addWidget(up)
                tools.addWidget(down)
        tools.addStretch(1)
        row.addLayout(tools)
        return frame

    def _grip(self, index: int, count: int) -> Grip:
        grip = Grip()
        grip.dragged.connect(lambda y: self._drag(index, y))
        grip.dropped.connect(lambda: self._let_go(index))

        def step(by: int) -> None:
            if 0 <= index + by < count:
                self.move_item(index, index + by)
                self._focus_grip(index + by)

        grip.stepped.connect(step)
        return grip

    def _focus_grip(self, index: int) -> None:
        """The row that was moved keeps the keyboard."""
        self.complete()
        frames = widgets_of(self._rows)
        grip = frames[index].findChild(Grip) if index < len(frames) else None
        if grip is not None:
            grip.setFocus()

    def _drag(self, index: int, screen_y: int) -> None:
        """Show where the row would go; a negative place takes the sign away again."""
        self.complete()
        self._target = index
        if screen_y < 0:
            self._scroll.stop()
            self._mark.hide()
            return
        self._held_at = index, screen_y
        self._follow(screen_y)
        y = self.mapFromGlobal(QPoint(0, screen_y)).y()
        frames = widgets_of(self._rows)
        before = sum(y > frame.geometry().center().y() for frame in frames)
        self._target = before - (before > index)
        edge = frames[before] if before < len(frames) else None
        top = edge.geometry().top() - 5 if edge is not None else frames[-1].geometry().bottom() + 3
        self._mark.setGeometry(0, max(0, top), self.width(), 2)
        self._mark.setVisible(self._target != index)
        self._mark.raise_()

    def _follow(self, screen_y: int) -> None:
        """A row that is held at the border of what is seen brings more into view, for as long as it is held there."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is None:
            return
        view, bar = area.viewport(), area.verticalScrollBar()
        y = view.mapFromGlobal(QPoint(0, screen_y)).y()
        by = (y > view.height() - SCROLL_BORDER) - (y < SCROLL_BORDER)
        before = bar.value()
        bar.setValue(before + by * SCROLL_STEP)
        if bar.value() == before:
            self._scroll.stop()
        elif not self._scroll.isActive():
            self._scroll.start()

    def _let_go(self, index: int) -> None:
        self._scroll.stop()
        self._mark.hide()
        target, self._target = self._target, None
        if target is not None and target != index:
            self.move_item(index, target)
            self._focus_grip(target)

    def add_item(self) -> None:
        """Append a fresh item."""
        self._shape = None
        had = self._has_focus()
        self.ctx.set(self.path, [*self.items(), self._new_item()], name=self.add_button.text())
        if had:
            self._focus_row(self._rows.count() - 1)

    def remove_item(self, index: int) -> None:
        """Drop an item, unless `on_remove` did it itself."""
        self._shape = None
        had = self._has_focus()
        if not (self._on_remove and self._on_remove(index)):
            items = self.items()
            del items[index]
            self.ctx.set(self.path, items, name=self._row_words(tr("Remove"), index))
        if had:
            self._focus_row(min(index, self._rows.count() - 1))

    def _has_focus(self) -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def _focus_row(self, index: int) -> None:
        """Whoever works by keyboard goes on in the row that came, or beside the one that went."""
        rows = widgets_of(self._rows)
        line = rows[index].layout() if 0 <= index < len(rows) else None
        parts = widgets_of(line) if line is not None else []
        # What the row holds; its grip comes before that and is not what somebody wants who has just added it.
        if not any(focus_first(part) for part in parts if not isinstance(part, Grip)):
            self.add_button.setFocus()

    def move_item(self, old: int, new: int) -> None:
        """Put the item at another place."""
        self._shape = None
        items = self.items()
        items.insert(new, items.pop(old))
        self.ctx.set(self.path, items, name=self._row_words(tr("Move up") if new < old else tr("Move down"), old))

    def _row_words(self, done: str, index: int) -> str:
        """What was done to a row, with the part of the form that it stands in and its number there."""
        section = self.parentWidget()
        while section is not None and not isinstance(section, Section):
            section = section.parentWidget()
        return f"{section.title()} {index + 1}: {done}" if section is not None else done
