"""The dialog of one environment or conversation variable: it checks name, type and value; secrets stay hidden."""

from __future__ import annotations

import json
import math
import re
import uuid
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import accept_or_cancel, complaint, dialog_column, scrolling
from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.json_edit import JsonEdit
from editor.panels.forms.parts import labelled
from editor.panels.items_edit import ROWS, ItemsEdit, Wrong, fits_rows, truth_box
from engine.model.types import VALUE_TYPES
from engine.model.workflow import Variable

ENVIRONMENT_TYPES: Final = ("string", "number", "secret")
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}")
AREA: Final = 132
_EMPTY: Final[dict[str, Any]] = {"number": 0, "boolean": False, "object": {}}


class VariableDialog(FittingDialog):
    """Asks for one variable; `value()` is the result. A secret's value is shown only when asked for."""

    def __init__(self, variable: Variable | None, kind: str, taken: set[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._variable, self._kind, self._taken = variable, kind, taken
        self.setMinimumWidth(440)
        column = dialog_column(self, tr("Variable"))
        self.name = QLineEdit(variable.name if variable else "")
        self.name.setAccessibleName(tr("Name"))
        self.name.setMaxLength(30)
        self.type = QComboBox()
        self.type.setAccessibleName(tr("Type"))
        for name in ENVIRONMENT_TYPES if kind == "environment" else VALUE_TYPES:
            self.type.addItem(name, name)
        if variable is not None:
            if self.type.findData(variable.value_type) < 0:
                self.type.addItem(variable.value_type, variable.value_type)
            self.type.setCurrentIndex(self.type.findData(variable.value_type))
        for word, widget in ((tr("Name"), self.name), (tr("Type"), self.type)):
            column.addWidget(labelled(word, widget))
        values = self._make_values(variable.value if variable is not None else "")
        column.addWidget(labelled(tr("Value") if kind == "environment" else tr("Default value"), values))
        self.about = QLineEdit(variable.description if variable else "")
        self.about.setAccessibleName(tr("Description"))
        column.addWidget(labelled(tr("Description"), self.about))
        self.fault = complaint()
        column.addWidget(self.fault)
        column.addWidget(accept_or_cancel(tr("Save"), self._save, self))
        self.type.currentIndexChanged.connect(self._show_parts)
        self._show_parts()

    def _make_values(self, value: Any) -> QWidget:
        """An editor for each kind of value; one of them is shown."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        self.line = QLineEdit(text)
        self._eye = self.line.addAction(icon("eye", "muted"), QLineEdit.ActionPosition.TrailingPosition)
        self._eye.setToolTip(tr("Show the value"))
        self._eye.triggered.connect(self._show_secret)
        self.words = QPlainTextEdit(text)
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(84)
        self.truth = truth_box(value)
        self.area = JsonEdit()
        self.area.setPlainText(text)
        self.area.setTabChangesFocus(True)
        self.area.setFixedHeight(AREA)
        self.area.checked.connect(lambda _: self._tell_fault())
        self.items = ItemsEdit()
        self._scroll = scrolling(self.items)
        self._scroll.setFixedHeight(AREA)
        self.as_json = QPushButton()
        self.as_json.setProperty("kind", "quiet")
        self.as_json.clicked.connect(self._switch)
        self._in_rows = True
        values = QWidget()
        inside = QVBoxLayout(values)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        for widget in (self.line, self.words, self.truth, self.area):
            widget.setAccessibleName(tr("Value"))
            inside.addWidget(widget)
        inside.addWidget(self._scroll)
        inside.addWidget(self.as_json, 0, Qt.AlignmentFlag.AlignRight)
        return values

    def _show_parts(self) -> None:
        kind = str(self.type.currentData())
        before = self._variable
        if before is not None and before.is_secret and kind != "secret" and before.value in self._written():
            # Choosing another type must not show what stays hidden until somebody asks for it.
            self.line.clear()
            self.words.clear()
            self.area.clear()
        rows = self._show_rows(kind)
        self.line.setVisible(kind in ("number", "secret"))
        self.words.setVisible(kind == "string")
        self.truth.setVisible(kind == "boolean")
        self.area.setVisible(self._is_data(kind) and not rows)
        self._scroll.setVisible(rows)
        self.as_json.setVisible(kind in ROWS)
        self.as_json.setText(tr("As JSON") if rows else tr("As rows"))
        self._eye.setVisible(kind == "secret")
        self._tell_fault()
        self.line.setEchoMode(QLineEdit.EchoMode.Password if kind == "secret" else QLineEdit.EchoMode.Normal)

    def _written(self) -> tuple[str, ...]:
        return self.line.text(), self.words.toPlainText(), self.area.toPlainText()

    @staticmethod
    def _is_data(kind: str) -> bool:
        return kind not in ("string", "secret", "number", "boolean")

    def _show_rows(self, kind: str) -> bool:
        """Whether the value stands in rows now; they are made from the JSON text as far as it fits."""
        if not self._in_rows or kind not in ROWS:
            return False
        text = self.area.toPlainText().strip()
        try:
            value = json.loads(text) if text else ({} if kind == "object" else [])
        except ValueError:
            return False
        if not fits_rows(kind, value):
            return False
        self.items.load(kind, value)
        return True

    def _switch(self) -> None:
        """From rows to JSON and back; what cannot be carried over is said and nothing changes."""
        rows = not self._scroll.isHidden()
        try:
            if rows:
                self.area.setPlainText(json.dumps(self.items.value(), ensure_ascii=False, indent=1))
        except Wrong as fault:
            self._tell(str(fault))
            return
        self._in_rows = not rows
        self._show_parts()
        if self._in_rows and self._scroll.isHidden():
            self._tell(tr("This value has no rows: it is not of the type, or holds lists and objects."))

    def _tell_fault(self) -> None:
        """What is wrong with the JSON, where the value is written as such."""
        wrong = None if self.area.isHidden() else self.area.fault()
        self._tell(wrong.words if wrong is not None else "")

    def _tell(self, words: str) -> None:
        self.fault.setText(words)
        self.fault.setVisible(bool(words))

    def _show_secret(self) -> None:
        hidden = self.line.echoMode() == QLineEdit.EchoMode.Password
        self.line.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)

    def _parsed(self) -> tuple[Any, str]:
        kind = str(self.type.currentData())
        if kind in ("string", "secret"):
            text = self.words.toPlainText() if kind == "string" else self.line.text()
            return text, "" if text or self._kind != "environment" else tr("Enter a value.")
        if kind == "boolean":
            return bool(self.truth.currentData()), ""
        if not self._scroll.isHidden():
            try:
                return self.items.value(), ""
            except Wrong as fault:
                return None, str(fault)
        text = self.line.text() if kind == "number" else self.area.toPlainText()
        if not text.strip():
            return _EMPTY.get(kind, []), tr("Enter a value.") if self._kind == "environment" else ""
        misfit = tr("The value is not of the type {type}.", type=kind)
        try:
            value = json.loads(text, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            if kind == "number":
                return None, misfit
            return None, tr("Not valid JSON: line {line}, column {column}", line=error.lineno, column=error.colno)
        except ValueError:
            return None, misfit
        return value, "" if _fits(kind, value) else misfit

    def _save(self) -> None:
        name = self.name.text().strip().replace(" ", "_")
        value, fault = self._parsed()
        if not NAME.fullmatch(name):
            fault = tr("The name starts with a letter or _ and has letters, digits and _ only, at most 30.")
        elif name in self._taken:
            fault = tr("There is a variable of this name already.")
        self._tell(fault)
        if fault:
            return
        base = self._variable or Variable(str(uuid.uuid4()), name, selector=None)
        prefix = "env" if self._kind == "environment" else "conversation"
        self._result = replace(
            base,
            name=name,
            value_type=str(self.type.currentData()),
            value=value,
            description=self.about.text(),
            selector=(prefix, name) if self._variable is None or base.selector is not None else None,
        )
        self.accept()

    def value(self) -> Variable:
        """The variable as it was entered."""
        return self._result


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _fits(kind: str, value: Any) -> bool:
    checks: dict[str, Any] = {
        "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v),
        "boolean": lambda v: isinstance(v, bool),
        "object": lambda v: isinstance(v, dict),
        "string": lambda v: isinstance(v, str),
    }
    if kind.startswith("array[") and kind.endswith("]"):
        return isinstance(value, list) and all(checks.get(kind[6:-1], lambda _v: True)(v) for v in value)
    return bool(checks.get(kind, lambda _v: True)(value))
