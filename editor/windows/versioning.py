"""Publishing, looking at versions, restoring, exporting, and what happens when two windows changed one draft."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from editor.i18n import tr
from engine.errors import PenstockError
from engine.model.edits import ReplaceWorkflow

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage


class Versioning(QObject):
    """What Publish and the versions panel do."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    # -- publishing --------------------------------------------------------------------------------------------------

    def publish(self, page: WorkflowPage) -> None:
        """Ask for a name and publish the draft as it is."""
        from editor.dialogs.publish import PublishDialog

        page.session.check()
        dialog = PublishDialog(page.session, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._publish(page, dialog.name.text(), dialog.comment.toPlainText()))
        dialog.goTo.connect(lambda node_id, field: self._to_problem(page, node_id, field))
        dialog.open()

    @staticmethod
    def _to_problem(page: WorkflowPage, node_id: str, field: str) -> None:
        """From the list of the dialog to the setting at fault; the whole workflow's problems are in their panel."""
        page.show_panel("problems")
        if node_id:
            page.reveal(node_id, field)

    def _publish(self, page: WorkflowPage, name: str, comment: str) -> None:
        studio, session = self._window.studio, page.session
        try:
            session.save_now()
        except PenstockError as error:
            studio.messages.error(tr("Not saved"), error)
            return
        workflow = session.document.workflow

        def done(version: Any) -> None:
            session.publication.refresh()
            self._window.show_toast(tr("Published: {version}", version=version.name or version.version))
            page.show_panel("versions")

        studio.tasks.run(
            lambda: studio.services.versions.publish(session.app_id, name=name, comment=comment, workflow=workflow),
            done=done,
            failed=lambda error: studio.messages.error(tr("Not published"), error),
        )

    # -- versions ----------------------------------------------------------------------------------------------------

    def preview(self, page: WorkflowPage, version_id: str) -> None:
        """Look at a version read-only; an empty id goes back to the draft."""
        window = self._window
        if not version_id:
            if page.session.read_only:
                window._back_from(page)  # noqa: SLF001 - the window owns its tabs
            return

        def done(workflow: Any) -> None:
            from editor.panels.versions import Versions
            from editor.session import WorkflowSession

            session = WorkflowSession(
                window.studio, workflow, app_id=page.session.app_id, read_only=True, parent=window
            )
            shown = window.add_page(session)
            versions = shown.panels["versions"]
            assert isinstance(versions, Versions)
            versions.set_shown(version_id)
            shown.show_panel("versions")
            shown.show_banner(
                tr("A published version. It cannot be changed."),
                tr("Restore"),
                lambda: self.restore(page, version_id),
            )
            shown.canvas.fit()

        window.studio.tasks.run(
            window.studio.services.versions.load,
            version_id,
            done=done,
            failed=lambda error: window.studio.messages.error(tr("This version cannot be opened"), error),
        )

    def restore(self, page: WorkflowPage, version_id: str) -> None:
        """Put a version into the draft, as one undoable step; the draft before is backed up too."""
        window = self._window
        text = tr("The draft is replaced by this version. One undo brings it back, and a backup is kept.")
        if not window.studio.messages.confirm(tr("Restore this version?"), text, tr("Restore")):
            return
        from editor.panels.versions import Versions

        app_id = page.session.app_id

        def put(target: WorkflowPage, workflow: Any) -> None:
            target.session.submit(ReplaceWorkflow(workflow), tr("Restore a version"))
            target.canvas.fit()
            panel = target.panels.get(target.shown_panel)
            if isinstance(panel, Versions):
                panel.refresh()
            window.show_toast(tr("Restored"))

        def done(workflow: Any) -> None:
            # The draft's tab may have been closed since.
            window.open_app(app_id, then=lambda target: put(target, workflow))

        window.studio.tasks.run(
            window.studio.services.versions.restore,
            app_id,
            version_id,
            done=done,
            failed=lambda error: window.studio.messages.error(tr("Not restored"), error),
        )

    # -- files -------------------------------------------------------------------------------------------------------

    def export(self, page: WorkflowPage, version_id: str) -> None:
        """Write the DSL file of the draft or of a version; asks about secrets when there are any."""
        if not version_id:
            self._export(page, "", page.session.document.workflow, "")
            return
        studio, app_id = self._window.studio, page.session.app_id

        def work() -> tuple[Any, str]:
            workflow, info = studio.services.versions.for_run(app_id, version_id)
            return workflow, info.name or info.version.replace(":", "-")

        studio.tasks.run(
            work,
            done=lambda found: self._export(page, version_id, *found),
            failed=lambda error: studio.messages.error(tr("Not exported"), error),
        )

    def _export(self, page: WorkflowPage, version_id: str, workflow: Any, version_name: str) -> None:
        window, session = self._window, page.session
        names = workflow.secret_names
        with_secrets = False
        if names:
            choice = window.studio.messages.choose(
                tr("Export secrets?"),
                tr("These secrets would stand in the file in clear: {names}", names=", ".join(names)),
                [tr("Leave them out"), tr("Write them into the file")],
            )
            if choice is None:
                return
            with_secrets = choice == 1
        title = f"{session.name} {version_name}".strip()
        offered = re.sub(r'[\\/:*?"<>|]', "_", title).strip() or "workflow"
        name, _ = QFileDialog.getSaveFileName(window, tr("Export"), f"{offered}.yml", tr("Workflows") + " (*.yml)")
        if not name:
            return
        try:
            session.save_now()
        except PenstockError as error:
            window.studio.messages.error(tr("Not saved"), error)
            return

        def work() -> None:
            workflows = window.studio.services.workflows
            workflows.export_to(Path(name), session.app_id, version_id=version_id or None, with_secrets=with_secrets)

        window.studio.tasks.run(
            work,
            done=lambda _: window.show_toast(tr("Written to {file}", file=name)),
            failed=lambda error: window.studio.messages.error(tr("Not exported"), error),
        )

    # -- conflicts ---------------------------------------------------------------------------------------------------

    def resolve(self, page: WorkflowPage, error: Any) -> None:
        """Two windows changed the draft: keep one, back up the other."""
        studio, session = self._window.studio, page.session
        choice = studio.messages.choose(
            tr("Changed in another window"),
            tr(
                "This workflow was saved elsewhere since it was opened here."
                " The side that is not kept goes to the backups."
            ),
            [tr("Keep mine"), tr("Take theirs")],
        )
        if choice is None:
            return
        other = error.theirs if choice == 0 else session.document.workflow
        studio.services.workflows.back_up(session.app_id, other, "conflict")
        if choice == 1:
            session._revision = error.revision  # noqa: SLF001 - the session goes on from what is stored
            session.submit(ReplaceWorkflow(error.theirs), tr("Take theirs"))
        else:
            session.keep_mine(error.revision)
