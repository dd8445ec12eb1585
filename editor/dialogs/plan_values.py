"""What the steps that run again are about to read from steps that are taken over; every value can be changed."""

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

Key = tuple[str, str]


class PlanValues(FittingDialog):
    """`changed` holds the values that are other than before, by node and name, once it was accepted."""

    def __init__(
        self,
        session: WorkflowSession,
        read: Mapping[str, Mapping[str, Any]],
        changed: Mapping[Key, Any],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.changed: dict[Key, Any] = dict(changed)
        self._first = {(node_id, name): value for node_id, values in read.items() for name, value in values.items()}
        self.setWindowTitle(tr("Values that are taken over"))
        self.setMinimumSize(520, 420)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        words = QLabel(tr("The steps that run again read these. A change holds for this run only."))
        words.setProperty("kind", "muted")
        words.setWordWrap(True)
        column.addWidget(words)
        self.fields = OutputFields()
        for node_id, values in read.items():
            node = session.document.graph.nodes.get(node_id)
            self.fields.add_words((node.title or node.type) if node is not None else node_id)
            shown = {name: changed.get((node_id, name), value) for name, value in values.items()}
            self.fields.add_values(shown, lambda name, node_id=node_id: (node_id, name))  # type: ignore[misc]
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
        self.use = QPushButton(tr("Use these values"))
        self.use.setProperty("kind", "primary")
        self.use.setDefault(True)
        self.use.clicked.connect(self._use)
        row.addWidget(self.use)
        column.addLayout(row)

    def _use(self) -> None:
        try:
            values = self.fields.values()
        except BadValue as problem:
            self.fault.setText(told(problem))
            self.fault.show()
            return
        self.changed = {key: value for key, value in values.items() if value != self._first[key]}
        self.accept()
