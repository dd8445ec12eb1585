"""The variables that every step can read: environment, conversation and system, each a list. Secrets stay hidden."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QListWidget, QListWidgetItem, QMenu, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.forms.parts import Section
from editor.panels.parts import EmptyState, PanelTitle, tool_button
from editor.panels.variable_dialog import VariableDialog
from editor.panels.variable_picker import SYSTEM_WORDS, type_icon
from engine.model.edits import Group, SetVariables

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.model.workflow import Variable

ROW = int(Qt.ItemDataRole.UserRole)
REFERENCE = ROW + 1
SYSTEM_HEIGHT = 240


class Variables(QWidget):
    """The lists, one below the other; the system's can only be read."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._told = ""
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
            found = _list(title.label.text())
            found.itemActivated.connect(lambda item, kind=kind: self.edit(kind, item.data(ROW)))
            found.itemClicked.connect(lambda item, kind=kind: self.edit(kind, item.data(ROW)))
            found.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            found.customContextMenuRequested.connect(partial(self._menu, kind))
            found.installEventFilter(self)
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
        self.system = _list(tr("System variables"))
        self.system.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.system.customContextMenuRequested.connect(self._system_menu)
        self.system.setMinimumHeight(SYSTEM_HEIGHT)
        self.system.itemActivated.connect(_copy_reference)
        section = Section(tr("System variables"), folded=True)
        section.setContentsMargins(8, 0, 0, 0)
        section.add(self.system)
        column.addWidget(section)
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
                lines = [variable.name, f"{variable.value_type}  ·  {shown or tr('empty')}", variable.description]
                item = QListWidgetItem("\n".join(line for line in lines if line))
                item.setIcon(icon(type_icon(variable.value_type), "accent"))
                item.setData(ROW, row)
                item.setData(REFERENCE, _reference("env" if kind == "environment" else "conversation", variable.name))
                item.setToolTip(str(item.data(REFERENCE)))
                found.addItem(item)
            found.setVisible(bool(found.count()))
            self.empty[kind].setVisible(not found.count())
        self._fill_system()

    def _fill_system(self) -> None:
        from engine.model.scope import system_variables

        if self.system.count() and self._told == tr("System variables"):
            return
        self._told = tr("System variables")
        self.system.clear()
        for variable in system_variables(self._session.document.workflow.mode):
            words = tr(SYSTEM_WORDS[variable.name]) if variable.name in SYSTEM_WORDS else ""
            item = QListWidgetItem("\n".join(line for line in (variable.name, variable.type, words) if line))
            item.setIcon(icon(type_icon(variable.type), "muted"))
            item.setData(REFERENCE, _reference("sys", variable.name))
            item.setToolTip(str(item.data(REFERENCE)))
            self.system.addItem(item)

    # -- hands -------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = next((k for k, found in self.lists.items() if found is watched), "")
        if kind and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # before the window's own keys
            elif event.type() == QEvent.Type.KeyPress:
                self.remove(kind)
            return event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        return super().eventFilter(watched, event)

    def _menu(self, kind: str, point: QPoint) -> None:
        found = self.lists[kind]
        row = found.indexAt(point).row()
        if row < 0:
            return
        found.setCurrentRow(row)
        item = found.item(row)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if not self._session.read_only:
            menu.addAction(icon("edit", "text"), tr("Edit…"), lambda: self.edit(kind, item.data(ROW)))
        menu.addAction(icon("copy", "text"), tr("Copy the reference"), lambda: _copy_reference(item))
        if not self._session.read_only:
            menu.addSeparator()
            menu.addAction(icon("trash", "bad"), f"{tr('Delete')}\tDel", lambda: self.remove(kind))
        menu.popup(found.viewport().mapToGlobal(point))

    def _system_menu(self, point: QPoint) -> None:
        row = self.system.indexAt(point).row()
        if row < 0:
            return
        self.system.setCurrentRow(row)
        item = self.system.item(row)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("copy", "text"), tr("Copy the reference"), lambda: _copy_reference(item))
        menu.popup(self.system.viewport().mapToGlobal(point))

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


def _list(name: str) -> QListWidget:
    found = QListWidget()
    found.setFrameShape(QFrame.Shape.NoFrame)
    EntryDelegate.serve(found)
    found.setAccessibleName(name)
    return found


def _reference(source: str, name: str) -> str:
    return "{{#" + f"{source}.{name}" + "#}}"


def _copy_reference(item: QListWidgetItem) -> None:
    """What a text says to read the variable; pasted into a prompt it becomes a chip."""
    QGuiApplication.clipboard().setText(str(item.data(REFERENCE)))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
