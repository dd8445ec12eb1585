"""The pinned result of one step, value by value: what stands here is what the next runs take instead of running it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.fields import name_it

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class PinEditor(QDialog):
    """One field an output: text as text, everything else as JSON. Pin keeps them, Esc leaves everything as it was."""

    def __init__(
        self, session: WorkflowSession, node_id: str, outputs: Mapping[str, Any], parent: QWidget, *, warning: str = ""
    ) -> None:
        super().__init__(parent)
        self._session, self._node_id = session, node_id
        self._first = dict(outputs)
        self._read: dict[str, Callable[[], Any]] = {}
        node = session.document.graph.nodes[node_id]
        self.setWindowTitle(tr("Pinned result of “{title}”", title=node.title or node.type))
        self.setMinimumSize(520, 360)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        words = QLabel(warning or tr("The next runs of the draft take these values instead of running the step."))
        words.setProperty("kind", "warn" if warning else "muted")
        words.setWordWrap(True)
        column.addWidget(words)
        column.addWidget(self._fields(), 1)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = QPushButton(tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        row.addWidget(cancel)
        self.pin = QPushButton(tr("Pin"))
        self.pin.setProperty("kind", "primary")
        self.pin.setDefault(True)
        self.pin.clicked.connect(self._keep)
        row.addWidget(self.pin)
        column.addLayout(row)

    def _fields(self) -> QWidget:
        holder = QScrollArea()
        holder.setWidgetResizable(True)
        holder.setFrameShape(QFrame.Shape.NoFrame)
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(4)
        for name, value in self._first.items():
            label = QLabel(name)
            label.setProperty("kind", "small")
            column.addWidget(label)
            edit: QPlainTextEdit
            if isinstance(value, str):
                edit = QPlainTextEdit(value)
                self._read[name] = edit.toPlainText
            else:
                code = edit = CodeEdit("json")
                code.load(json.dumps(value, ensure_ascii=False, indent=2))
                self._read[name] = lambda code=code: json.loads(code.toPlainText())  # type: ignore[misc]
            edit.setTabChangesFocus(True)
            lines = min(10, max(2, edit.blockCount()))
            edit.setFixedHeight(16 + lines * 19)
            name_it(edit, name)
            column.addWidget(edit)
            column.addSpacing(8)
        if not self._first:
            column.addWidget(QLabel(tr("The step gives no values.")))
        column.addStretch(1)
        holder.setWidget(box)
        return holder

    def _keep(self) -> None:
        outputs = {}
        for name, read in self._read.items():
            try:
                outputs[name] = read()
            except json.JSONDecodeError as error:
                self.fault.setText(
                    tr(
                        "{name}: not valid JSON in line {line}, column {column}",
                        name=name,
                        line=error.lineno,
                        column=error.colno,
                    )
                )
                self.fault.show()
                return
        self._session.pins.pin(self._node_id, outputs, edited=outputs != self._first or self._was_edited())
        self.accept()

    def _was_edited(self) -> bool:
        known = self._session.pins.pins.get(self._node_id)
        return known is not None and known.edited
