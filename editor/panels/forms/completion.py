"""Words that a code editor offers during typing: the node's inputs, names of the code, and the language's own."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStringListModel, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QCompleter, QListView

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.panels.forms.code_edit import CodeEdit

WORD = re.compile(r"[A-Za-z_]\w*")
SHORTEST = 2
"""Signs before the list comes by itself; with Ctrl+Space it comes at once."""
PYTHON = [*keyword.kwlist, *(name for name in dir(builtins) if not name.startswith("_") and name[0].islower())]
JAVASCRIPT = [
    *("async", "await", "break", "case", "catch", "class", "const", "continue", "default", "delete", "else", "false"),
    *("finally", "for", "function", "if", "in", "instanceof", "let", "new", "null", "of", "return", "switch", "this"),
    *("throw", "true", "try", "typeof", "undefined", "while", "Array", "Boolean", "Date", "JSON", "Map", "Math"),
    *("Number", "Object", "RegExp", "Set", "String", "console", "isNaN", "parseFloat", "parseInt"),
]
LANGUAGES = {"python3": PYTHON, "javascript": JAVASCRIPT}
TAKING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class Completion(QObject):
    """The list below the caret of an editor. Enter or Tab takes the chosen word, Escape closes the list, other keys go
    on to the editor. `names` gives the inputs and `language` the language each time they are needed."""

    def __init__(self, edit: CodeEdit, names: Callable[[], Iterable[str]], language: Callable[[], str]) -> None:
        super().__init__(edit)
        self._edit, self._names, self._language = edit, names, language
        self._length = len(edit.toPlainText())
        self._taking = False
        self._model = QStringListModel(self)
        self.popup = QListView()
        self.completer = QCompleter(self._model, self)
        self.completer.setPopup(self.popup)
        self.completer.setWidget(edit)
        self.completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.completer.activated.connect(self._take)
        self.popup.setAccessibleName(tr("Completions"))
        edit.edited.connect(self._edited)
        edit.completion = self

    def words(self) -> list[str]:
        """What can be offered: inputs first, then names of the code, then the language's."""
        present = self._prefix()
        found = {word for word in WORD.findall(self._edit.toPlainText()) if len(word) > SHORTEST and word != present}
        inputs = [name for name in self._names() if name]
        return list(dict.fromkeys([*inputs, *sorted(found), *LANGUAGES.get(self._language(), [])]))

    def _prefix(self) -> str:
        """The word before the caret; nothing in a text or a comment, or after a dot."""
        cursor = self._edit.textCursor()
        line = cursor.block().text()[: cursor.positionInBlock()]
        match = re.search(r"[A-Za-z_]\w*$", line)
        if match is None or _in_text(line, "//" if self._language() == "javascript" else "#"):
            return ""
        return "" if line[: match.start()].endswith(".") else match[0]

    def press(self, event: QKeyEvent) -> bool:
        """Whether a key was for the list."""
        key = event.key()
        if key == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.offer(shortest=0)
            return True
        if not self.popup.isVisible():
            return False
        if key in TAKING:
            self._take(str(self.popup.currentIndex().data() or ""))
            self.popup.hide()
        elif key == Qt.Key.Key_Escape:
            self.popup.hide()
        elif key in STEPS:
            model, row = self.completer.completionModel(), self.popup.currentIndex().row()
            self.popup.setCurrentIndex(model.index((row + STEPS[Qt.Key(key)]) % max(1, model.rowCount()), 0))
        else:
            return False
        return True

    def _edited(self, text: str) -> None:
        grown, self._length = len(text) > self._length, len(text)
        if not self._taking and (grown or self.popup.isVisible()):
            self.offer(shortest=SHORTEST)

    def offer(self, *, shortest: int) -> None:
        """Show the list, or hide it when nothing fits."""
        prefix = self._prefix()
        if self._edit.isReadOnly() or len(prefix) < shortest:
            self.popup.hide()
            return
        self._model.setStringList(self.words())
        self.completer.setCompletionPrefix(prefix)
        count = self.completer.completionCount()
        if count == 0 or (count == 1 and self.completer.currentCompletion() == prefix):
            self.popup.hide()
            return
        place = self._edit.cursorRect()
        place.translate(self._edit.viewport().pos())
        place.setWidth(max(160, self.popup.sizeHintForColumn(0) + 32))
        self.completer.complete(place)
        self.popup.setCurrentIndex(self.completer.completionModel().index(0, 0))

    def _take(self, word: str) -> None:
        """Put the word in the place of what was typed of it."""
        if not word:
            return
        self._taking = True
        cursor = self._edit.textCursor()
        move = QTextCursor.MoveOperation.Left
        cursor.movePosition(move, QTextCursor.MoveMode.KeepAnchor, len(self._prefix()))
        cursor.insertText(word)
        self._edit.setTextCursor(cursor)
        self._taking = False


def _in_text(line: str, comment: str) -> bool:
    """Whether the end of a line stands in a text or a comment that began in it."""
    quote, index = "", 0
    while index < len(line):
        sign = line[index]
        if quote:
            if sign == "\\":
                index += 1
            elif sign == quote:
                quote = ""
        elif sign in "\"'`":
            quote = sign
        elif line.startswith(comment, index):
            return True
        index += 1
    return bool(quote)
