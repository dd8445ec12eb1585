"""A value of a run, read-only: its beginning at once however large it is, its size, copy, and the whole as a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.fields import name_it
from editor.panels.forms.parts import Section, small_button
from editor.panels.result_text import ResultText, is_markdown
from editor.panels.viewers.pictures import pictures_in
from editor.panels.viewers.thumbnails import Thumbnails
from editor.panels.viewers.tree import DataTree
from editor.panels.viewers.viewing import viewing

LARGE: Final = 20_000
"""Characters that are shown at once."""
_MOST_ITEMS: Final = 2_000
_DEEPEST: Final = 100
"""Levels of a value that are shown."""
MOST_READ: Final = 1_000_000
"""Characters of a text that is looked at as data."""


def size_text(characters: int) -> str:
    """How large a value is, in words of file sizes."""
    if characters < 1024:
        return tr("{count} characters", count=characters)
    if characters < 1024 * 1024:
        return f"{characters / 1024:.1f} KB"
    return f"{characters / 1024 / 1024:.1f} MB"


def measure(value: Any) -> int:
    """About how many characters the value has as JSON; quick for long texts and long lists, at any depth."""
    size, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            size += len(item) + 2
        elif isinstance(item, Mapping):
            size += 2 + sum(len(str(key)) + 4 for key in item)
            waiting += item.values()
        elif isinstance(item, list | tuple):
            size += 2 + 2 * len(item)
            waiting += item
        else:
            size += len(str(item))
    return size


def shortened(value: Any, room: int = LARGE) -> Any:
    """The beginning of a value that fits about `room` characters, of the same shape."""
    left = [room]

    def cut(item: Any, depth: int = 0) -> Any:
        if depth > _DEEPEST and isinstance(item, Mapping | list | tuple):
            return "…"
        if isinstance(item, str):
            kept = item if len(item) <= left[0] else item[: max(0, left[0])] + "…"
            left[0] -= len(kept)
            return kept
        if isinstance(item, Mapping):
            kept_map: dict[str, Any] = {}
            for key, inner in item.items():
                if left[0] <= 0:
                    break
                left[0] -= len(str(key)) + 4
                kept_map[str(key)] = cut(inner, depth + 1)
            return kept_map
        if isinstance(item, list | tuple):
            kept_list: list[Any] = []
            for inner in item[:_MOST_ITEMS]:
                if left[0] <= 0:
                    break
                left[0] -= 2
                kept_list.append(cut(inner, depth + 1))
            return kept_list
        left[0] -= len(str(item))
        return item

    return cut(value)


def as_text(value: Any) -> str:
    """A value as it is shown, copied and written: a text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, default=str)
    except RecursionError:  # Python lays out in lines what is some hundred levels deep; in one line it writes more
        return json.dumps(value, ensure_ascii=False, default=str)


def _kind_of(value: Any) -> tuple[str, Any]:
    """In which other way than as it came a value can be seen, and what is shown then: `data`, `text` or nothing."""
    if isinstance(value, Mapping | list) and value:
        return "data", value
    if isinstance(value, str):
        if len(value) <= MOST_READ and value.lstrip()[:1] in ("{", "["):
            try:
                read = json.loads(value)
            except (ValueError, RecursionError):
                read = None
            if isinstance(read, dict | list) and read:
                return "data", read
        if is_markdown(value):
            return "text", value
    return "", value


def _height(shown: str) -> int:
    """How high a text stands: with its lines, up to a limit."""
    lines = sum(1 + len(line) // 60 for line in shown.split("\n", 20)[:20])
    return 28 + min(18, max(2, lines)) * 18


def save_value(value: Any, name: str, parent: QWidget) -> str:
    """Ask for a file and write the whole value into it; the file's name, empty when the person thought better of it.

    Raises OSError when the file cannot be written.
    """
    is_text = isinstance(value, str)
    kind = tr("Text") + " (*.txt)" if is_text else "JSON (*.json)"
    suggested = f"{name}.{'txt' if is_text else 'json'}"
    chosen, _ = QFileDialog.getSaveFileName(parent, tr("Export the whole value"), suggested, kind)
    if chosen:
        Path(chosen).write_text(as_text(value), encoding="utf-8")
    return chosen


class ValueView(QWidget):
    """A value to look at: data as a tree, Markdown formatted, pictures small, and everything as it came on request.
    Which of them is liked is remembered. `whole` fetches the value when what is given here is only its beginning;
    `called` names its keys for people."""

    def __init__(
        self,
        title: str,
        value: Any,
        *,
        whole: Callable[[], Any] | None = None,
        folded: bool = False,
        called: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__()
        self._value, self._title, self._whole, self._called = value, title, whole, called
        self._viewing = viewing()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        section = Section(title, folded=folded)
        self._size = measure(value)
        large = self._size > LARGE or whole is not None
        self._cut = shortened(value) if self._size > LARGE else value
        self._kind, self._shown = _kind_of(value)
        self.switch: QToolButton = small_button("code", tr("Show {what} as it came", what=title), lambda: None)
        self.switch.setCheckable(True)
        if self._kind:
            self.switch.setChecked(self._viewing.raw(self._kind))
            section.add_action(self.switch)
        section.add_action(small_button("copy", tr("Copy {what}", what=title), self.copy))
        section.add_action(small_button("export", tr("Export {what} as a file", what=title), self.export))
        pictures = pictures_in(value, self._viewing.find)
        self.thumbnails = Thumbnails(pictures, self._viewing) if pictures else None
        if self.thumbnails is not None:
            section.add(self.thumbnails)
        holder = QWidget()
        self._holder = QVBoxLayout(holder)
        self._holder.setContentsMargins(0, 0, 0, 0)
        section.add(holder)
        self.view: QWidget = QWidget()
        self.note: QWidget | None = None
        self._fill()
        self.switch.toggled.connect(self._switched)
        if large:
            self.note = self._note()
            section.add(self.note)
            self._tell()
        self._fault = QLabel()
        self._fault.setProperty("kind", "bad")
        self._fault.setWordWrap(True)
        self._fault.hide()
        section.add(self._fault)
        column.addWidget(section)

    def _switched(self, raw: bool) -> None:
        self._viewing.set_raw(self._kind, raw)
        self._fill()

    def _fill(self) -> None:
        """Show the value in the way that is chosen."""
        old = self._holder.takeAt(0)
        widget = old.widget() if old is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        if self._kind and not self.switch.isChecked():
            self.view = DataTree(self._shown, self._called) if self._kind == "data" else self._formatted()
        else:
            self.view = self._raw()
        name_it(self.view, self._title)
        self._holder.addWidget(self.view)
        self._tell()

    def _formatted(self) -> QWidget:
        text = ResultText()
        text.show_text(str(self._cut))
        text.setFixedHeight(_height(str(self._cut)))
        return text

    def _tell(self) -> None:
        """How large the whole is: a tree has all of it, a line at a time; everything else shows the beginning."""
        if self.note is None or self._whole is not None:
            return
        size = size_text(self._size)
        in_tree = isinstance(self.view, DataTree)
        self._words.setText(tr("{size} in all.", size=size) if in_tree else tr("The beginning of {size}.", size=size))

    def _raw(self) -> QWidget:
        shown = as_text(self._cut)
        view = CodeEdit("text" if isinstance(self._cut, str) else "json")
        view.setReadOnly(True)
        view.setLineWrapMode(CodeEdit.LineWrapMode.WidgetWidth)
        view.load(shown)
        view.setFixedHeight(_height(shown))
        return view

    def _note(self) -> QWidget:
        """How big the whole is, and the way to it."""
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        self._words = QLabel(tr("A preview; the whole value was stored beside it."))
        self._words.setProperty("kind", "small")
        row.addWidget(self._words)
        export = QPushButton(tr("Export the whole value"))
        export.setProperty("kind", "link")
        export.setIcon(icon("export", "accent"))
        name_it(export, tr("Export the whole value"))
        export.clicked.connect(self.export)
        row.addWidget(export)
        row.addStretch(1)
        return box

    def value(self) -> Any:
        """The whole value."""
        return self._value if self._whole is None else self._whole()

    def copy(self) -> None:
        """Put the whole value on the clipboard."""
        QGuiApplication.clipboard().setText(as_text(self.value()))

    def export(self) -> None:
        """Write the whole value into a file that the person chooses."""
        self._fault.hide()
        try:
            save_value(self.value(), self._title, self)
        except OSError as error:
            self._fault.setText(tr("The file cannot be written: {what}", what=told(error.strerror or str(error))))
            self._fault.show()
