"""The editor for JSON: what is wrong is marked while one types, and a key or a button lays the text out in lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QWidget

from editor.i18n import tr
from editor.keymap import pressed, with_keys
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.json_text import JsonFault, fault_in, laid_out, same_place
from editor.panels.parts import Words, tool_button

CHECKED: Final = 200_000
"""Characters up to which a text is read at every key."""
_BUTTON: Final = 24


class JsonEdit(CodeEdit):
    """`checked` comes with each change: the words of the fault, or an empty text."""

    checked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        self.also: Callable[[str], JsonFault | None] = lambda _text: None
        """What else makes a text that is valid JSON wrong where it stands."""
        self.is_part = False
        """Only the beginning of a text is shown, so that nothing can be said of it."""
        super().__init__("json", parent)
        self.layout_button = tool_button("braces", tr("Format the JSON"), self.lay_out)
        self.layout_button.setParent(self)
        self.layout_button.setFixedSize(_BUTTON, _BUTTON)
        self.layout_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.layout_button.setCursor(Qt.CursorShape.ArrowCursor)
        self.retell()
        self._place_gutter()
        self.textChanged.connect(self._look)

    def retell(self) -> None:
        """The button and the mark in another language."""
        self.layout_button.setToolTip(with_keys(tr("Format the JSON"), "lay_out"))
        if self.toPlainText():
            self._look()

    # -- what is wrong -----------------------------------------------------------------------------------------------

    def fault(self) -> JsonFault | None:
        """What is wrong with the text; an empty one is right."""
        text = self.toPlainText()
        return None if self.is_part else fault_in(text) or self.also(text)

    def _look(self) -> None:
        if self.document().characterCount() <= CHECKED:
            self._tell(self.fault())

    def _tell(self, fault: JsonFault | None) -> None:
        words = fault.words if fault is not None else ""
        line = fault.line if fault is not None else None
        if (line, words) != (self._fault_line, self._fault_text):
            self.set_fault(line, words)
            self.checked.emit(words)

    # -- laying out --------------------------------------------------------------------------------------------------

    def lay_out(self) -> bool:
        """Lay the text out in lines, as one step of undo; a text that is wrong stays and the caret goes to its fault.

        Gives whether the text is laid out now.
        """
        if self.isReadOnly():
            return False
        before, fault = self.toPlainText(), self.fault()
        self._tell(fault)
        cursor = self.textCursor()
        if fault is not None:
            cursor.setPosition(min(fault.position, len(before)))
            self.setTextCursor(cursor)
            self.setFocus()
            return False
        after = laid_out(before)
        if after == before:
            return True
        place = same_place(before, after, cursor.position())
        self.left.emit()  # what was typed before is a step of its own
        cursor.beginEditBlock()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(after)
        cursor.endEditBlock()
        self.left.emit()
        cursor.setPosition(place)
        self.setTextCursor(cursor)
        return True

    # -- Qt ----------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and pressed(event, "lay_out"):
            event.accept()
            return True
        if event.type() == QEvent.Type.ReadOnlyChange:
            self._place_gutter()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if pressed(event, "lay_out"):
            self.lay_out()
            return
        super().keyPressEvent(event)

    def _place_gutter(self) -> None:
        """Room for the button, so that it never lies on the text."""
        button = getattr(self, "layout_button", None)  # the base class asks before there is one
        shown = button is not None and not self.isReadOnly() and self.isEnabled()
        if button is not None:
            button.setVisible(shown)
        self.setViewportMargins(self.gutter_width(), 0, _BUTTON + 2 if shown else 0, 0)
        self._place_button()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_button()

    def _place_button(self) -> None:
        button = getattr(self, "layout_button", None)
        if button is not None:
            bar = self.verticalScrollBar()
            right = self.contentsRect().right() - (bar.width() if bar.isVisible() else 0)
            button.move(right - _BUTTON, self.contentsRect().top() + 2)


def fault_line(edit: JsonEdit) -> Words:
    """A line below a JSON editor that says what is wrong, and is not there otherwise."""
    label = Words("", "bad")
    label.hide()

    def show(words: str) -> None:
        label.setText(words)
        label.setVisible(bool(words))

    edit.checked.connect(show)
    return label
