"""Environment and conversation variables: a list, and a dialog that checks name, type, value. Secrets stay hidden."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.parts import dialog_column
from editor.i18n import tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.forms.json_edit import JsonEdit
from editor.panels.forms.parts import labelled
from editor.panels.parts import EmptyState, PanelTitle, tool_button
from engine.model.edits import Group, SetVariables
from engine.model.types import VALUE_TYPES
from engine.model.workflow import Variable

if TYPE_CHECKING:
    from editor.session import WorkflowSession

ENVIRONMENT_TYPES = ("string", "number", "secret")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,29}")
ROW = int(Qt.ItemDataRole.UserRole)


class VariableDialog(QDialog):
    """Asks for one variable; `value()` is the result. A secret's value is shown only when asked for."""

    def __init__(self, variable: Variable | None, kind: str, taken: set[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._variable, self._kind, self._taken = variable, kind, taken
        self.setMinimumWidth(400)
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
        self.line = QLineEdit()
        self.line.setAccessibleName(tr("Value"))
        self.area = JsonEdit()
        self.area.setAccessibleName(tr("Value"))
        self.area.setFixedHeight(110)
        value = variable.value if variable is not None else ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        self.line.setText(text)
        self.area.setPlainText(text)
        self._eye = self.line.addAction(icon("eye", "muted"), QLineEdit.ActionPosition.TrailingPosition)
        self._eye.setToolTip(tr("Show the value"))
        self._eye.triggered.connect(self._show_secret)
        self.about = QLineEdit(variable.description if variable else "")
        self.about.setAccessibleName(tr("Description"))
        for word, widget in ((tr("Name"), self.name), (tr("Type"), self.type)):
            column.addWidget(labelled(word, widget))
        values = QWidget()
        inside = QVBoxLayout(values)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.line)
        inside.addWidget(self.area)
        self.area.setTabChangesFocus(True)
        self.area.checked.connect(lambda _: self._tell_fault())
        column.addWidget(labelled(tr("Value") if kind == "environment" else tr("Default value"), values))
        column.addWidget(labelled(tr("Description"), self.about))
        self.fault = QLabel()
        self.fault.setProperty("kind", "bad")
        self.fault.setWordWrap(True)
        self.fault.hide()
        column.addWidget(self.fault)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Save"))
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("kind", "primary")
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.type.currentIndexChanged.connect(self._show_parts)
        self._show_parts()

    def _show_parts(self) -> None:
        kind = self.type.currentData()
        long = kind == "object" or str(kind).startswith("array")
        self.line.setVisible(not long)
        self.area.setVisible(long)
        self._eye.setVisible(kind == "secret")
        self._tell_fault()
        before = self._variable
        if before is not None and before.is_secret and kind != "secret" and self.line.text() == before.value:
            # Choosing another type must not show what stays hidden until somebody asks for it.
            self.line.clear()
            self.area.clear()
        self.line.setEchoMode(QLineEdit.EchoMode.Password if kind == "secret" else QLineEdit.EchoMode.Normal)

    def _tell_fault(self) -> None:
        """What is wrong with the JSON, where the value is written as such."""
        wrong = None if self.area.isHidden() else self.area.fault()
        self.fault.setText(wrong.words if wrong is not None else "")
        self.fault.setVisible(wrong is not None)

    def _show_secret(self) -> None:
        hidden = self.line.echoMode() == QLineEdit.EchoMode.Password
        self.line.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)

    def _parsed(self) -> tuple[Any, str]:
        kind = str(self.type.currentData())
        if kind in ("string", "secret"):
            return self.line.text(), ""
        text = self.line.text() if kind in ("number", "boolean") else self.area.toPlainText()
        if not text.strip():
            empty: dict[str, Any] = {"number": 0, "boolean": False, "object": {}}
            return empty.get(kind, []), ""
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            return None, tr("Not valid JSON: line {line}, column {column}", line=error.lineno, column=error.colno)
        return value, "" if _fits(kind, value) else tr("The value is not of the type {type}.", type=kind)

    def _save(self) -> None:
        name = self.name.text().strip().replace(" ", "_")
        value, fault = self._parsed()
        if not NAME.fullmatch(name):
            fault = tr("The name starts with a letter or _ and has letters, digits and _ only, at most 30.")
        elif name in self._taken:
            fault = tr("There is a variable of this name already.")
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
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


def _fits(kind: str, value: Any) -> bool:
    checks: dict[str, Any] = {
        "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
        "boolean": lambda v: isinstance(v, bool),
        "object": lambda v: isinstance(v, dict),
        "string": lambda v: isinstance(v, str),
    }
    if kind.startswith("array[") and kind.endswith("]"):
        return isinstance(value, list) and all(checks.get(kind[6:-1], lambda _v: True)(v) for v in value)
    return bool(checks.get(kind, lambda _v: True)(value))


class Variables(QWidget):
    """Both lists, one below the other."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(0)
        self.lists: dict[str, QListWidget] = {}
        self.empty: dict[str, EmptyState] = {}
        kinds = ["environment"]
        if session.document.workflow.mode == "advanced-chat":
            kinds.append("conversation")
        for kind in kinds:
            title = PanelTitle(tr("Environment variables") if kind == "environment" else tr("Conversation variables"))
            title.add(tool_button("plus", tr("Add a variable"), partial(self.edit, kind, None)))
            column.addWidget(title)
            found = QListWidget()
            found.setFrameShape(QFrame.Shape.NoFrame)
            EntryDelegate.serve(found)
            found.setAccessibleName(title.label.text())
            found.itemActivated.connect(lambda item, kind=kind: self.edit(kind, item.data(ROW)))
            found.itemClicked.connect(lambda item, kind=kind: self.edit(kind, item.data(ROW)))
            found.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
            remove = found.addAction(icon("trash", "bad"), tr("Delete"))
            remove.triggered.connect(lambda _=False, kind=kind: self.remove(kind))
            words = (
                tr("Values that every step can read, such as addresses and keys.")
                if kind == "environment"
                else tr("What a conversation remembers from one turn to the next.")
            )
            empty = EmptyState("variables", words, tr("Add a variable"), partial(self.edit, kind, None))
            empty.setAccessibleName(title.label.text())
            empty.set_action_shown(not session.read_only)
            column.addWidget(found, 1)
            column.addWidget(empty, 1)
            self.lists[kind], self.empty[kind] = found, empty
        help_text = QLabel(
            tr("Nodes read them through the variable picker. Secrets are encrypted and never shown in logs.")
        )
        help_text.setProperty("kind", "small")
        help_text.setWordWrap(True)
        help_text.setContentsMargins(16, 8, 16, 8)
        column.addWidget(help_text)
        self._unsubscribe = session.document.subscribe(self._on_delta)
        self.refresh()

    def close_session(self) -> None:
        """Stop listening."""
        self._unsubscribe()

    def _on_delta(self, delta: Any) -> None:
        if delta.variables_changed or delta.everything:
            self.refresh()

    def _variables(self, kind: str) -> tuple[Variable, ...]:
        workflow = self._session.document.workflow
        return workflow.environment_variables if kind == "environment" else workflow.conversation_variables

    def refresh(self) -> None:
        """Show what there is."""
        for kind, found in self.lists.items():
            found.clear()
            for row, variable in enumerate(self._variables(kind)):
                shown = "••••••" if variable.is_secret and variable.value else _short(variable.value)
                item = QListWidgetItem(f"{variable.name}\n{variable.value_type}  ·  {shown or tr('empty')}")
                name = variable.value_type.split("[")[0]
                known = ("string", "number", "boolean", "object", "array", "secret")
                item.setIcon(icon(f"type-{name}" if name in known else "type-any", "accent"))
                item.setData(ROW, row)
                item.setToolTip(variable.description)
                found.addItem(item)
            found.setVisible(bool(found.count()))
            self.empty[kind].setVisible(not found.count())

    def edit(self, kind: str, row: int | None) -> None:
        """Ask for a new variable, or change one; its uses follow a new name."""
        if self._session.read_only:
            return
        variables = list(self._variables(kind))
        old = variables[row] if row is not None else None
        taken = {v.name for i, v in enumerate(variables) if i != row}
        dialog = VariableDialog(old, kind, taken, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def done() -> None:
            fresh = dialog.value()
            edits: list[Any] = []
            if row is None:
                variables.append(fresh)
            else:
                variables[row] = fresh
                if old is not None and old.name != fresh.name:
                    from engine.model.refs import rename_variable

                    source = "env" if kind == "environment" else "conversation"
                    edits.append(rename_variable(self._session.document.workflow, source, old.name, fresh.name))
            label = tr("Variable {name}", name=fresh.name)
            self._session.submit(Group(label, (SetVariables(kind, tuple(variables)), *edits)), label)

        dialog.accepted.connect(done)
        dialog.open()

    def remove(self, kind: str) -> None:
        """Remove the selected variable, after asking when it is used."""
        rows = self.lists[kind]
        if rows.currentRow() < 0 or self._session.read_only:
            return
        variables = list(self._variables(kind))
        gone = variables.pop(int(rows.currentItem().data(ROW)))
        from engine.model.refs import find_uses

        source = "env" if kind == "environment" else "conversation"
        uses = find_uses(self._session.document.workflow, (source, gone.name))
        if uses and not self._session.confirm_removal(gone.name, list(uses)):
            return
        self._session.submit(SetVariables(kind, tuple(variables)), tr("Delete {name}", name=gone.name))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
