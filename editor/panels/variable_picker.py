"""The popup that offers every variable a node may read: by source, with types, filtered as one types, by keyboard alone
if one likes. Variables of a type the field does not take are left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.context import SOURCE_ICONS
from editor.theme import theme
from editor.toned import tone

if TYPE_CHECKING:
    from editor.session import WorkflowSession

Accept = Callable[[str], bool]
SELECTOR = int(Qt.ItemDataRole.UserRole)
WIDTH, HEIGHT = 340, 360
SYSTEM_WORDS: Final[Mapping[str, str]] = {
    "app_id": "The id of this workflow in the workspace.",
    "conversation_id": "The id of the conversation.",
    "dialogue_count": "How many turns the conversation has had, this one included.",
    "files": "Files that came with the run or the message.",
    "query": "What was written in this turn.",
    "timestamp": "When the run began, in seconds since 1970.",
    "user_id": "Who started the run.",
    "workflow_id": "The id of the version that runs.",
    "workflow_run_id": "The id of this run.",
}
"""What the variables mean that every run has."""
_NAME: Final = re.compile(r"[A-Za-z0-9_.]*")
"""What one may still be typing of the name of a variable."""
_KEYS: Final = {"\b": Qt.Key.Key_Backspace, "\r": Qt.Key.Key_Return, "\t": Qt.Key.Key_Tab}
SOURCE_TONES = {"env": "held", "conversation": "good"}


def type_icon(type_name: str) -> str:
    """The icon of a variable type."""
    if type_name.startswith("array"):
        return "type-array"
    names = {"integer": "number", "float": "number", "secret": "secret", "file": "file", "bool": "boolean"}
    name = names.get(type_name, type_name)
    return f"type-{name}" if name in ("string", "number", "boolean", "object", "file", "secret") else "type-any"


class VariablePicker(QFrame):
    """`picked` carries the selector as a list of texts. Esc closes and gives the focus back."""

    picked = Signal(list)

    def __init__(
        self,
        session: WorkflowSession,
        node_id: str,
        accept: Accept | None = None,
        parent: QWidget | None = None,
        *,
        sources: Sequence[str] | None = None,
        blocks: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("variablePicker")
        self.setAccessibleName(tr("Variables"))
        self.setProperty("kind", "raised")
        self._accept = accept
        self._text: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search variables"))
        self.search.setAccessibleName(tr("Search variables"))
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Variables"))
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.setIndentation(14)
        self.tree.setIconSize(QSize(14, 14))
        self.tree.setUniformRowHeights(True)
        self.tree.setFrameShape(QFrame.Shape.NoFrame)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, self.tree.header().ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, self.tree.header().ResizeMode.ResizeToContents)
        self.tree.itemActivated.connect(self._activated)
        self.tree.itemClicked.connect(self._activated)
        column.addWidget(self.tree, 1)
        self.nothing = QLabel()
        self.nothing.setProperty("kind", "muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.nothing, 1)
        self._fill_blocks(blocks or {})
        self._fill(session, node_id, sources)
        self._filter("")
        self.resize(WIDTH, HEIGHT)

    def serve(self, text: QWidget) -> None:
        """Called by a sign that was typed in a text editor: what can be no variable goes on into the text."""
        self._text = text

    # -- where -------------------------------------------------------------------------------------------------------

    def popup_at(self, widget: QWidget) -> None:
        """Open below a field."""
        self.popup_at_point(widget.mapToGlobal(QPoint(0, widget.height() + 4)))

    def popup_at_point(self, point: QPoint) -> None:
        """Open with the top left corner at `point`, moved into the screen where it would stick out."""
        screen = self.screen().availableGeometry()
        x = max(screen.left() + 8, min(point.x(), screen.right() - self.width() - 8))
        y = point.y()
        if y + self.height() > screen.bottom() - 8:
            y = max(screen.top() + 8, point.y() - self.height() - 40)
        self.move(x, y)
        self.show()
        self.search.setFocus()

    # -- content -----------------------------------------------------------------------------------------------------

    def _fill_blocks(self, blocks: Mapping[str, str]) -> None:
        """What only this text may say besides variables: words of the format and what they are called."""
        if not blocks:
            return
        head = self._head(tr("Of the prompt"), "template", "muted")
        for word, title in blocks.items():
            item = QTreeWidgetItem([title, ""])
            item.setIcon(0, icon("template", "accent", 14))
            item.setToolTip(0, "{{#" + word + "#}}")
            item.setData(0, SELECTOR, [word])
            head.addChild(item)
        self.tree.addTopLevelItem(head)
        head.setExpanded(True)

    @staticmethod
    def _head(title: str, picture: str, colour: str) -> QTreeWidgetItem:
        head = QTreeWidgetItem([title, ""])
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        head.setFont(0, theme().font("small", 600))
        tone(head, "muted")
        head.setIcon(0, icon(picture, colour, 14))
        return head

    def _fill(self, session: WorkflowSession, node_id: str, sources: Sequence[str] | None) -> None:
        """All that the node may read; with `sources` what those nodes give (a container reads its inside)."""
        from engine.model.refs import available_variables, node_variables

        workflow = session.document.workflow
        groups = (
            available_variables(workflow, node_id)
            if sources is None
            else [node_variables(workflow, source) for source in sources]
        )
        for group in groups:
            title = tr(group.title) if group.source in SOURCE_ICONS else group.title
            node = session.document.graph.nodes.get(group.source)
            name = SOURCE_ICONS.get(group.source) or (node.type if node else "variables")
            head = self._head(title, name, SOURCE_TONES.get(group.source, "muted"))
            for variable in group.variables:
                self._add(head, variable)
            if head.childCount():
                self.tree.addTopLevelItem(head)
                head.setExpanded(True)

    def _add(self, parent: QTreeWidgetItem, variable: Any) -> bool:
        """Add a variable if it, or something in it, is accepted."""
        fits = self._accept is None or self._accept(str(variable.type))
        item = QTreeWidgetItem([variable.name, str(variable.type)])
        item.setIcon(0, icon(type_icon(str(variable.type)), "accent" if fits else "faint", 14))
        tone(item, "faint", 1)
        item.setFont(1, theme().font("tiny"))
        words = SYSTEM_WORDS.get(variable.name, "") if variable.selector[0] == "sys" else ""
        item.setToolTip(0, tr(words) if words else variable.description or ".".join(variable.selector))
        if fits:
            item.setData(0, SELECTOR, [str(part) for part in variable.selector])
        else:
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            tone(item, "faint")
        inside = [self._add(item, child) for child in variable.children]
        if not fits and not any(inside):
            return False
        parent.addChild(item)
        item.setExpanded(not fits)
        return True

    def _filter(self, text: str) -> None:
        wanted = text.strip().lower()
        shown = 0
        for index in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(index)
            if head is None:
                continue
            matches = self._filter_item(head, wanted, wanted in head.text(0).lower())
            head.setHidden(not matches)
            shown += matches
        if self._text is not None and (text[:1].isspace() or (not shown and not _NAME.fullmatch(text))):
            self._type_on(text)
            return
        first = self._next(None, 1) if shown else None
        if first is not None:
            self.tree.setCurrentItem(first)
        else:
            self.tree.setCurrentIndex(QModelIndex())
        self.tree.setVisible(bool(shown))
        self.nothing.setVisible(not shown)
        self.nothing.setText(
            tr("No variable matches “{text}”.", text=text)
            if wanted
            else tr("Nothing runs before this node yet. Connect it to a node, or add an input to the start node.")
        )

    def _filter_item(self, item: QTreeWidgetItem, wanted: str, inherited: bool) -> int:
        count = 0
        for index in range(item.childCount()):
            child = item.child(index)
            assert child is not None
            own = inherited or not wanted or wanted in child.text(0).lower() or wanted in child.text(1).lower()
            inside = self._filter_item(child, wanted, own and bool(wanted))
            child.setHidden(not (own or inside))
            if wanted and inside and not own:
                child.setExpanded(True)
            count += own or bool(inside)
        return count

    # -- keys --------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                found = self._next(self.tree.currentItem(), step)
                if found:
                    self.tree.setCurrentItem(found)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
                current = self.tree.currentItem()
                if current:
                    self._activated(current)
                elif self._text is not None:
                    self._type_on(self.search.text() + ("\t" if event.key() == Qt.Key.Key_Tab else "\r"))
                return True
            if event.key() == Qt.Key.Key_Backspace and self._text is not None and not self.search.text():
                self._type_on("\b")
                return True
            current = self.tree.currentItem()
            if event.key() == Qt.Key.Key_Right and current is not None and not self.search.text():
                current.setExpanded(True)
                return True
        return super().eventFilter(watched, event)

    def _type_on(self, text: str) -> None:
        """Close, and press the keys in the text that were pressed here."""
        editor = self._text
        self.close()
        if editor is None:
            return
        editor.setFocus(Qt.FocusReason.PopupFocusReason)
        for sign in text:
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                key = _KEYS.get(sign, Qt.Key.Key_unknown)
                QApplication.sendEvent(editor, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, sign))

    def _next(self, item: QTreeWidgetItem | None, step: int) -> QTreeWidgetItem | None:
        """The next visible variable that can be picked."""
        if item is None:
            item = self.tree.topLevelItem(0)
            while item is not None and (item.isHidden() or item.data(0, SELECTOR) is None):
                item = self.tree.itemBelow(item)
            return item
        candidate = self.tree.itemBelow(item) if step > 0 else self.tree.itemAbove(item)
        while candidate is not None and candidate.data(0, SELECTOR) is None:
            candidate = self.tree.itemBelow(candidate) if step > 0 else self.tree.itemAbove(candidate)
        return candidate

    def _activated(self, item: QTreeWidgetItem, _column: int = 0) -> None:
        selector = item.data(0, SELECTOR)
        if selector:
            self.close()
            self.picked.emit(list(selector))
        else:
            item.setExpanded(not item.isExpanded())
