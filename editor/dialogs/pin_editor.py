"""The pinned result of one step, value by value: what stands here is what the next runs take instead of running it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.output_fields import BadValue, OutputFields

if TYPE_CHECKING:
    from editor.session import WorkflowSession


class PinEditor(FittingDialog):
    """One field an output: text as text, everything else as JSON. Pin keeps them, Esc leaves everything as it was."""

    def __init__(
        self, session: WorkflowSession, node_id: str, outputs: Mapping[str, Any], parent: QWidget, *, warning: str = ""
    ) -> None:
        super().__init__(parent)
        self._session, self._node_id = session, node_id
        self._first = dict(outputs)
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
        self.fields = self._make_fields()
        column.addWidget(self.fields, 1)
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

    def _make_fields(self) -> OutputFields:
        fields = OutputFields()
        fields.add_values(self._first)
        if not self._first:
            fields.add_words(tr("The step gives no values."), "muted")
        return fields

    def _keep(self) -> None:
        try:
            outputs = self.fields.values()
        except BadValue as problem:
            self.fault.setText(told(problem))
            self.fault.show()
            return
        self._session.pins.pin(self._node_id, outputs, edited=outputs != self._first or self._was_edited())
        self.accept()

    def _was_edited(self) -> bool:
        known = self._session.pins.pins.get(self._node_id)
        return known is not None and known.edited
