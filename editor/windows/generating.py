"""Workflows from words: the dialog opened for the window or for the workflow in front, and what becomes of a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from editor.i18n import tr
from engine.model.edits import ReplaceWorkflow
from engine.services.generating.asking import MODES, WorkflowDraft
from engine.services.generating.joining import beside, in_place

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage
    from engine.model.workflow import Workflow


class PageTarget:
    """The workflow of one page: a draft comes in its place or beside what is there, as one undo step."""

    def __init__(self, window: MainWindow, page: WorkflowPage) -> None:
        self._window, self._page = window, page
        self._seen = page.session.document.revision

    @property
    def workflow(self) -> Workflow:
        """What is there now."""
        self._seen = self._page.session.document.revision
        return self._page.session.document.workflow

    def take(self, draft: WorkflowDraft, *, from_here: bool) -> bool:
        """Put a draft in. What it was not made of is asked about before it goes."""
        session, canvas = self._page.session, self._page.canvas
        present = session.document.workflow
        adds = False
        if from_here:
            if session.document.revision != self._seen and not self._confirmed():
                return False
        elif len(present.graph.nodes) > 1:
            choice = self._window.studio.messages.choose(
                tr("What should become of the nodes that are there?"),
                tr("The draft was made from nothing. Undo takes either back."),
                [tr("Replace them"), tr("Keep them and add the draft below")],
            )
            if choice is None:
                return False
            adds = choice == 1
        heights = {i.id: i.box.height for i in canvas.scene.items.values()}
        made = beside(present, draft.workflow, heights) if adds else in_place(present, draft.workflow)
        if not session.submit(ReplaceWorkflow(made), tr("Workflow from words")):
            return False
        canvas.fit()
        self._window.show_toast(
            tr("The draft is below what was there. Undo takes it back.")
            if adds
            else tr("The draft is in place. Undo brings back what was there.")
        )
        return True

    def _confirmed(self) -> bool:
        return self._window.studio.messages.confirm(
            tr("The workflow was changed meanwhile"),
            tr("The draft was made from an earlier state: putting it in undoes those changes. Undo brings them back."),
            tr("Put in all the same"),
        )


def generate_new(window: MainWindow, words: str = "") -> None:
    """Describe a workflow that is to be made."""
    from editor.dialogs.generating import Generating

    Generating(window.studio, window, lambda draft: create(window, draft), None, words).open()


def generate_here(window: MainWindow, page: WorkflowPage, words: str = "") -> None:
    """Describe what is to be made of the workflow in front."""
    from editor.dialogs.generating import Generating

    if page.session.document.workflow.mode not in MODES:
        window.show_toast(tr("Only workflows and chat flows can be made from words."))
        return
    target = PageTarget(window, page)
    Generating(window.studio, window, lambda draft: create(window, draft), target, words).open()


def create(window: MainWindow, draft: WorkflowDraft) -> None:
    """A new workflow of a draft, in a tab."""
    workflow = draft.workflow
    usual = tr("New chat flow") if workflow.mode == "advanced-chat" else tr("New workflow")
    name = workflow.app.name or usual
    studio = window.studio
    studio.tasks.run(
        lambda: studio.services.workflows.create(workflow.mode, name, workflow=workflow),
        done=window.open_app,
        failed=lambda error: studio.messages.error(tr("This did not work"), error),
    )
