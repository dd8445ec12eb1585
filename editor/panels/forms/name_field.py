"""A name that other settings refer to: checked when it is finished, never half of it, and its uses follow."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout

from editor.i18n import tr
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, name_it

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}")
Check = Callable[[str], str]


def variable_problem(name: str, taken: set[str]) -> str:
    """Why `name` cannot be the name of a variable beside those `taken`; an empty text when it can."""
    if not VARIABLE.fullmatch(name):
        return tr("The name starts with a letter or _ and has letters, digits and _ only, at most 30.")
    if name in taken:
        return tr("“{name}” is taken already; choose another name.", name=name)
    return ""


class NameField(Field):
    """One line that is written with Enter or when the keyboard leaves. `check(new)` tells what is wrong with a name in
    words, which are shown while the old name stays in force; `write(old, new)` makes the edit. Escape gives up."""

    def __init__(
        self,
        ctx: FormContext,
        path: Path,
        name: str,
        check: Check,
        write: Callable[[str, str], None],
        placeholder: str = "",
    ) -> None:
        super().__init__(ctx, path)
        self._check, self._write = check, write
        self._shown = ""
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(placeholder)
        self.edit.installEventFilter(self)
        name_it(self.edit, name)
        self.edit.editingFinished.connect(self._finished)
        self.edit.textEdited.connect(lambda _text: self._say(""))
        column.addWidget(self.edit)
        self._fault = QLabel()
        self._fault.setProperty("kind", "bad")
        self._fault.setWordWrap(True)
        self._fault.hide()
        column.addWidget(self._fault)
        self.row.addLayout(column, 1)
        self.setFocusProxy(self.edit)
        self.load()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if escape and event.type() == QEvent.Type.KeyPress and self.edit.text() != self._stored():
            self._show()
            self._say("")
            return True
        return super().eventFilter(watched, event)

    def _stored(self) -> str:
        return str(self.ctx.get(self.path, ""))

    def _show(self) -> None:
        self._shown = self._stored()
        self.edit.setText(self._shown)

    def load(self) -> None:
        # What is being typed stays; a name that nobody touched follows, also under the caret.
        typed = self.edit.hasFocus() and self.edit.text() != self._shown
        if not typed and self.edit.text() != self._stored():
            self._show()

    def _finished(self) -> None:
        old, new = self._stored(), self.edit.text().strip()
        problem = self._check(new) if new != old else ""
        if new != old and not problem:
            self._say("")
            self._write(old, new)
        self._show()
        if problem:
            self._say(problem)

    def _say(self, words: str) -> None:
        self._fault.setText(words)
        self._fault.setVisible(bool(words))
