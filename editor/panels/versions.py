"""Published versions: the draft on top, then every version with name, notes and time; look, compare, restore, name,
export, delete (editor spec, section 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.dialogs.version_notes import VersionNotes
from editor.i18n import tr
from editor.icons import icon
from editor.panels.compare_strip import CompareStrip
from editor.panels.entries import EntryDelegate
from editor.panels.parts import EmptyState, PanelTitle, local_time, tool_button
from engine.model.hashing import content_hash

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.services.versions import VersionInfo

VERSION = int(Qt.ItemDataRole.UserRole)
PAGE = 10
"""Versions that are loaded at a time."""
KEYS = (Qt.Key.Key_F2, Qt.Key.Key_Delete)
LIST, NOTHING, NO_MATCH = range(3)


class Versions(QWidget):
    """`preview` names a version to look at; `restore` one to bring back; empty preview means the draft.

    `compare` carries what to compare, from and to: ids of versions, empty for the draft.
    """

    preview = Signal(str)
    restore = Signal(str)
    exportWanted = Signal(str)
    publishWanted = Signal()
    compare = Signal(str, str)

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        self._found: list[VersionInfo] = []
        self._shown = ""
        self._closed = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        title = PanelTitle(tr("Versions"))
        self.named = tool_button("bookmark", tr("Only versions with a name"), self.refresh)
        self.named.setCheckable(True)
        title.add(self.named)
        self.actions_button = tool_button("more", tr("What to do with the chosen version"), self._menu_of_current)
        title.add(self.actions_button)
        column.addWidget(title)
        column.addLayout(self._make_filter())
        self.pages = QStackedWidget()
        self.pages.addWidget(self._make_list())
        self.empty = EmptyState(
            "versions",
            tr("Nothing is published yet. A version keeps the workflow as it is now, and brings it back when wanted."),
            tr("Publish"),
            self.publishWanted.emit,
        )
        self.empty.set_action_shown(not self._session.read_only)
        self.pages.addWidget(self.empty)
        self.pages.addWidget(EmptyState("search", tr("No version fits these words."), tr("Show all"), self._show_all))
        column.addWidget(self.pages, 1)
        column.addLayout(self._make_foot())
        session.saveStateChanged.connect(self._saved)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_filter(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 8)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(tr("Find in names and notes"))
        self.filter.setAccessibleName(tr("Find in names and notes"))
        self.filter.setClearButtonEnabled(True)
        self.filter.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.textChanged.connect(lambda _: self.refresh())
        row.addWidget(self.filter)
        return row

    def _make_list(self) -> QWidget:
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        EntryDelegate.serve(self.list)
        self.list.setAccessibleName(tr("Versions"))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        self.list.currentItemChanged.connect(lambda *_: self._current_changed())
        self.list.installEventFilter(self)
        return self.list

    def _make_foot(self) -> QVBoxLayout:
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 8, 16, 16)
        foot.setSpacing(8)
        self.more = QPushButton(tr("Load more"))
        self.more.setProperty("kind", "quiet")
        self.more.clicked.connect(self._load_more)
        self.more.hide()
        foot.addWidget(self.more)
        self.strip = CompareStrip()
        self.strip.compare.connect(self.compare)
        self.strip.hide()
        foot.addWidget(self.strip)
        self.publish = QPushButton(tr("Publish"))
        self.publish.setIcon(icon("publish", "text"))
        self.publish.clicked.connect(self.publishWanted)
        self.publish.hide()
        foot.addWidget(self.publish)
        return foot

    # -- loading -----------------------------------------------------------------------------------------------------

    def set_shown(self, version_id: str) -> None:
        """Mark the version that this page shows."""
        self._shown = version_id

    def refresh(self) -> None:
        """Load the newest versions that fit the filter."""
        self._load(None)

    def _load_more(self) -> None:
        self._load(self._found[-1].version)

    def _load(self, cursor: str | None) -> None:
        studio, app_id = self._session.studio, self._session.app_id
        if not app_id:
            return
        words, named, draft = self.filter.text().strip(), self.named.isChecked(), self._session.document.workflow
        compare = not self._session.read_only

        def work() -> tuple[list[VersionInfo], str]:
            listed = studio.services.versions.list(app_id, cursor=cursor, limit=PAGE + 1, named_only=named, words=words)
            return listed, content_hash(draft) if compare else ""

        studio.tasks.run(
            work,
            done=lambda found: self._loaded(*found, first=cursor is None),
            failed=self._failed,
            key=f"versions {id(self)}",
        )

    def _loaded(self, found: list[VersionInfo], draft_hash: str, *, first: bool) -> None:
        if self._closed:
            return
        current = self._current_id()
        if first:
            self._found = []
            self.list.clear()
        self.more.setVisible(len(found) > PAGE)
        self._found += found[:PAGE]
        filtered = bool(self.filter.text().strip()) or self.named.isChecked()
        if first:
            self.list.addItem(self._draft_item(draft_hash))
        for version in found[:PAGE]:
            self.list.addItem(self._item(version, draft_hash))
        self.pages.setCurrentIndex(LIST if self._found else NO_MATCH if filtered else NOTHING)
        self.strip.setVisible(bool(self._found))
        self.publish.setVisible(self.pages.currentIndex() != NOTHING and not self._session.read_only)
        self.strip.offer([("", tr("Current draft")), *((v.id, _title(v)) for v in self._found)])
        rows = range(self.list.count())
        chosen = current if current is not None else self._shown
        self.list.setCurrentRow(next((r for r in rows if self.list.item(r).data(VERSION) == chosen), 0))

    def _draft_item(self, draft_hash: str) -> QListWidgetItem:
        words = ""
        if self._found_latest is not None and draft_hash:
            name = _title(self._found_latest)
            same = self._found_latest.content_hash == draft_hash
            words = tr("As in “{name}”", name=name) if same else tr("Changed since “{name}”", name=name)
        item = QListWidgetItem(icon("edit", "accent"), f"{tr('Current draft')}\n{words}".strip())
        item.setData(VERSION, "")
        return item

    def _item(self, version: VersionInfo, draft_hash: str) -> QListWidgetItem:
        marks = [tr("Latest")] if version.is_latest else []
        if version.id == self._shown:
            marks.append(tr("Shown here"))
        if draft_hash and version.content_hash == draft_hash:
            marks.append(tr("Same as the draft"))
        title = version.name or tr("Untitled version")
        words = "\n".join(w for w in ("  ·  ".join(marks), local_time(version.version), version.comment) if w)
        shown = version.id == self._shown
        item = QListWidgetItem(icon(*(("eye", "accent") if shown else ("versions", "muted"))), f"{title}\n{words}")
        item.setData(VERSION, version.id)
        item.setToolTip(version.comment or version.version)
        return item

    @property
    def _found_latest(self) -> VersionInfo | None:
        return next((v for v in self._found if v.is_latest), None)

    def _saved(self, state: str) -> None:
        """What is said of the draft follows it."""
        if state == "saved" and self.isVisible():
            self.refresh()

    def _show_all(self) -> None:
        self.named.setChecked(False)
        self.filter.clear()
        self.refresh()

    # -- hands -------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.list and isinstance(event, QKeyEvent) and event.key() in KEYS:
            version = self._current()
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # before the window's own keys
            elif event.type() == QEvent.Type.KeyPress and version is not None:
                self._annotate(version) if event.key() == Qt.Key.Key_F2 else self._delete(version)
            return event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        return super().eventFilter(watched, event)

    def _current_id(self) -> str | None:
        row = self.list.currentRow()
        return str(self.list.item(row).data(VERSION)) if row >= 0 else None

    def _current(self) -> VersionInfo | None:
        wanted = self._current_id()
        return next((v for v in self._found if v.id == wanted), None)

    def _current_changed(self) -> None:
        version = self._current()
        self.actions_button.setEnabled(version is not None)
        if version is not None:
            self.strip.set_before(version.id)

    def _clicked(self, item: QListWidgetItem) -> None:
        self.preview.emit(str(item.data(VERSION)))

    def _menu(self, point: QPoint) -> None:
        row = self.list.indexAt(point).row()
        if row >= 0:
            self.list.setCurrentRow(row)
        version = self._current()
        if version is not None:
            self._menu_for(version, self.list.viewport().mapToGlobal(point))

    def _menu_of_current(self) -> None:
        version = self._current()
        if version is not None:
            self._menu_for(version, self.actions_button.mapToGlobal(self.actions_button.rect().bottomLeft()))

    def _menu_for(self, version: VersionInfo, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("eye", "text"), tr("Look at it"), lambda: self.preview.emit(version.id))
        menu.addAction(icon("compare", "text"), tr("Compare with the draft"), lambda: self.compare.emit(version.id, ""))
        menu.addAction(icon("history", "text"), tr("Restore"), lambda: self.restore.emit(version.id))
        menu.addSeparator()
        menu.addAction(icon("edit", "text"), tr("Name and notes") + "\tF2", lambda: self._annotate(version))
        menu.addAction(icon("export", "text"), tr("Export"), lambda: self.exportWanted.emit(version.id))
        menu.addAction(icon("copy", "text"), tr("Copy id"), lambda: QGuiApplication.clipboard().setText(version.id))
        menu.addSeparator()
        delete = menu.addAction(icon("trash", "bad"), tr("Delete") + "\tDel", lambda: self._delete(version))
        delete.setEnabled(not version.is_latest)
        menu.popup(place)

    def _annotate(self, version: VersionInfo) -> None:
        dialog = VersionNotes(version, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        studio = self._session.studio

        def accepted() -> None:
            studio.tasks.run(
                studio.services.versions.rename,
                version.id,
                dialog.name.text().strip(),
                dialog.comment.toPlainText().strip(),
                done=lambda _: self._told(),
                failed=self._failed,
            )

        dialog.accepted.connect(accepted)
        dialog.open()

    def _delete(self, version: VersionInfo) -> None:
        studio = self._session.studio
        if version.is_latest:
            studio.messages.tell(tr("The latest version cannot be deleted. Publish a newer one first."))
            return
        text = tr("Runs of this version keep their own picture of the graph. This cannot be undone.")
        question = tr("Delete the version “{name}”?", name=_title(version))
        if studio.messages.confirm(question, text, tr("Delete"), danger=True):
            studio.tasks.run(
                studio.services.versions.delete, version.id, done=lambda _: self._told(), failed=self._failed
            )

    def _told(self) -> None:
        """What is published is other than before."""
        self.refresh()
        self._session.publication.refresh()

    def _failed(self, error: Any) -> None:
        self._session.studio.messages.error(tr("This did not work"), error)

    def close_session(self) -> None:
        """Stop listening; what is still looked for is not shown any more."""
        self._closed = True
        self._session.saveStateChanged.disconnect(self._saved)


def _title(version: VersionInfo) -> str:
    """What tells a version from the others: its name, else its time."""
    return version.name or local_time(version.version)
