"""What a single step needs to know and nobody has told yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column
from editor.i18n import tr
from editor.panels.run_form import RunForm
from editor.panels.value_editor import fits

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.model.graph import Node

CONTROLS: Final = {
    "string": "paragraph",
    "secret": "paragraph",
    "any": "paragraph",
    "": "paragraph",
    "number": "number",
    "integer": "number",
    "float": "number",
    "boolean": "checkbox",
    "file": "file",
    "array[file]": "file-list",
}
"""The control of the run form for a type; values of all other types are written as JSON."""
TOLD: Final = (("sys", "query"), ("sys", "files"))
"""System variables that a person gives with a message; the engine knows the others."""


def needed(session: WorkflowSession, node_id: str, known: set[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Input key to selector: what a start asks for, and references of a node (and of what is inside a container)
    without a known value."""
    from engine.model.refs import references

    graph = session.document.graph
    inside = {n.id for n in graph.descendants(node_id)} | {node_id}
    names: dict[str, tuple[str, ...]] = {}
    for inner in inside:
        for reference in references(graph.node(inner)):
            selector = tuple(reference.selector)
            source = selector[0]
            if source in inside or source in ("env", "conversation"):
                continue
            if selector[:2] in known or (source == "sys" and selector[:2] not in TOLD):
                continue
            names[f"#{'.'.join(selector[:2])}#"] = selector[:2]
    # What a start gives is what a person tells it; other values than the last ones are why one runs it alone.
    names |= {name: (node_id, name) for name in _declared(graph.node(node_id))}
    return names


def _declared(node: Node) -> dict[str, Mapping[str, Any]]:
    """The inputs that a start asks for, by name; none for another node."""
    found = node.data.get("variables") if node.type == "start" else None
    variables = [v for v in found if isinstance(v, Mapping)] if isinstance(found, list | tuple) else []
    return {str(v["variable"]): v for v in variables if v.get("variable") and not v.get("hide")}


def ask_for(
    session: WorkflowSession, node_id: str, known: set[tuple[str, str]], parent: QWidget
) -> dict[str, Any] | None:
    """The missing values, with what was given for them last offered again; empty when nothing is missing, None when
    the person cancelled."""
    names = needed(session, node_id, known)
    if not names:
        return {}
    dialog = StepInputs(session, node_id, names, parent)
    if dialog.exec() != QDialog.DialogCode.Accepted:
        return None
    session.asked.remember(dialog.values)
    return dialog.values


class StepInputs(FittingDialog):
    """One control a value by its type, as in the form of a run."""

    def __init__(
        self, session: WorkflowSession, node_id: str, names: dict[str, tuple[str, ...]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setMinimumWidth(420)
        self.values: dict[str, Any] = {}
        """Key to value, once the dialog was accepted."""
        self.kinds: dict[str, str] = {}
        column = dialog_column(self, tr("Run this step"))
        words = QLabel(tr("These values are not known from an earlier run:"))
        words.setProperty("kind", "muted")
        words.setWordWrap(True)
        column.addWidget(words)
        inputs: dict[str, Mapping[str, Any]] = {}
        from engine.model.scope import variable_type

        fields: list[Mapping[str, Any]] = []
        for key, selector in names.items():
            node = session.document.graph.nodes.get(selector[0])
            kind = self.kinds[key] = variable_type(session.document.workflow, selector) or "string"
            if node is not None and node.id == node_id:
                inputs = inputs or _declared(node)
                fields.append(inputs[selector[1]])
                continue
            label = f"{(node.title or node.type) if node else selector[0]} / {selector[1]}  ·  {kind}"
            fields.append({"variable": key, "label": label, "type": CONTROLS.get(kind, "json")})
        self.form = RunForm(fields)
        self.form.load({key: value for key, value in session.asked.values.items() if key in names})
        words.setVisible(not inputs)
        self.form.submitted.connect(self._check)
        column.addWidget(self.form)
        buttons = QDialogButtonBox()
        run = buttons.addButton(tr("Run"), QDialogButtonBox.ButtonRole.AcceptRole)
        run.setProperty("kind", "primary")
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._check)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def minimumSizeHint(self) -> QSize:
        """Also for the words below file fields that take several lines at this width."""
        hint, layout = super().minimumSizeHint(), self.layout()
        tall = layout.totalMinimumHeightForWidth(max(self.width(), hint.width())) if layout is not None else 0
        return hint.expandedTo(QSize(0, tall))

    def _check(self) -> None:
        found = self.form.values()
        if found is None:
            return
        for key, kind in self.kinds.items():
            # Nothing typed is no value, and may be tried.
            if found[key] is not None and not fits(kind, found[key]):
                self.form.refuse(key, tr("The value is not of the type {type}.", type=kind))
                return
        self.values = found
        self.accept()
