"""What a single step needs to know and nobody has told yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column
from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.forms.json_edit import JsonEdit, fault_line
from editor.panels.forms.parts import labelled

if TYPE_CHECKING:
    from editor.session import WorkflowSession

AS_TEXT = ("string", "secret", "any", "")
"""Types whose values are written as they are, not as JSON."""


def needed(session: WorkflowSession, node_id: str, known: set[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Input key to selector for references of a node (and of what is inside a container) without a known value."""
    from engine.model.refs import references

    graph = session.document.graph
    inside = {n.id for n in graph.descendants(node_id)} | {node_id}
    names: dict[str, tuple[str, ...]] = {}
    for inner in inside:
        for reference in references(graph.node(inner)):
            selector = tuple(reference.selector)
            source = selector[0]
            if source in inside or source in ("env", "sys"):
                continue
            if source == "conversation" or (source, selector[1]) in known:
                continue
            names[f"#{'.'.join(selector[:2])}#"] = selector[:2]
    return names


def ask_for(
    session: WorkflowSession, node_id: str, known: set[tuple[str, str]], parent: QWidget
) -> dict[str, Any] | None:
    """The missing values; empty when nothing is missing, None when the person cancelled."""
    names = needed(session, node_id, known)
    if not names:
        return {}
    dialog = StepInputs(session, names, parent)
    if dialog.exec() != QDialog.DialogCode.Accepted:
        return None
    return dialog.values()


class StepInputs(FittingDialog):
    """One field a value; text is text, JSON where the variable is not text."""

    def __init__(self, session: WorkflowSession, names: dict[str, tuple[str, ...]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumWidth(420)
        column = dialog_column(self, tr("Run this step"))
        words = QLabel(tr("These values are not known from an earlier run:"))
        words.setProperty("kind", "muted")
        words.setWordWrap(True)
        column.addWidget(words)
        self._edits: dict[str, tuple[QPlainTextEdit, str]] = {}
        from engine.model.scope import variable_type

        for key, selector in names.items():
            node = session.document.graph.nodes.get(selector[0])
            kind = variable_type(session.document.workflow, selector) or "string"
            edit = QPlainTextEdit() if kind in AS_TEXT else JsonEdit()
            edit.setFixedHeight(64)
            edit.setTabChangesFocus(True)
            edit.setAccessibleName(".".join(selector))
            column.addWidget(labelled(f"{node.title if node else selector[0]} / {selector[1]}  ·  {kind}", edit))
            if isinstance(edit, JsonEdit):
                column.addWidget(fault_line(edit))
            self._edits[key] = (edit, kind)
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        buttons = QDialogButtonBox()
        run = buttons.addButton(tr("Run"), QDialogButtonBox.ButtonRole.AcceptRole)
        run.setProperty("kind", "primary")
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._check)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _check(self) -> None:
        try:
            self.values()
        except ValueError as error:
            self.fault.setText(tr("Not valid JSON: {what}", what=told(error)))
            self.fault.show()
            return
        self.accept()

    def values(self) -> dict[str, Any]:
        """Key to value. Raises ValueError for text that is not the JSON it should be."""
        found: dict[str, Any] = {}
        for key, (edit, kind) in self._edits.items():
            text = edit.toPlainText()
            found[key] = text if kind in AS_TEXT else json.loads(text or "null")
        return found
