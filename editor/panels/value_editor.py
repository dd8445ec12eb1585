"""One value of the variable inspector: a field by its type, what can be done with it, and how large it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.bridge.files import stored_files
from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from editor.keymap import LocalKeys
from editor.panels.file_pick import FilePick
from editor.panels.forms.json_edit import JsonEdit
from editor.panels.parts import EmptyState, tool_button
from editor.panels.run_form import number_of
from editor.panels.value_view import LARGE, as_text, measure, save_value, shortened, size_text
from engine.errors import PenstockError
from engine.run.variables.files import file_from_input, is_file_input

if TYPE_CHECKING:
    from editor.panels.value_rows import Value
    from editor.session import WorkflowSession

TEXTS: Final = ("string", "secret", "none", "any")


class ValueEditor(QWidget):
    """`changed` carries the value and what it is to be; `resetWanted` brings back what the run gave."""

    changed = Signal(object, object)
    resetWanted = Signal(object)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self.value: Value | None = None
        self._read: Any = None
        self.field: QWidget = QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.pages = QStackedWidget()
        self.pages.addWidget(EmptyState("variables", tr("Choose a value to see and change it.")))
        self.pages.addWidget(self._make_page())
        column.addWidget(self.pages)
        LocalKeys(self, "confirm", self.apply)

    def _make_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        self.name = QLabel()
        self.name.setProperty("kind", "title")
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.type = QLabel()
        self.type.setProperty("kind", "chip")
        self.badge = QLabel(tr("Edited"))
        self.badge.setProperty("kind", "chip")
        self.reset = tool_button("undo", tr("Back to what the last run gave"), self._reset)
        self.copy = tool_button("copy", tr("Copy the value"), self._copy)
        self.export = tool_button("export", tr("Export the whole value"), self._export)
        for widget in (self.name, self.type, self.badge):
            head.addWidget(widget)
        head.addStretch(1)
        for button in (self.reset, self.copy, self.export):
            head.addWidget(button)
        column.addLayout(head)
        self._holder = QVBoxLayout()
        column.addLayout(self._holder, 1)
        foot = QHBoxLayout()
        self.note = QLabel()
        self.note.setProperty("kind", "small")
        self.note.setWordWrap(True)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        foot.addWidget(self.note, 1)
        foot.addWidget(self.fault)
        self.use = QPushButton(tr("Use this value"))
        self.use.setIcon(icon("check", "text"))
        self.use.setAccessibleName(self.use.text())
        self.use.setToolTip(tr("The next single step reads it (Ctrl+Enter)."))
        self.use.clicked.connect(self.apply)
        foot.addWidget(self.use)
        column.addLayout(foot)
        return page

    # -- showing -----------------------------------------------------------------------------------------------------

    def show_value(self, value: Value | None) -> None:
        """Show a value, or words that say to choose one."""
        if value is not None and value == self.value:
            return
        self.value = value
        self.pages.setCurrentIndex(0 if value is None else 1)
        if value is None:
            return
        self.name.setText(value.name)
        self.type.setText(value.type)
        self.badge.setVisible(value.edited)
        self.reset.setVisible(value.edited)
        self.copy.setVisible(not value.secret)
        self.export.setVisible(not value.secret)
        self.fault.clear()
        large = value.preview or measure(value.value) > LARGE
        editable = value.editable and not large and not value.secret and not self._session.read_only
        self._show_field(value, editable, large)
        self.use.setVisible(editable)
        self.use.setEnabled(False)
        self.note.setText(self._note(value, large))
        if value.preview:
            self._fetch(value, lambda whole: self._tell_size(value, whole))

    def _note(self, value: Value, large: bool) -> str:
        if value.preview:
            return tr("The beginning of a large value; it cannot be edited here.")
        if large:
            return tr("The beginning of {size}.", size=size_text(measure(value.value)))
        return value.hint

    def _tell_size(self, value: Value, whole: Any) -> None:
        if value == self.value:
            self.note.setText(tr("The beginning of {size}; it cannot be edited here.", size=size_text(measure(whole))))

    def _show_field(self, value: Value, editable: bool, large: bool) -> None:
        old = self._holder.takeAt(0)
        widget = old.widget() if old is not None else None
        if widget is not None:
            widget.deleteLater()
        self.field = self._make_field(value, editable, large)
        self.field.setAccessibleName(tr("Value of {name}", name=value.name))
        top = isinstance(self.field, QLineEdit | QCheckBox | FilePick)
        self._holder.addWidget(self.field, 0, Qt.AlignmentFlag.AlignTop if top else Qt.AlignmentFlag(0))

    def _make_field(self, value: Value, editable: bool, large: bool) -> QWidget:
        if value.type == "boolean" and isinstance(value.value, bool):
            check = QCheckBox(tr("true"))
            check.setChecked(value.value)
            check.setEnabled(editable)
            check.toggled.connect(self._edited)
            self._read = check.isChecked
            return check
        if editable and value.type in ("file", "array[file]"):
            return self._file_field(value)
        if value.type in ("number", "integer", "float") or value.secret:
            line = QLineEdit(as_text(value.value))
            line.setReadOnly(not editable)
            line.textEdited.connect(self._edited)
            self._read = lambda: _number(line.text())
            return line
        shown = shortened(value.value) if large else value.value
        text = QPlainTextEdit() if isinstance(value.value, str) else JsonEdit()
        text.setPlainText(as_text(shown))
        text.setReadOnly(not editable)
        before = [text.toPlainText()]

        def changed() -> None:
            # Qt says so of colours too, which come a moment after the text: they would take the fault away.
            if text.toPlainText() != before[0]:
                before[0] = text.toPlainText()
                self._edited()

        text.textChanged.connect(changed)
        is_text = isinstance(value.value, str) and value.type in TEXTS
        self._read = text.toPlainText if is_text else lambda: json.loads(text.toPlainText())
        return text

    def _file_field(self, value: Value) -> QWidget:
        pick = FilePick(several=value.type != "file")
        found = value.value if isinstance(value.value, list) else [value.value]
        pick.set_kept([item for item in found if is_file_input(item)])
        pick.changed.connect(self._edited)

        def read() -> Any:
            if pick.fault():
                raise ValueError
            given = stored_files(self._session.studio.services, {"files": pick.value()})["files"]
            files = [file_from_input(item).to_dict() for item in given]
            if not files and not pick.several:
                raise ValueError
            return files if pick.several else files[0]

        self._read = read
        return pick

    def _edited(self) -> None:
        wrong = self.field.fault() if isinstance(self.field, JsonEdit) else None
        self.fault.setText(wrong.words if wrong is not None else "")
        self.use.setEnabled(True)

    # -- doing -------------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Make what stands in the field the value; a text that does not fit the type is refused."""
        value = self.value
        if value is None or not self.use.isVisible() or not self.use.isEnabled():
            return
        wrong = self.field.fault() if isinstance(self.field, JsonEdit) else None
        if wrong is not None:
            self.fault.setText(wrong.words)
            return
        try:
            fresh = self._read()
        except PenstockError as error:
            self.fault.setText(told(error))  # a file that cannot be read
            return
        except ValueError:
            self.fault.setText(self._missing())
            return
        if not fits(value.type, fresh):
            self.fault.setText(tr("The value is not of the type {type}.", type=value.type))
            return
        self.use.setEnabled(False)
        self.changed.emit(value, fresh)

    def _missing(self) -> str:
        """Why nothing can be read from the field."""
        if isinstance(self.field, FilePick):
            return self.field.fault() or tr("Choose a file.")
        return tr("This is not a number.") if isinstance(self.field, QLineEdit) else tr("This is required.")

    def _reset(self) -> None:
        if self.value is not None:
            self.resetWanted.emit(self.value)

    def _fetch(self, value: Value, then: Any) -> None:
        """The whole value, in the background when only its beginning is here."""
        if not value.preview:
            then(value.value)
            return
        runs, app_id = self._session.studio.services.runs, self._session.app_id
        self._session.studio.tasks.run(
            lambda: runs.draft_value(app_id, value.node_id, value.name),
            done=then,
            failed=lambda error: self.fault.setText(told(error)),
        )

    def _copy(self) -> None:
        if self.value is not None and not self.value.secret:
            self._fetch(self.value, lambda whole: QGuiApplication.clipboard().setText(as_text(whole)))

    def _export(self) -> None:
        if self.value is not None and not self.value.secret:
            name = self.value.name
            self._fetch(self.value, lambda whole: self._save(whole, name))

    def _save(self, whole: Any, name: str) -> None:
        try:
            save_value(whole, name, self)
        except OSError as error:
            self.fault.setText(tr("The file cannot be written: {what}", what=told(error.strerror or str(error))))


def fits(kind: str, value: Any) -> bool:
    """Whether a value may stand where one of this type stood; in a list each item is looked at too."""
    if kind.startswith("array"):
        inner = kind[len("array[") : -1] if "[" in kind else "any"
        return isinstance(value, list) and all(fits(inner, item) for item in value)
    if kind in ("number", "integer", "float"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "file":
        return is_file_input(value)
    expected = {"string": str, "secret": str, "boolean": bool, "object": dict}.get(kind)
    return expected is None or isinstance(value, expected)


def _number(text: str) -> int | float:
    """Raises ValueError for what is no number, and for nothing."""
    number, fault = number_of(text)
    if number is None:
        raise ValueError(fault)
    return number
