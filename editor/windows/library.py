"""The library page: filters at the left, cards of workflows, samples by what they teach, ways in, the trash.

It joins the parts of `editor.library`: which apps are shown is `shelf`, the cards are `cards`, what is done with them
`commands`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.enginetexts import told_lines
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.library.cards import Apps, CardGrid
from editor.library.commands import AppCommands
from editor.library.pictures import Pictures
from editor.library.samples import Samples
from editor.library.shelf import PLACES, SORTS, Query, chosen, counts
from editor.library.side import Side
from editor.library.strip import ProgressStrip
from editor.panels.parts import EmptyState
from editor.theme import theme, theme_signal
from engine.services.snippets import is_snippet_file

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.library import Tag
    from engine.services.workflows import AppSummary, ImportOutcome

NARROW = 880
FILES = (".yml", ".yaml", ".json", ".zip")


class Library(QWidget):
    """`openApp`, `openSample`, `newApp` (mode), `generateWanted`, `openFile`, `dropped` (one path): for the window."""

    openApp = Signal(str)
    openSample = Signal(str)
    newApp = Signal(str)
    openFile = Signal()
    generateWanted = Signal()
    dropped = Signal(str)
    settingsWanted = Signal()

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.query = Query.from_json(studio.preferences.get("library"))
        self._all: list[AppSummary] = []
        self._trashed: list[AppSummary] = []
        self._known: list[Tag] = []
        self._marks: dict[str, list[str]] = {}
        self._loaded_once = False
        self._show_after: list[str] = []
        self.setProperty("kind", "canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.pictures = Pictures(studio, self)
        self.strip = ProgressStrip()
        self.commands = AppCommands(studio, self.strip, self)
        self.commands.changed.connect(self.refresh)
        self.commands.made.connect(self._came)
        self.commands.openWanted.connect(self.openApp)
        self.commands.tagsWanted.connect(self.manage_tags)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.side = Side()
        self.side.placeChosen.connect(self.go)
        self.side.tagsChosen.connect(lambda tags: self._ask(replace(self.query, tags=tags)))
        self.side.manageTags.connect(self.manage_tags)
        row.addWidget(self.side)
        column = QVBoxLayout()
        column.setContentsMargins(0, 20, 0, 0)
        column.setSpacing(12)
        row.addLayout(column, 1)
        column.addLayout(self._head())
        column.addWidget(self._selection_bar())
        self.grid = CardGrid(Apps(), self.pictures)
        self.grid.opened.connect(self._opened)
        self.grid.menuWanted.connect(self._menu)
        self.grid.selectionMade.connect(self._selected)
        self.grid.lookedAt.connect(lambda: self.pictures.want(self.grid.in_view()))
        theme_signal().changed.connect(self._redraw)
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(20, 0, 4, 0)
        inside.addWidget(self.grid)
        self.samples = Samples(studio.services.templates.list())
        self.samples.chosen.connect(self.openSample)
        self.samples.newWanted.connect(lambda: self.newApp.emit("workflow"))
        self.samples.openWanted.connect(self.openFile)
        self.empty = QWidget()
        self._empty_box = QVBoxLayout(self.empty)
        self.stack = QStackedWidget()
        for page in (holder, self.samples, self.empty):
            self.stack.addWidget(page)
        column.addWidget(self.stack, 1)
        column.addWidget(self.strip)
        self.side.set_place(self.query.place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.title.setVisible(self.width() >= theme().grown(NARROW))  # the side says the same

    # -- parts -------------------------------------------------------------------------------------------------------

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(28, 0, 24, 0)
        row.setSpacing(8)
        self.title = QLabel()
        self.title.setProperty("kind", "large")
        row.addWidget(self.title)
        row.addSpacing(12)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search workflows"))
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(320)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(lambda words: self._ask(replace(self.query, words=words)))
        self.search.returnPressed.connect(self._open_first)
        row.addWidget(self.search, 1)
        self.sort = QComboBox()
        self.sort.setAccessibleName(tr("Sort by"))
        self.sort.setToolTip(tr("Sort by"))
        for name, word in SORTS.items():
            self.sort.addItem(tr(word), name)
        self.sort.setCurrentIndex(self.sort.findData(self.query.sort))
        self.sort.activated.connect(lambda _: self._ask(replace(self.query, sort=self.sort.currentData())))
        row.addWidget(self.sort)
        row.addStretch(1)
        settings = QPushButton()
        settings.setIcon(icon("settings", "muted"))
        settings.setProperty("kind", "icon")
        settings.setToolTip(tr("Settings"))
        settings.setAccessibleName(tr("Settings"))
        settings.clicked.connect(self.settingsWanted)
        row.addWidget(settings)
        opened = QPushButton(tr("Open file"))
        opened.setIcon(icon("folder", "text"))
        opened.clicked.connect(self.openFile)
        row.addWidget(opened)
        self.new = QPushButton(tr("New"))
        self.new.setIcon(icon("plus", "on_accent"))
        self.new.setProperty("kind", "primary")
        menu = QMenu(self.new)
        menu.addAction(icon("blocks", "text"), tr("Workflow"), lambda: self.newApp.emit("workflow"))
        menu.addAction(icon("chat", "text"), tr("Chat flow"), lambda: self.newApp.emit("advanced-chat"))
        menu.addSeparator()
        menu.addAction(icon("sparkle", "text"), tr("From a description…"), self.generateWanted.emit)
        menu.addAction(icon("folder", "text"), tr("From a file…"), self.openFile.emit)
        menu.addAction(icon("file-text", "text"), tr("From text…"), self.import_text)
        menu.addAction(icon("globe", "text"), tr("From a URL…"), self.import_address)
        menu.addAction(icon("star", "text"), tr("From a sample"), lambda: self.go("samples"))
        self.new.setMenu(menu)
        row.addWidget(self.new)
        return row

    def _selection_bar(self) -> QWidget:
        """What can be done with several; there only while some are selected."""
        self.chosen_bar = QFrame()
        self.chosen_bar.setProperty("kind", "banner")
        row = QHBoxLayout(self.chosen_bar)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(6)
        self.chosen_words = QLabel()
        row.addWidget(self.chosen_words)
        row.addStretch(1)
        self.chosen_buttons: dict[str, QPushButton] = {}
        commands = self.commands
        for name, picture, word, then in (
            ("restore", "refresh", tr("Restore"), lambda: commands.restore(self.grid.selected())),
            ("good", "trash", tr("Delete for good…"), lambda: commands.delete_for_good(self.grid.selected())),
            ("tags", "bookmark", tr("Tags"), self._tag_menu),
            ("duplicate", "duplicate", tr("Duplicate"), lambda: commands.duplicate(self.grid.selected())),
            ("export", "export", tr("Export…"), lambda: commands.export(self.grid.selected())),
            ("trash", "trash", tr("Move to trash"), lambda: commands.trash(self.grid.selected())),
            ("clear", "close", tr("Clear the selection"), self.grid_clear),
        ):
            button = QPushButton(word if name != "clear" else "")
            button.setProperty("kind", "quiet")
            button.setIcon(icon(picture, "muted"))
            button.setAccessibleName(word)
            button.setToolTip(word)
            button.clicked.connect(lambda _=False, then=then: then())
            row.addWidget(button)
            self.chosen_buttons[name] = button
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(28, 0, 24, 0)
        inside.addWidget(self.chosen_bar)
        self._chosen_holder = holder
        holder.hide()
        return holder

    def grid_clear(self) -> None:
        """Select nothing."""
        self.grid.clearSelection()

    # -- content -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Load the workflows again."""
        services = self._studio.services

        def work() -> Any:
            workflows, library = services.workflows, services.library
            return workflows.list(), workflows.list(trash=True), library.tags(), library.marks()

        self._studio.tasks.run(
            work,
            done=self._loaded,
            failed=lambda error: self._studio.messages.error(tr("The workspace cannot be read"), error),
            key=f"library-{id(self)}",
        )

    def _loaded(self, found: Any) -> None:
        self._all, self._trashed, self._known, self._marks = found
        self._loaded_once = True
        wanted = self.query.tags & {t.name for t in self._known}
        if wanted != self.query.tags:
            self.query = replace(self.query, tags=wanted)
        self._show()

    def go(self, place: str) -> None:
        """Show a place of the library."""
        self.side.set_place(place)
        self._ask(replace(self.query, place=place))

    def _ask(self, query: Query) -> None:
        if query == self.query:
            return
        moved = query.place != self.query.place
        self.query = query
        self._studio.preferences.set("library", query.to_json())
        if moved:
            self.grid.clearSelection()
        if not self._loaded_once:
            self.refresh()
        self._show()
        if moved:
            self.grid.scrollToTop()

    def _show(self) -> None:
        """Show what the query wants of what is loaded."""
        query, grid = self.query, self.grid
        self.title.setText(tr(PLACES[query.place]))
        living = {app.id for app in self._all}
        used = {
            t.name: sum(t.name in names for app, names in self._marks.items() if app in living) for t in self._known
        }
        self.side.fill(counts(self._all, self._trashed), self._known, used, query.tags)
        self.sort.setVisible(query.place not in ("recent", "samples", "trash"))
        self.search.setVisible(query.place != "samples")
        if not self._loaded_once:
            return
        fresh = self._show_after
        kept = fresh or [app.id for app in grid.selected()]
        current = fresh[0] if fresh else next((a.id for a in [*_at(grid)]), "")
        self._show_after = []
        apps = chosen(self._all, self._trashed, self._marks, query)
        place = grid.verticalScrollBar().value()
        grid.apps.show(apps, self._marks, self._known)
        grid.select_apps(kept if len(kept) > 1 or not fresh else [])
        row = grid.apps.row_of(current)
        if row >= 0:
            grid.put_current(row)
        grid.verticalScrollBar().setValue(place)
        if fresh and row >= 0:
            grid.scrollTo(grid.apps.index(row))
        self._selected()
        self._choose_page(apps)
        self.pictures.want(grid.in_view())

    def _choose_page(self, apps: Sequence[AppSummary]) -> None:
        welcome = self.query.place == "all" and not self._all and not self.query.is_narrow
        self.samples.set_welcome(shown=welcome)
        if self.query.place == "samples" or welcome:
            self.stack.setCurrentIndex(1)
        elif apps:
            self.stack.setCurrentIndex(0)
        else:
            self._say_empty()
            self.stack.setCurrentIndex(2)

    def _say_empty(self) -> None:
        while (item := self._empty_box.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        query = self.query
        if query.words.strip():
            made = EmptyState(
                "search",
                tr("No workflow matches “{text}”.", text=query.words),
                tr("Clear the search"),
                self.search.clear,
            )
        elif query.tags:
            words = tr("No workflow here has all of these tags: {tags}.", tags=", ".join(sorted(query.tags)))
            made = EmptyState("bookmark", words, tr("Show without tags"), lambda: self._ask(query.wide()))
        elif query.place == "trash":
            made = EmptyState("trash", tr("The trash is empty. What is deleted can be brought back for 30 days."))
        elif query.place == "pinned":
            words = tr("Pin what you use often: choose Pin in a card's menu, and it stays at the top.")
            made = EmptyState("pin", words, tr("Show all workflows"), lambda: self.go("all"))
        elif query.place == "recent":
            made = EmptyState(
                "clock", tr("What you open appears here."), tr("Show all workflows"), lambda: self.go("all")
            )
        else:
            mode = query.place if query.place in ("workflow", "advanced-chat") else "workflow"
            made = EmptyState("blocks", tr("Nothing of this kind yet."), tr("Make one"), lambda: self.newApp.emit(mode))
        self._empty_box.addWidget(made)

    def _redraw(self) -> None:
        self.grid.viewport().update()
        self.pictures.want(self.grid.in_view())
        self._show()

    def _came(self, app_ids: list[str]) -> None:
        """New apps are shown where they stand."""
        self._show_after = app_ids
        if self.query.place not in ("all", "workflow", "advanced-chat") or self.query.is_narrow:
            self.search.clear()
            self.query = replace(self.query.wide(), place="all")
            self.side.set_place("all")
        self.refresh()

    # -- what people do ----------------------------------------------------------------------------------------------

    def _open_first(self) -> None:
        """Enter in the search opens the only workflow that is left, or goes to the cards."""
        if len(self.grid.apps.apps) == 1:
            self._opened(self.grid.apps.apps[0].id)
        elif self.grid.apps.apps:
            self.grid.by_keys = True
            self.grid.setFocus()
            self.grid.put_current(0)

    def _opened(self, app_id: str) -> None:
        app = next((a for a in self.grid.apps.apps if a.id == app_id), None)
        if app is None:
            return
        if app.deleted_at is None:
            self.openApp.emit(app_id)
            return
        words = tr("“{name}” is in the trash.", name=app.name)
        self._studio.messages.tell(words, tr("Restore"), lambda: self.commands.restore([app]))

    def _menu(self, point: QPoint) -> None:
        apps = self.grid.meant()
        if apps:
            self.commands.menu(apps, self._known, self._marks).popup(point)
        elif self.query.place == "trash" and self._trashed:
            menu = QMenu(self)
            menu.aboutToHide.connect(menu.deleteLater)
            every = list(self._trashed)
            menu.addAction(icon("trash", "bad"), tr("Empty the trash…"), lambda: self.commands.delete_for_good(every))
            menu.popup(point)

    def _tag_menu(self) -> None:
        button = self.chosen_buttons["tags"]
        menu = self.commands.tag_menu(self, self.grid.selected(), self._known, self._marks)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _selected(self) -> None:
        apps = self.grid.selected()
        self._chosen_holder.setVisible(bool(apps))
        self.chosen_words.setText(ntr("{n} selected", "{n} selected", len(apps)))
        trashed = self.query.place == "trash"
        for name, button in self.chosen_buttons.items():
            button.setVisible(name == "clear" or (name in ("restore", "good")) == trashed)

    def manage_tags(self) -> None:
        """All tags in a dialog."""
        from editor.library.tagging import TagsDialog

        dialog = TagsDialog(self._studio, self)
        dialog.changed.connect(self.refresh)
        dialog.open()

    def import_text(self) -> None:
        """A workflow from a pasted text."""
        from editor.library.sources import FromText

        dialog = FromText(self._studio, self)
        dialog.imported.connect(self._imported)
        dialog.open()

    def import_address(self) -> None:
        """A workflow from the network."""
        from editor.library.sources import FromAddress

        dialog = FromAddress(self._studio, self)
        dialog.imported.connect(self._imported)
        dialog.open()

    def _imported(self, outcome: ImportOutcome) -> None:
        self.openApp.emit(outcome.app_id)
        if outcome.notices:
            self._studio.messages.tell(told_lines(n.message for n in outcome.notices))

    # -- keys of the window that mean something here -----------------------------------------------------------------

    def can(self, name: str) -> bool:
        """Whether an action of the window's table makes sense in the library now."""
        if name == "undo":
            return self.commands.can_undo
        if name in ("find", "select_all"):
            return True
        apps = self.grid.meant() if self.stack.currentIndex() == 0 else []
        if name == "delete":
            return bool(apps)
        here = bool(apps) and self.query.place != "trash"
        return here and (name in ("duplicate", "export") or (name == "rename" and len(apps) == 1))

    def act(self, name: str) -> None:
        """Carry out such an action."""
        apps = self.grid.meant()
        if name == "undo":
            self.commands.undo()
        elif name == "find":
            self.search.setFocus()
            self.search.selectAll()
        elif name == "select_all":
            self.grid.select_apps([app.id for app in self.grid.apps.apps])
        elif name == "delete":
            (self.commands.delete_for_good if self.query.place == "trash" else self.commands.trash)(apps)
        elif name == "duplicate":
            self.commands.duplicate(apps)
        elif name == "export":
            self.commands.export(apps)
        elif name == "rename":
            self.commands.edit_info(apps[0])

    # -- files dropped here ------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = _files(event)
        self.take_files(files)
        event.acceptProposedAction()

    def take_files(self, files: Sequence[Path]) -> None:
        """Snippets are kept; one workflow file opens; several, and archives of them, come in without opening."""
        if len(files) == 1 or not any(f.suffix.lower() == ".json" for f in files):
            self._take_workflows(files)  # what one file holds is asked where it is opened
            return

        def done(held: list[bool]) -> None:
            snippets = [f for f, is_one in zip(files, held, strict=True) if is_one]
            if snippets:
                self._studio.snippets.import_files(snippets)
            self._take_workflows([f for f in files if f not in snippets])

        self._studio.tasks.run(lambda: [is_snippet_file(f) for f in files], done=done)

    def _take_workflows(self, files: Sequence[Path]) -> None:
        fitting = [f for f in files if f.suffix.lower() in FILES]
        if len(fitting) == 1 and fitting[0].suffix.lower() != ".zip":
            self.dropped.emit(str(fitting[0]))
        elif fitting:
            self.commands.import_files(fitting)
        elif files:
            self.dropped.emit(str(files[0]))


def _files(event: QDropEvent) -> list[Path]:
    return [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]


def _at(grid: CardGrid) -> Sequence[AppSummary]:
    row = grid.currentIndex().row()
    return grid.apps.apps[row : row + 1] if row >= 0 else []
