"""The sheet of shortcuts: every command with its present keys; each can have others, conflicts are said before."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from editor.actions import ACTIONS, BY_ID, MENUS, PLACES
from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column
from editor.i18n import tr
from editor.icons import icon
from editor.keymap import Keymap, held_keys, keys_of, native
from editor.theme import theme
from editor.toned import tone

NAME = int(Qt.ItemDataRole.UserRole)


class KeyCapture(QLineEdit):
    """A field that takes the next keys as they are pressed; Tab and Shift+Tab still leave it. For a command that acts
    while its key is held, Shift and its like are keys of their own."""

    captured = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setPlaceholderText(tr("Press the new keys"))
        self.setAccessibleName(tr("New keys"))
        self.setAccessibleDescription(tr("Press the new keys"))
        self.keys = ""
        self.holds = False
        """Whether the keys are for a command that acts while they are held."""
        self._alone = ""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        alone, self._alone = self._alone, ""
        if alone and self.holds and held_keys(event) == alone:
            self._take(alone)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain_tab = event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
        if plain_tab and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
            return
        keys = keys_of(event)
        self._alone = "" if keys else held_keys(event)
        if keys:
            self._take(held_keys(event) if self.holds else keys)

    def _take(self, keys: str) -> None:
        self.show_keys(keys)
        self.captured.emit(keys)

    def show_keys(self, keys: str) -> None:
        """Show keys without telling anybody."""
        self.keys = keys
        self.setText(native(keys) if keys else "")


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = (item.child(i) for i in range(item.childCount()))
    return [child for child in found if child is not None]


class ShortcutSheet(FittingDialog):
    """Lists the table; what is changed here is in force at once and kept."""

    def __init__(self, keymap: Keymap, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 660)
        self._keymap = keymap
        column = dialog_column(self, tr("Keyboard shortcuts"))
        column.setSpacing(12)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search commands or keys"))
        self.search.setAccessibleName(tr("Search commands or keys"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(lambda _: self._filter())
        column.addWidget(self.search)
        self.tree = self._make_tree()
        column.addWidget(self.tree, 1)
        column.addLayout(self._make_editor())
        self.fault = QLabel()
        self.fault.setWordWrap(True)
        self.fault.setProperty("kind", "warn")
        self.fault.setMinimumHeight(self.fault.fontMetrics().height() * 2)
        self.fault.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.fault)
        column.addLayout(self._make_foot())
        keymap.changed.connect(self._fill_keys)
        self._fill()
        self.search.setFocus()

    def retell(self) -> None:
        """The commands in another language; what is chosen stays chosen."""
        _entitle(self.tree)
        chosen = self.action_id
        self.tree.clear()
        self._fill()
        self._filter()
        if chosen in self.items:
            self.tree.setCurrentItem(self.items[chosen])

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setColumnCount(2)
        _entitle(tree)
        tree.setRootIsDecorated(False)
        tree.setIndentation(12)
        tree.setUniformRowHeights(True)
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        tree.currentItemChanged.connect(lambda *_: self._chosen())
        tree.itemActivated.connect(lambda *_: self.capture.setFocus())
        return tree

    def _make_editor(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.capture = KeyCapture()
        self.capture.captured.connect(lambda _: self._say_conflicts())
        row.addWidget(self.capture, 1)
        self.assign = QPushButton(tr("Assign"))
        self.assign.clicked.connect(lambda: self._assign(add=False))
        self.add = QPushButton(tr("Add"))
        self.add.setToolTip(tr("Keep the present keys and add these"))
        self.add.clicked.connect(lambda: self._assign(add=True))
        self.clear = QPushButton(tr("No keys"))
        self.clear.clicked.connect(self._clear)
        self.reset = QPushButton(tr("Reset"))
        self.reset.clicked.connect(self._reset)
        for button in (self.assign, self.add, self.clear, self.reset):
            row.addWidget(button)
        return row

    def _make_foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        everything = QPushButton(tr("Reset all keys"))
        everything.clicked.connect(lambda: self._keymap.reset())
        row.addWidget(everything)
        row.addStretch(1)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.accept)
        row.addWidget(close)
        for button in (self.assign, everything, close):
            button.setAutoDefault(False)
        return row

    # -- content -----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        self.items: dict[str, QTreeWidgetItem] = {}
        for menu, place in (*((menu, "") for menu in (*MENUS, "")), *(("", place) for place in PLACES)):
            group = QTreeWidgetItem([tr(menu or place) if menu or place else tr("Everywhere"), ""])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            group.setFont(0, theme().font("small", 600))
            tone(group, "muted")
            self.tree.addTopLevelItem(group)
            for action in ACTIONS:
                if (action.menu, action.place) != (menu, place):
                    continue
                item = QTreeWidgetItem([tr(action.text), ""])
                # As in "go to anything": a command without a drawing of its own stands in line with the others.
                item.setIcon(0, icon(action.icon or "chevron-right", "muted"))
                item.setData(0, NAME, action.id)
                group.addChild(item)
                self.items[action.id] = item
            group.setExpanded(True)
        self._fill_keys()
        self.tree.setCurrentItem(self.items[ACTIONS[0].id])

    def _fill_keys(self) -> None:
        for name, item in self.items.items():
            item.setText(1, "   ".join(native(k) for k in self._keymap.keys(name)))
            item.setFont(1, theme().font("code", 600 if self._keymap.is_changed(name) else 400))
            item.setToolTip(1, tr("Changed") if self._keymap.is_changed(name) else "")
        self._chosen()

    def _filter(self) -> None:
        wanted = self.search.text().strip().lower()
        first = None
        for name, item in self.items.items():
            row = BY_ID[name]
            fits = wanted in f"{tr(row.text)} {row.text} {item.text(1)} {' '.join(self._keymap.keys(name))}".lower()
            item.setHidden(not fits)
            if fits and first is None:
                first = item
        for index in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(index)
            if group is not None:
                group.setHidden(all(child.isHidden() for child in _children(group)))
        if first is not None:
            self.tree.setCurrentItem(first)

    # -- changing ----------------------------------------------------------------------------------------------------

    @property
    def action_id(self) -> str:
        """The command that is chosen; empty on a heading."""
        item = self.tree.currentItem()
        return str(item.data(0, NAME) or "") if item is not None else ""

    def _chosen(self) -> None:
        name = self.action_id
        self.capture.show_keys("")
        self.capture.holds = bool(name) and BY_ID[name].held
        self.fault.setText("")
        for widget in (self.capture, self.clear):
            widget.setEnabled(bool(name))
        self.assign.setEnabled(False)
        self.add.setEnabled(False)
        self.reset.setEnabled(bool(name) and self._keymap.is_changed(name))

    def _say_conflicts(self) -> None:
        """What saving would take away from others, before it is saved."""
        name, keys = self.action_id, self.capture.keys
        others = self._keymap.conflicts(name, keys)
        self.assign.setEnabled(bool(keys))
        self.add.setEnabled(bool(keys) and keys not in self._keymap.keys(name))
        self.assign.setText(tr("Take over") if others else tr("Assign"))
        names = ", ".join(f"“{tr(other.text)}”" for other in others)
        self.fault.setText(
            tr("{keys} starts {names} now. Assigning takes it from there.", keys=native(keys), names=names)
            if others
            else ""
        )

    def _assign(self, *, add: bool) -> None:
        name, keys = self.action_id, self.capture.keys
        if name and keys:
            before = tuple(k for k in self._keymap.keys(name) if k != keys) if add else ()
            self._keymap.assign(name, (*before, keys))
            self.assign.setText(tr("Assign"))
            self.tree.setFocus()

    def _clear(self) -> None:
        if self.action_id:
            self._keymap.assign(self.action_id, ())

    def _reset(self) -> None:
        if self.action_id:
            self._keymap.reset(self.action_id)


def _entitle(tree: QTreeWidget) -> None:
    tree.setHeaderLabels([tr("Command"), tr("Keys")])
    tree.setAccessibleName(tr("Commands"))
