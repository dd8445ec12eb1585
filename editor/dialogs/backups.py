"""The copies of a draft that were kept before something replaced it: put back, or opened beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QFrame, QListWidget, QListWidgetItem, QPushButton, QStackedWidget

from editor.dialogs.fitting import FittingDialog, limit_smallest
from editor.dialogs.parts import dialog_column
from editor.i18n import tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate
from editor.panels.parts import EmptyState, local_time
from engine.model.edits import ReplaceWorkflow

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage
    from engine.model.workflow import Workflow

REASONS: Final = {
    "restore": "Before a version was restored",
    "import": "Before a file was imported over it",
    "journal": "Before edits of a lost session were added",
    "conflict": "What another window had saved",
}
ID = int(Qt.ItemDataRole.UserRole)


class Backups(FittingDialog):
    """Lists the copies, newest first. What is put back is one undo step, and the present draft is kept as well."""

    def __init__(self, window: MainWindow, page: WorkflowPage) -> None:
        super().__init__(window)
        self._window, self._page = window, page
        limit_smallest(self, 460, 380)
        column = dialog_column(self, tr("Backups of the draft"))
        self.pages = QStackedWidget()
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName(tr("Backups of the draft"))
        EntryDelegate.serve(self.list)
        self.list.itemActivated.connect(lambda _: self._put_back())
        self.pages.addWidget(self.list)
        words = tr("A copy is kept here whenever a version, a file or another window replaces the draft.")
        self.pages.addWidget(EmptyState("history", words))
        column.addWidget(self.pages, 1)
        buttons = QDialogButtonBox()
        self.put_back = buttons.addButton(tr("Put it back"), QDialogButtonBox.ButtonRole.ActionRole)
        self.put_back.setProperty("kind", "primary")
        self.put_back.clicked.connect(self._put_back)
        self.beside = buttons.addButton(tr("Open as a new workflow"), QDialogButtonBox.ButtonRole.ActionRole)
        self.beside.clicked.connect(self._open_beside)
        close = buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._buttons: tuple[QPushButton, ...] = (self.put_back, self.beside)
        self._fill([])
        close.setFocus()
        app_id, workflows = page.session.app_id, window.studio.services.workflows
        window.studio.tasks.run(
            workflows.backups, app_id, done=self._fill, failed=self._failed, key=f"backups {id(self)}"
        )

    def _fill(self, found: Sequence[tuple[str, str, str]]) -> None:
        self.list.clear()
        for backup_id, reason, time in found:
            words = tr(REASONS[reason]) if reason in REASONS else tr("A kept copy")
            item = QListWidgetItem(icon("history", "muted"), f"{words}\n{local_time(time)}")
            item.setData(ID, backup_id)
            self.list.addItem(item)
        self.pages.setCurrentIndex(0 if found else 1)
        for button in self._buttons:
            button.setEnabled(bool(found))
        if found:
            self.list.setCurrentRow(0)
            self.list.setFocus()

    def _load(self, then: Any) -> None:
        if self.list.currentRow() < 0:
            return
        session, workflows = self._page.session, self._window.studio.services.workflows
        backup_id = str(self.list.currentItem().data(ID))
        self._window.studio.tasks.run(workflows.load_backup, session.app_id, backup_id, done=then, failed=self._failed)

    def _put_back(self) -> None:
        self._load(self._replace)

    def _replace(self, workflow: Workflow) -> None:
        session, studio = self._page.session, self._window.studio
        if session.is_closed:
            return
        studio.services.workflows.back_up(session.app_id, session.document.workflow, "restore")
        if session.submit(ReplaceWorkflow(workflow), tr("Put a backup back")):
            self._page.canvas.fit()
            self._window.show_toast(tr("The backup is the draft now. One undo takes it back."))
        self.accept()

    def _open_beside(self) -> None:
        self._load(self._make)

    def _make(self, workflow: Workflow) -> None:
        studio, name = self._window.studio, tr("{name} (backup)", name=self._page.session.name)
        studio.tasks.run(
            lambda: studio.services.workflows.create(workflow.mode, name, workflow=workflow),
            done=self._window.open_app,
            failed=self._failed,
        )
        self.accept()

    def _failed(self, error: Any) -> None:
        self._window.studio.messages.error(tr("This did not work"), error)


def show_backups(window: MainWindow, page: WorkflowPage) -> None:
    """Open the list for the page's workflow."""
    dialog = Backups(window, page)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
