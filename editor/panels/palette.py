"""The blocks one can add: dragged onto the canvas, clicked and placed, or chosen by keyboard; and the popup that offers
the same blocks at a socket, on an edge, or where a connection was dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidgetItem, QMenu, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from editor.i18n import tr
from editor.icons import icon, tile_icon
from editor.keymap import in_force, pressed
from editor.panels.block_list import TYPE, DragList
from editor.panels.parts import EmptyState, PanelTitle, tool_button
from editor.panels.snippet_list import Misfit, SnippetList
from editor.panels.tool_list import KindTabs, ToolList
from editor.theme import theme
from engine.nodes.registry import SPECS
from engine.nodes.spec import NodeSpec

if TYPE_CHECKING:
    from editor.block_habits import BlockHabits
    from editor.snippets import Snippets
    from editor.tools import Tools

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Begin and end", ("start", "trigger-webhook", "trigger-schedule", "end", "answer")),
    ("Models", ("llm", "agent", "question-classifier", "parameter-extractor", "knowledge-retrieval")),
    ("Logic", ("if-else", "iteration", "loop", "loop-end", "human-input")),
    (
        "Data",
        ("code", "template-transform", "variable-aggregator", "assigner", "list-operator", "document-extractor"),
    ),
    ("Outside", ("http-request", "tool")),
)
Allowed = Callable[[str], bool]
WIDTH, HEIGHT = 264, 380
"""The popup at the usual text size."""
GROWTH = 0.5
"""How much of the growth of text it takes part in."""


def blocks(mode: str, allowed: Allowed | None = None) -> Iterable[tuple[str, list[NodeSpec]]]:
    """Groups of node types that may be offered."""
    for title, names in GROUPS:
        found = [SPECS[n] for n in names if mode in SPECS[n].modes and (allowed is None or allowed(n))]
        if found:
            yield title, found


class BlockList(DragList):
    """Blocks under group titles, filtered by words; above them favourites and, in a popup, what was used lately."""

    def __init__(self, habits: BlockHabits, *, draggable: bool) -> None:
        super().__init__(draggable=draggable)
        self._habits = habits
        self.setAccessibleName(tr("Blocks"))
        self.chosen.connect(habits.used)
        self.dropped.connect(habits.used)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)

    def fill(self, mode: str, allowed: Allowed | None = None, words: str = "", *, notes: bool = True) -> None:
        """Show what may be added and holds the words."""
        self.clear()
        wanted = words.strip().lower()
        groups = list(blocks(mode, allowed))
        if not wanted:
            groups = [*self._own_groups(groups), *groups]
        if wanted:
            groups = _best_first(groups, wanted)
        for title, found in groups:
            self.add_title(tr(title))
            for entry in found:
                self._add(entry.type, tr(entry.title), tr(entry.description), entry.icon, entry.family)
        if notes and (not wanted or wanted in tr("Note").lower() or wanted in "note"):
            self.add_title(tr("Canvas"))
            self._add("note", tr("Note"), tr("Words on the canvas, for people."), "note", "note")
        if wanted or not self._draggable:
            self.select_first()

    def _own_groups(self, groups: Sequence[tuple[str, list[NodeSpec]]]) -> Iterable[tuple[str, list[NodeSpec]]]:
        """Favourites and, in a popup, what was taken lately: of what may be offered here."""
        offered = {entry.type: entry for _, found in groups for entry in found}
        liked = [offered[name] for name in self._habits.liked if name in offered]
        if liked:
            yield "Favourites", liked
        lately = [offered[n] for n in self._habits.lately if n in offered and n not in self._habits.liked]
        if lately and not self._draggable:
            yield "Used lately", lately

    def toggle_liked(self) -> None:
        """Make the selected block a favourite, or no longer; it stays selected."""
        name = str(self.currentItem().data(TYPE) or "") if self.currentRow() >= 0 else ""
        if name not in SPECS:
            return
        self._habits.toggle(name)
        for row in reversed(range(self.count())):
            if self.item(row).data(TYPE) == name:
                self.setCurrentRow(row)
                return

    def _menu(self, point: QPoint) -> None:
        row = self.indexAt(point).row()
        name = str(self.item(row).data(TYPE) or "") if row >= 0 else ""
        if name not in SPECS:
            return
        self.setCurrentRow(row)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = tr("Remove from favourites") if name in self._habits.liked else tr("Add to favourites")
        action = menu.addAction(icon("star", "muted"), words)
        action.setShortcuts([QKeySequence(keys) for keys in in_force("favourite")])
        action.triggered.connect(self.toggle_liked)
        self.add_help(menu)
        menu.popup(self.viewport().mapToGlobal(point))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if pressed(event, "favourite"):
            self.toggle_liked()
            return
        super().keyPressEvent(event)

    def _add(self, name: str, title: str, tip: str, picture: str, family: str) -> None:
        item = QListWidgetItem(title)
        item.setData(TYPE, name)
        item.setToolTip(tip)
        item.setIcon(tile_icon(picture, family))
        item.setSizeHint(QSize(0, 36))
        self.addItem(item)


def _best_first(groups: Iterable[tuple[str, list[NodeSpec]]], wanted: str) -> list[tuple[str, list[NodeSpec]]]:
    """What holds the words: the group with the best match first, and in each group the best match first."""
    found = []
    for title, entries in groups:
        ranks = {entry.type: _rank(entry, wanted) for entry in entries}
        fitting = sorted((e for e in entries if ranks[e.type] < NO_MATCH), key=lambda e: ranks[e.type])
        if fitting:
            found.append((title, fitting))
    return sorted(found, key=lambda group: _rank(group[1][0], wanted))


NO_MATCH = 4


def _rank(entry: NodeSpec, wanted: str) -> int:
    """How well a block meets lower-case words: 0 its title begins with them, 1 a word of it does, 2 they are
    somewhere in the title or the type, 3 in the description, `NO_MATCH` nowhere."""
    names = [text.lower() for text in (tr(entry.title), entry.title, entry.type)]
    if any(name.startswith(wanted) for name in names):
        return 0
    if any(word.startswith(wanted) for name in names for word in re.split(r"\W+", name)):
        return 1
    if any(wanted in name for name in names):
        return 2
    told = (entry.description, tr(entry.description))
    return 3 if any(wanted in text.lower() for text in told) else NO_MATCH


TOOLS, SNIPPETS, NOTHING, NO_SNIPPETS = range(1, 5)
"""Pages of `BlockParts`: the last two say that nothing was found, and how a snippet is made."""


class BlockParts(QWidget):
    """Three lists with a tab each: blocks, the tools of the workspace by kind, and its snippets. `makeWanted` asks to
    make a snippet of what is selected."""

    switched = Signal()
    makeWanted = Signal()

    def __init__(
        self,
        blocks_list: BlockList,
        tools: ToolList,
        snippets: SnippetList,
        known: Tools | None,
        kept: Snippets,
        clear: Callable[[], Any],
        *,
        can_make: bool,
    ) -> None:
        super().__init__()
        self.blocks, self.tools, self.snippets, self._known, self._kept = blocks_list, tools, snippets, known, kept
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(tr("Blocks, tools or snippets"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(True)
        self.tabs.addTab(tr("Blocks"))
        self.tabs.addTab(tr("Tools"))
        self.tabs.addTab(tr("Snippets"))
        self.tabs.setTabVisible(TOOLS, known is not None)
        self.kinds = KindTabs()
        column.addWidget(self.tabs)
        column.addWidget(self.kinds)
        self.pages = QStackedWidget()
        self.pages.addWidget(blocks_list)
        self.pages.addWidget(tools)
        self.pages.addWidget(snippets)
        self.pages.addWidget(EmptyState("search", tr("No match found"), tr("Clear the search"), clear))
        self.empty = EmptyState(
            "snippet",
            tr("No snippets yet. Select blocks on the canvas and choose “Save as snippet…” in their menu."),
            *((tr("Save the selection…"), self.makeWanted.emit) if can_make else ()),
        )
        self.pages.addWidget(self.empty)
        column.addWidget(self.pages, 1)
        self.kinds.hide()
        self.tabs.currentChanged.connect(self._switch)
        self.kinds.chosen.connect(self.switched)
        kept.changed.connect(self.switched)
        if known is not None:
            known.changed.connect(self.switched)

    def retell(self) -> None:
        """The words of the tabs, which another language may not tell from the types below."""
        for place, word in enumerate((tr("Blocks"), tr("Tools"), tr("Snippets"))):
            self.tabs.setTabText(place, word)

    @property
    def current(self) -> DragList:
        """The list that is shown."""
        return {TOOLS: self.tools, SNIPPETS: self.snippets}.get(self.tabs.currentIndex(), self.blocks)

    @property
    def search_words(self) -> str:
        """What a search field says of the list that is shown."""
        words = {TOOLS: tr("Search tools"), SNIPPETS: tr("Search snippets")}
        return words.get(self.tabs.currentIndex(), tr("Search blocks"))

    def _switch(self, index: int) -> None:
        self.show_found(True)
        self.kinds.setVisible(index == TOOLS)
        if index == SNIPPETS:
            self._kept.load()  # another program may have added some
        self.switched.emit()

    def fill_snippets(self, words: str, misfit: Misfit | None = None) -> None:
        """Show the snippets that hold the words, once they are looked at."""
        if self.tabs.currentIndex() == SNIPPETS:
            self.snippets.fill(words, misfit)

    def fill_tools(self, words: str) -> None:
        """Show the tools that hold the words, once they are looked at."""
        if self._known is not None and self.tabs.currentIndex() == TOOLS:
            self.tools.fill(self._known.groups, self.kinds.kind, words)

    def show_found(self, found: bool) -> None:
        """The list of the tab, or that there is nothing in it."""
        index = self.tabs.currentIndex()
        if index == SNIPPETS and not self._kept.all:
            self.pages.setCurrentIndex(NO_SNIPPETS if self._kept.loaded else SNIPPETS)
        else:
            self.pages.setCurrentIndex(index if found else NOTHING)


class Palette(QWidget):
    """The panel with all blocks. `placeRequested` asks for a block that sticks to the pointer, `importWanted` for files
    with snippets."""

    placeRequested = Signal(str)
    helpWanted = Signal(str)
    importWanted = Signal()

    def __init__(self, mode: str, tools: Tools, habits: BlockHabits, snippets: Snippets) -> None:
        super().__init__()
        self._mode, self._tools = mode, tools
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = PanelTitle(tr("Blocks"))
        self.import_button = tool_button("import", tr("Import snippets…"), self.importWanted.emit)
        self.import_button.hide()
        title.add(self.import_button)
        column.addWidget(title)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search blocks"))
        self.search.setAccessibleName(tr("Search blocks"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._search)
        self.search.installEventFilter(self)
        holder = QVBoxLayout()
        holder.setContentsMargins(16, 0, 16, 4)
        holder.addWidget(self.search)
        column.addLayout(holder)
        self.list = BlockList(habits, draggable=True)
        self.list.chosen.connect(self.placeRequested)
        self.list.chosen.connect(lambda _: self.list.setCurrentRow(-1))
        self.parts = BlockParts(
            self.list,
            ToolList(draggable=True),
            SnippetList(snippets, draggable=True),
            tools,
            snippets,
            self.search.clear,
            can_make=True,
        )
        for other in (self.parts.tools, self.parts.snippets):
            other.chosen.connect(self.placeRequested)
            other.chosen.connect(lambda _, other=other: other.setCurrentRow(-1))
        self.parts.switched.connect(lambda: self._search(self.search.text()))
        self.parts.tabs.currentChanged.connect(self._switched)
        for shown in (self.list, self.parts.tools):
            shown.helpWanted.connect(self.helpWanted)
        inset = QVBoxLayout()
        inset.setContentsMargins(8, 0, 8, 8)
        inset.addWidget(self.parts)
        column.addLayout(inset, 1)
        self.list.fill(mode)
        habits.changed.connect(self.retell)

    def retell(self) -> None:
        """The types in another language."""
        self._search(self.search.text())

    def ask_help(self) -> None:
        """Ask for the text about the selected block of the list that is shown."""
        self.parts.current.ask_help()

    def _switched(self, index: int) -> None:
        self.import_button.setVisible(index == SNIPPETS)

    def show_snippets(self) -> None:
        """The tab with the snippets."""
        self.parts.tabs.setCurrentIndex(SNIPPETS)

    def _search(self, text: str) -> None:
        self.list.fill(self._mode, words=text)
        self.parts.fill_tools(text)
        self.parts.fill_snippets(text)
        self.parts.show_found(bool(self.parts.current.count()) or not text)
        name_search(self.search, self.parts.search_words)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return _search_key(event, self.search, self.parts.current)
        return super().eventFilter(watched, event)


def name_search(field: QLineEdit, words: str) -> None:
    """What a search field looks for."""
    field.setPlaceholderText(words)
    field.setAccessibleName(words)


def _writes(event: QKeyEvent, field: QLineEdit) -> bool:
    """Whether a key changes the words of a field."""
    if event.key() == Qt.Key.Key_Delete:
        return field.hasSelectedText() or field.cursorPosition() < len(field.text())
    return event.key() == Qt.Key.Key_Backspace or (bool(event.text()) and event.text().isprintable())


def _search_key(event: QKeyEvent, field: QLineEdit, blocks_list: DragList) -> bool:
    """Arrows and Enter in the search field move in the list; keys that mean nothing in the words act on a snippet."""
    if isinstance(blocks_list, SnippetList) and not _writes(event, field) and blocks_list.act(event):
        return True
    if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
        blocks_list.step(1 if event.key() == Qt.Key.Key_Down else -1)
        return True
    if pressed(event, "about_block"):
        blocks_list.ask_help()
        return True
    if pressed(event, "favourite") and isinstance(blocks_list, BlockList):
        blocks_list.toggle_liked()
        return True
    if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        item = blocks_list.currentItem() if blocks_list.currentRow() >= 0 else None
        if item is not None and item.data(TYPE):
            blocks_list.activate(item)
        return True
    return False


class BlockSelector(QFrame):
    """The popup at a socket, an edge or an empty place. Esc closes it and leaves no trace."""

    chosen = Signal(str)
    helpWanted = Signal(str)
    closed = Signal()

    def __init__(
        self,
        mode: str,
        allowed: Allowed | None,
        parent: QWidget,
        habits: BlockHabits,
        snippets: Snippets,
        *,
        notes: bool = False,
        tools: Tools | None = None,
        misfit: Misfit | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("blockSelector")
        self.setProperty("kind", "raised")
        self.setAccessibleName(tr("Choose a block"))
        self._mode, self._allowed, self._notes, self._misfit = mode, allowed, notes, misfit
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search blocks"))
        self.search.setAccessibleName(tr("Search blocks"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.list = BlockList(habits, draggable=False)
        self.list.chosen.connect(self._chosen)
        self.parts = BlockParts(
            self.list,
            ToolList(draggable=False),
            SnippetList(snippets, draggable=False),
            tools if allowed is None or allowed("tool") else None,
            snippets,
            self.search.clear,
            can_make=False,
        )
        self.parts.tools.chosen.connect(self._chosen)
        self.parts.snippets.chosen.connect(self._chosen)
        self.parts.switched.connect(lambda: self._fill(self.search.text()))
        for shown in (self.list, self.parts.tools):
            shown.helpWanted.connect(self.helpWanted)
        column.addWidget(self.parts, 1)
        self._fill("")
        habits.changed.connect(self.retell)
        self.resize(theme().grown(WIDTH, GROWTH), theme().grown(HEIGHT, GROWTH))

    def retell(self) -> None:
        """The types in another language."""
        self._fill(self.search.text())

    def _fill(self, words: str) -> None:
        self.list.fill(self._mode, self._allowed, words, notes=self._notes)
        self.parts.fill_tools(words)
        self.parts.fill_snippets(words, self._misfit)
        self.parts.show_found(bool(self.parts.current.count()))
        name_search(self.search, self.parts.search_words)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return _search_key(event, self.search, self.parts.current)
        return super().eventFilter(watched, event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.closed.emit()

    def _chosen(self, name: str) -> None:
        self.close()
        self.chosen.emit(name)

    def popup(self, point: QPoint) -> None:
        """Open beside a point, inside the screen."""
        screen = self.screen().availableGeometry()
        self.resize(min(self.width(), screen.width() - 16), min(self.height(), screen.height() - 16))
        x = min(point.x() + 8, screen.right() - self.width() - 8)
        y = min(max(point.y() - 40, screen.top() + 8), screen.bottom() - self.height() - 8)
        self.move(x, y)
        self.show()
        self.search.setFocus()
