"""Closing a workflow whose last edits could not be written (a full disk, a file that another program keeps): nothing is
let go of before the person has said what becomes of them (storage spec, section 10.9)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from editor.enginetexts import told_with_hint
from editor.i18n import tr
from engine.errors import EnvironmentProblem, PenstockError

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage


def may_close(window: MainWindow, pages: Iterable[WorkflowPage]) -> bool:
    """Save what is not saved; False when something cannot be saved and is to stay open."""
    return all(_may_close(window, page) for page in pages)


def _may_close(window: MainWindow, page: WorkflowPage) -> bool:
    session = page.session
    if session.users > 1:
        return True  # another window goes on with it
    while True:
        try:
            session.save_now()
        except EnvironmentProblem as error:
            where = tr("The last changes of “{name}” are only in memory.", name=session.name)
            choice = window.studio.messages.choose(
                tr("Not saved"),
                f"{told_with_hint(error)}\n\n{where}".strip(),
                [tr("Try again"), tr("Save a copy as a file…"), tr("Close without saving")],
            )
            if choice is None:
                return False
            if choice == 2 or (choice == 1 and _copied(window, page)):
                return True
        except PenstockError:
            return True  # a conflict: both sides are kept
        else:
            return True


def _copied(window: MainWindow, page: WorkflowPage) -> bool:
    name, _ = QFileDialog.getSaveFileName(window, tr("Save a copy"), "workflow.yml", tr("Workflows") + " (*.yml)")
    if not name:
        return False
    try:
        window.studio.services.workflows.copy_to(Path(name), page.session.document.workflow)
    except EnvironmentProblem as error:
        window.studio.messages.error(tr("Not saved"), error)
        return False
    return True
