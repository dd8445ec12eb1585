"""The variable inspector: values that nodes gave in debugging runs, by group; the next single step reads what is
changed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QMenu,
    QSplitter,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import EmptyState, PanelTitle, tool_button
from editor.panels.value_editor import ValueEditor
from engine.nodes.registry import spec

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.errors import PenstockError

KEY: Final = int(Qt.ItemDataRole.UserRole)
OWN_GROUPS: Final = ("env", "conversation", "sys")
MASK: Final = "••••••••"


@dataclass(frozen=True)
class Value:
    """One variable with its value. `preview`: only the beginning is here; `secret`: the value is not here at all."""

    node_id: str
    name: str
    type: str
    value: Any
    edited: bool = False
    editable: bool = False
    preview: bool = False
    secret: bool = False
    hint: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.node_id, self.name)


class Values(QSplitter):
    """`goTo` names a node to show."""

    goTo = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._session = session
        self._values: dict[tuple[str, str], Value] = {}
        self._lines: dict[tuple[str, str], QTreeWidgetItem] = {}
        self._was_over: object = None
        self.setChildrenCollapsible(False)
        self.addWidget(self._make_list())
        self.editor = ValueEditor(session)
        self.editor.changed.connect(self._change)
        self.editor.resetWanted.connect(self._reset)
        self.addWidget(self.editor)
        self.setSizes([340, 680])
        self.setStretchFactor(1, 1)
        session.runChanged.connect(self._run_changed)

    def _make_list(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = PanelTitle(tr("Values"))
        title.add(tool_button("refresh", tr("Refresh"), self.refresh))
        title.add(tool_button("trash", tr("Forget all values"), self.clear_all))
        column.addWidget(title)
        self.tree = QTreeWidget()
        self.tree.setFrameShape(QFrame.Shape.NoFrame)
        self.tree.setHeaderHidden(True)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setUniformRowHeights(True)
        self.tree.setAccessibleName(tr("Values"))
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.currentItemChanged.connect(self._chosen)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.tree)
        self.pages.addWidget(
            EmptyState("variables", tr("Run the workflow, or one of its steps: what each step gave is kept here."))
        )
        column.addWidget(self.pages, 1)
        return side

    # -- reading -----------------------------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def _run_changed(self) -> None:
        state = self._session.whole_state
        over = (
            (state.run_id, state.status) if state is not None and (state.is_over or state.status == "paused") else None
        )
        if over != self._was_over:
            self._was_over = over
            if over is not None and self.isVisible():
                self.refresh()

    def refresh(self) -> None:
        """Read the values anew; what is chosen stays chosen."""
        if not self._session.app_id:
            self._show([])
            return
        runs, app_id = self._session.studio.services.runs, self._session.app_id
        self._session.studio.tasks.run(
            lambda: list(runs.draft_variables(app_id)), done=self._show, failed=self._failed, key=f"values {id(self)}"
        )

    def _failed(self, error: PenstockError) -> None:
        self._session.studio.messages.error(tr("The values cannot be read"), error)

    def _show(self, rows: list[Mapping[str, Any]]) -> None:
        if self._session.is_closed:
            return
        kept = self.editor.value.key if self.editor.value is not None else None
        values = [*self._environment(), *self._conversation(rows), *self._stored(rows)]
        self._values = {value.key: value for value in values}
        groups: dict[str, list[Value]] = {}
        for value in values:
            groups.setdefault(value.node_id, []).append(value)
        self.tree.blockSignals(True)
        self.tree.clear()
        self._lines.clear()
        chosen = None
        for node_id in sorted(groups, key=self._order):
            item = self._group(node_id)
            self.tree.addTopLevelItem(item)
            for value in groups[node_id]:
                child = self._lines[value.key] = self._line(value)
                item.addChild(child)
                chosen = child if value.key == kept else chosen
            item.setExpanded(True)
        self.tree.blockSignals(False)
        self.pages.setCurrentIndex(0 if groups else 1)
        if chosen is not None:
            self.tree.setCurrentItem(chosen)
        self.editor.show_value(self._values.get(kept) if kept is not None else None)

    def _order(self, node_id: str) -> tuple[int, int]:
        if node_id in OWN_GROUPS:
            return (0, OWN_GROUPS.index(node_id))
        ids = list(self._session.document.graph.nodes)
        return (1, ids.index(node_id) if node_id in ids else len(ids))

    def _environment(self) -> list[Value]:
        hint = tr("Environment variables are changed in the panel Variables.")
        return [
            Value("env", v.name, v.value_type, MASK if v.is_secret else v.value, secret=v.is_secret, hint=hint)
            for v in self._session.document.workflow.environment_variables
        ]

    def _conversation(self, rows: list[Mapping[str, Any]]) -> list[Value]:
        """Conversation variables that no run has written yet, with their defaults."""
        known = {row["name"] for row in rows if row["node_id"] == "conversation"}
        hint = tr("The default; a run has not written it yet.")
        return [
            Value("conversation", v.name, v.value_type, v.value, hint=hint)
            for v in self._session.document.workflow.conversation_variables
            if v.name not in known
        ]

    @staticmethod
    def _stored(rows: list[Mapping[str, Any]]) -> list[Value]:
        return [
            Value(
                row["node_id"],
                row["name"],
                row["value_type"],
                row["value"],
                edited=bool(row["last_edited_at"]),
                editable=bool(row["editable"]),
                preview=bool(row["file_id"]),
            )
            for row in rows
            if row["visible"]
        ]

    def _group(self, node_id: str) -> QTreeWidgetItem:
        words = {"env": tr("Environment"), "conversation": tr("Conversation variables"), "sys": tr("System")}
        pictures = {"env": "environment", "conversation": "conversation", "sys": "system"}
        node = self._session.document.graph.nodes.get(node_id)
        title = words.get(node_id) or (node.title if node is not None else tr("{id} (deleted)", id=node_id))
        found = spec(node.type) if node is not None else None
        picture = pictures.get(node_id) or (found.icon if found else "unknown")
        item = QTreeWidgetItem([title])
        item.setIcon(0, icon(picture, "muted"))
        item.setData(0, KEY, (node_id, ""))
        return item

    @staticmethod
    def _line(value: Value) -> QTreeWidgetItem:
        mark = f"  ·  {tr('Edited')}" if value.edited else ""
        item = QTreeWidgetItem([f"{value.name}{mark}"])
        kind = value.type.split("[")[0]
        known = ("string", "number", "boolean", "object", "array", "file", "secret")
        item.setIcon(0, icon(f"type-{kind}" if kind in known else "type-any", "accent" if value.edited else "faint"))
        item.setData(0, KEY, value.key)
        item.setToolTip(0, value.type)
        return item

    # -- choosing ----------------------------------------------------------------------------------------------------

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        key = tuple(item.data(0, KEY)) if item is not None else None
        self.editor.show_value(self._values.get(key) if key is not None else None)

    def select(self, node_id: str, name: str) -> None:
        """Choose a variable."""
        item = self._lines.get((node_id, name))
        if item is not None:
            self.tree.setCurrentItem(item)

    def _menu(self, point: Any) -> None:
        item = self.tree.itemAt(point)
        if item is None:
            return
        node_id = str(item.data(0, KEY)[0])
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if node_id in self._session.document.graph.nodes:
            menu.addAction(icon("pointer", "text"), tr("Show the node"), lambda: self.goTo.emit(node_id))
        if node_id != "env":
            menu.addAction(icon("trash", "bad"), tr("Forget its values"), lambda: self.clear(node_id))
        menu.popup(self.tree.viewport().mapToGlobal(point))

    # -- changing ----------------------------------------------------------------------------------------------------

    def _do(self, work: Any) -> None:
        self._session.studio.tasks.run(work, done=lambda _: self.refresh(), failed=self._failed)

    def _change(self, value: Value, fresh: Any) -> None:
        runs, app_id = self._session.studio.services.runs, self._session.app_id
        self._do(lambda: runs.set_draft_variable(app_id, value.node_id, value.name, fresh))

    def _reset(self, value: Value) -> None:
        runs, app_id = self._session.studio.services.runs, self._session.app_id
        self._do(lambda: runs.reset_draft_variable(app_id, value.node_id, value.name))

    def clear(self, node_id: str) -> None:
        """Forget the values of a node or a group."""
        runs, app_id = self._session.studio.services.runs, self._session.app_id
        self._do(lambda: runs.clear_draft_variables(app_id, node_id))

    def clear_all(self) -> None:
        """Forget everything after asking."""
        text = tr("Single steps will ask for their inputs again, until the workflow has run once more.")
        if self._session.studio.messages.confirm(tr("Forget all values?"), text, tr("Forget"), danger=True):
            runs, app_id = self._session.studio.services.runs, self._session.app_id
            self._do(lambda: runs.clear_draft_variables(app_id))
