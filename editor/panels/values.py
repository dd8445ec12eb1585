"""The variable inspector: values that nodes gave in debugging runs, by group; the next single step reads what is
changed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
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
from editor.panels.parts import EmptyState, PanelTitle, Words, tool_button
from editor.panels.scrubber import moment_words
from editor.panels.value_editor import ValueEditor
from editor.panels.value_rows import OWN_GROUPS, Value, draft_values, run_values
from engine.nodes.registry import spec

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.errors import PenstockError

KEY: Final = int(Qt.ItemDataRole.UserRole)


class Values(QSplitter):
    """`goTo` names a node to show."""

    goTo = Signal(str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._session = session
        self._values: dict[tuple[str, str], Value] = {}
        self._lines: dict[tuple[str, str], QTreeWidgetItem] = {}
        self._mark: object = None
        self._kept: tuple[str, str] | None = None
        self._node_id = ""
        self._by_hand = False
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
        self.forget = tool_button("trash", tr("Forget all values"), self.clear_all)
        title.add(self.forget)
        column.addWidget(title)
        column.addWidget(self._make_when())
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
        self.pages.addWidget(EmptyState("variables", tr("Nothing has given a value at this moment.")))
        column.addWidget(self.pages, 1)
        return side

    def _make_when(self) -> QWidget:
        """Says that what is shown is not the newest, with the way to that."""
        self.when = QFrame()
        self.when.setProperty("kind", "banner")
        row = QHBoxLayout(self.when)
        row.setContentsMargins(12, 4, 4, 4)
        row.setSpacing(4)
        self.words = Words(kind="small")
        row.addWidget(self.words, 1)
        self.back = tool_button("chevron-left", tr("One moment back"), lambda: self._go(self._session.moments.stop - 1))
        self.on = tool_button("chevron-right", tr("One moment on"), lambda: self._go(self._session.moments.stop + 1))
        self.newest = tool_button("moment-last", tr("To the newest values"), lambda: self._go(None))
        for button in (self.back, self.on, self.newest):
            row.addWidget(button)
        self.when.hide()
        return self.when

    def _go(self, stop: int | None) -> None:
        """Show another moment; None for the newest."""
        moments = self._session.moments
        if moments.replay is not None:
            moments.go(len(moments.replay.stops) - 1 if stop is None else stop)

    # -- reading -----------------------------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    @property
    def source(self) -> str:
        """Where the values come from: a `moment` of a run that is over, the `run` that goes on, or what the `draft`
        keeps for single steps."""
        session = self._session
        state = session.whole_state
        if state is None:
            return "draft"
        if session.read_only or session.moment_seconds is not None:
            return "moment"
        return "run" if session.is_running and state.run_id and state.kind == "full" else "draft"

    def _run_changed(self) -> None:
        session, source = self._session, self.source
        state = session.whole_state
        mark: object = None
        if state is not None and source == "draft":
            mark = (state.run_id, state.status) if state.is_over or state.status == "paused" else self._mark
        elif state is not None:
            mark = (source, state.run_id, session.moments.stop, *state.held, *sorted(session.chosen_rounds.items()))
        if mark != self._mark:
            self._mark = mark
            if mark is not None and self.isVisible():
                self.refresh()

    def refresh(self) -> None:
        """Read the values anew; what is chosen stays chosen."""
        self._say_source()
        if self.source != "draft":
            self._shown(run_values(self._session))
            return
        if not self._session.app_id:
            self._show([])
            return
        runs, app_id = self._session.studio.services.runs, self._session.app_id
        self._session.studio.tasks.run(
            lambda: list(runs.draft_variables(app_id)), done=self._show, failed=self._failed, key=f"values {id(self)}"
        )

    def _say_source(self) -> None:
        """What is seen: the newest values need no words."""
        source, moments = self.source, self._session.moments
        words = ""
        if source == "run":
            words = tr("What the run has given so far.")
        elif source == "moment" and self._session.moment_seconds is None:
            words = tr("As the run left them.")
        elif source == "moment":
            words = tr("As they were at this moment of the run: {moment}", moment=moment_words(moments))
        self.words.setText(words)
        self.when.setVisible(bool(words))
        for button in (self.back, self.on, self.newest):
            button.setVisible(source == "moment")
        earlier = self._session.moment_seconds is not None
        self.back.setEnabled(moments.stop > 0)
        self.on.setEnabled(earlier)
        self.newest.setEnabled(earlier)
        self.forget.setEnabled(source == "draft")

    def _failed(self, error: PenstockError) -> None:
        self._session.studio.messages.error(tr("The values cannot be read"), error)

    def _show(self, rows: list[Mapping[str, Any]]) -> None:
        if not self._session.is_closed and self.source == "draft":
            self._shown(draft_values(self._session, rows))

    def _shown(self, values: list[Value]) -> None:
        kept = self._kept
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
        self.pages.setCurrentIndex(0 if groups else 1 if self.source == "draft" else 2)
        if chosen is not None:
            self.tree.blockSignals(True)
            self.tree.setCurrentItem(chosen)
            self.tree.blockSignals(False)
        self.editor.show_value(self._values.get(kept) if kept is not None else None)
        self._kept = kept  # a value that is not there at one moment is chosen again at the next
        if chosen is None:
            self._to_node()

    def _order(self, node_id: str) -> tuple[int, int]:
        if node_id in OWN_GROUPS:
            return (0, OWN_GROUPS.index(node_id))
        ids = list(self._session.document.graph.nodes)
        return (1, ids.index(node_id) if node_id in ids else len(ids))

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

    def show_node(self, node_id: str) -> None:
        """Bring a node's values into view; unless somebody watches another value, the first of them is shown."""
        if node_id != self._node_id:
            self._node_id = node_id
            self._to_node()

    def _to_node(self) -> None:
        first = next((line for key, line in self._lines.items() if key[0] == self._node_id), None)
        group = first.parent() if first is not None else None
        if first is None or group is None:
            return
        self.tree.scrollToItem(group, QAbstractItemView.ScrollHint.PositionAtTop)
        if not self._by_hand:
            self.tree.setCurrentItem(first)
            self._by_hand = False

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        self._by_hand = item is not None
        key = tuple(item.data(0, KEY)) if item is not None else None
        self._kept = key if key in self._values else None
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
        if node_id != "env" and self.source == "draft":
            menu.addAction(icon("trash", "bad"), tr("Forget its values"), lambda: self.clear(node_id))
        if menu.isEmpty():
            menu.deleteLater()
            return
        menu.popup(self.tree.viewport().mapToGlobal(point))

    # -- changing ----------------------------------------------------------------------------------------------------

    def _do(self, work: Any) -> None:
        self._session.studio.tasks.run(work, done=self._done, failed=self._failed)

    def _done(self, _: Any) -> None:
        self.refresh()
        self._session.kept_values.refresh()

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
