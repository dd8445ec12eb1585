"""Published versions: the draft on top, then every version with name, note and time; look, restore, rename, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QInputDialog,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.parts import EmptyState, PanelTitle, local_time

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.services.versions import VersionInfo

VERSION = int(Qt.ItemDataRole.UserRole)


class Versions(QWidget):
    """`preview` names a version to look at; `restore` one to bring back; empty preview means the draft."""

    preview = Signal(str)
    restore = Signal(str)
    exportWanted = Signal(str)
    publishWanted = Signal()

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PanelTitle(tr("Versions")))
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        EntryDelegate.serve(self.list)
        self.list.setAccessibleName(tr("Versions"))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        column.addWidget(self.list, 1)
        self.empty = EmptyState(
            "versions",
            tr("Nothing is published yet. A version keeps the workflow as it is now, and brings it back when wanted."),
            tr("Publish"),
            self.publishWanted.emit,
        )
        self.empty.set_action_shown(not session.read_only)
        self.empty.hide()
        column.addWidget(self.empty, 100)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 8, 16, 16)
        self.more = QPushButton(tr("Load more"))
        self.more.setProperty("kind", "quiet")
        self.more.clicked.connect(self._load_more)
        self.more.hide()
        foot.addWidget(self.more)
        publish = QPushButton(tr("Publish"))
        publish.setIcon(icon("publish", "text"))
        publish.clicked.connect(self.publishWanted)
        foot.addWidget(publish)
        self._publish = publish
        column.addLayout(foot)
        self._found: list[VersionInfo] = []

    def refresh(self) -> None:
        """Load the newest versions."""
        studio, app_id = self._session.studio, self._session.app_id
        if app_id:
            studio.tasks.run(
                lambda: studio.services.versions.list(app_id, limit=11), done=self._loaded, key=f"versions {id(self)}"
            )

    def _load_more(self) -> None:
        studio, app_id, last = self._session.studio, self._session.app_id, self._found[-1].version
        studio.tasks.run(
            lambda: studio.services.versions.list(app_id, cursor=last, limit=11),
            done=lambda found: self._loaded(found, first=False),
        )

    def _loaded(self, found: list[VersionInfo], *, first: bool = True) -> None:
        if first:
            self._found = []
            self.list.clear()
            draft = QListWidgetItem(icon("edit", "accent"), tr("Current draft"))
            draft.setData(VERSION, "")
            self.list.addItem(draft)
        self.more.setVisible(len(found) > 10)
        for version in found[:10]:
            self._found.append(version)
            mark = f"  ·  {tr('Latest')}" if version.is_latest else ""
            item = QListWidgetItem(
                icon("versions", "muted"),
                f"{version.name or tr('Untitled version')}{mark}\n{local_time(version.version)}",
            )
            item.setData(VERSION, version.id)
            item.setToolTip(version.comment or version.version)
            self.list.addItem(item)
        nothing = not self._found
        self.empty.setVisible(nothing)
        self._publish.setVisible(not nothing and not self._session.read_only)

    def _clicked(self, item: QListWidgetItem) -> None:
        self.preview.emit(str(item.data(VERSION)))

    def _menu(self, point: QPoint) -> None:
        item = self.list.itemAt(point)
        version = next((v for v in self._found if item is not None and v.id == item.data(VERSION)), None)
        if version is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("eye", "text"), tr("Look at it"), lambda: self.preview.emit(version.id))
        menu.addAction(icon("history", "text"), tr("Restore"), lambda: self.restore.emit(version.id))
        menu.addAction(icon("edit", "text"), tr("Name"), lambda: self._rename(version))
        menu.addAction(icon("export", "text"), tr("Export"), lambda: self.exportWanted.emit(version.id))
        menu.addAction(icon("copy", "text"), tr("Copy id"), lambda: _copy(version.id))
        delete = menu.addAction(icon("trash", "bad"), tr("Delete"), lambda: self._delete(version))
        delete.setEnabled(not version.is_latest)
        menu.popup(self.list.mapToGlobal(point))

    def _rename(self, version: VersionInfo) -> None:
        name, ok = QInputDialog.getText(self, tr("Name"), tr("Name of this version"), text=version.name)
        if ok:
            studio = self._session.studio
            studio.tasks.run(
                studio.services.versions.rename, version.id, name, version.comment, done=lambda _: self.refresh()
            )

    def _delete(self, version: VersionInfo) -> None:
        studio = self._session.studio
        text = tr("Runs of this version keep their own picture of the graph.")
        if studio.messages.confirm(tr("Delete this version?"), text, tr("Delete"), danger=True):
            studio.tasks.run(
                studio.services.versions.delete, version.id, done=lambda _: self.refresh(), failed=self._failed
            )

    def _failed(self, error: Any) -> None:
        self._session.studio.messages.error(tr("This did not work"), error)


def _copy(text: str) -> None:
    from PySide6.QtGui import QGuiApplication

    QGuiApplication.clipboard().setText(text)
