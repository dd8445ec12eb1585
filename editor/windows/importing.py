"""Importing a DSL file over the open workflow: what forbids it, which secrets stay, and one undo step for all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog

from editor.enginetexts import told
from editor.i18n import tr
from engine.errors import EnvironmentProblem, PenstockError
from engine.model.edits import ReplaceWorkflow

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage
    from engine.services.workflows import ImportOutcome


def ask_for_file(window: MainWindow, page: WorkflowPage) -> None:
    """Choose a file and import it over the page's workflow."""
    name, _ = QFileDialog.getOpenFileName(
        window, tr("Import over this workflow"), "", tr("Workflows") + " (*.yml *.yaml)"
    )
    if name:
        import_over(window, page, Path(name))


def import_over(window: MainWindow, page: WorkflowPage, path: Path, *, confirmed: bool = False) -> None:
    """Replace the draft by the file, after the questions that the file raises; the session's undo takes it back."""
    studio, session = window.studio, page.session
    workflows = studio.services.workflows

    def work() -> tuple[bytes, ImportOutcome]:
        try:
            data = path.read_bytes()
        except OSError as error:
            words = tr("{name} cannot be read: {why}", name=path.name, why=told(error.strerror or str(error)))
            raise EnvironmentProblem(words, code="file.unreadable") from error
        return data, workflows.read(data, name=path.stem, confirm_version=confirmed)

    def done(found: tuple[bytes, Any]) -> None:
        data, outcome = found
        if outcome.status == "pending":
            text = next((told(p.message) for p in outcome.problems if p.code == "version.other"), "")
            question = f"{text} {tr('Open it all the same?')}"
            if studio.messages.confirm(tr("Another version of the format"), question, tr("Open")):
                import_over(window, page, path, confirmed=True)
            return
        before = session.document.workflow
        offer = workflows.import_over(before, outcome)
        if offer.workflow is None:
            lines = [told(p.message) for p in offer.problems if p.severity == "error"]
            studio.messages.error(
                tr("{name} cannot be imported over this workflow", name=path.name),
                "\n".join(lines[:4]),
                "\n".join(lines),
            )
            return
        if offer.secrets_at_stake:
            names = ", ".join(offer.secrets_at_stake)
            choice = studio.messages.choose(
                tr("Keep the stored secrets?"),
                tr("The file has no values for these secrets: {names}", names=names),
                [tr("Keep the stored values"), tr("Leave them empty")],
            )
            if choice is None:
                return
            offer = workflows.import_over(before, outcome, keep_secrets=choice == 0)
        assert offer.workflow is not None
        if not session.submit(ReplaceWorkflow(offer.workflow), tr("Import over the workflow")):
            return
        page.canvas.fit()
        studio.tasks.run(workflows.imported_over, session.app_id, before, data, done=lambda _: None, failed=_failed)
        window.show_toast(tr("Imported {name}. Undo brings the old draft back.", name=path.name))

    def _failed(error: PenstockError | str) -> None:
        studio.messages.error(tr("{name} cannot be opened", name=path.name), error)

    studio.tasks.run(work, done=done, failed=_failed)
