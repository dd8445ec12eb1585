"""The form of a human-input node: its text, its fields, one button for each of its actions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QTextBrowser, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.panels.run_form import RunForm

_FIELD = re.compile(r"\{\{#\$output\.([^#]+)#\}\}")
_STYLES = {"primary": "primary", "accent": "primary", "ghost": "quiet"}


class AnswerForm(QDialog):
    """`answered` carries the form's id, the chosen action and the values; closing leaves the run waiting."""

    answered = Signal(str, str, dict)

    def __init__(self, record: Mapping[str, Any], parent: QWidget) -> None:
        super().__init__(parent)
        definition = record["definition"]
        self._session_id = str(record["session_id"])
        self.setWindowTitle(str(record.get("node_title") or tr("Human input")))
        self.setMinimumSize(520, 320)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(12)
        title = QLabel(str(record.get("node_title") or tr("Human input")))
        title.setProperty("kind", "heading")
        column.addWidget(title)
        text = QTextBrowser()
        text.setProperty("kind", "bare")
        text.setAccessibleName(tr("Text of the form"))
        text.setOpenExternalLinks(False)
        text.setMarkdown(_FIELD.sub(r"**[\1]**", str(definition.get("form_content") or "")))
        column.addWidget(text, 1)
        self.form = RunForm(_fields(definition))
        holder = QScrollArea()
        holder.setWidgetResizable(True)
        holder.setFrameShape(QScrollArea.Shape.NoFrame)
        holder.setWidget(self.form)
        holder.setVisible(bool(definition.get("inputs")))
        column.addWidget(holder, 2)
        expires = QLabel(tr("The run waits for this answer. You may close this and answer later from the run history."))
        expires.setProperty("kind", "small")
        expires.setWordWrap(True)
        column.addWidget(expires)
        row = QHBoxLayout()
        row.addStretch(1)
        for action in definition.get("actions") or ():
            button = QPushButton(str(action.get("title") or action.get("id")))
            button.setAccessibleName(button.text())
            button.setProperty("kind", _STYLES.get(str(action.get("button_style")), ""))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, chosen=str(action["id"]): self._answer(chosen))
            row.addWidget(button)
        column.addLayout(row)

    def _answer(self, action: str) -> None:
        values = self.form.values()
        if values is not None:
            self.answered.emit(self._session_id, action, values)
            self.accept()


def _fields(definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The fields in the words of a start node's inputs."""
    defaults = definition.get("resolved_default_values") or {}
    fields: list[Mapping[str, Any]] = []
    for field in definition.get("inputs") or ():
        name = str(field["output_variable_name"])
        shown = {**field, "variable": name, "label": name, "required": field["type"] != "paragraph"}
        if name in defaults:
            shown["default"] = defaults[name]
        if field["type"] == "file-list":
            shown["max_length"] = field.get("number_limits") or 10
        fields.append(shown)
    return fields
