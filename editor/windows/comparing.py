"""Two versions, or a version and the draft, side by side: one read-only tab with both states and the list of what
differs (editor spec V6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.panels.comparison import Compared
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage
    from engine.model.workflow import Workflow


def compare(window: MainWindow, page: WorkflowPage, before: str, after: str) -> None:
    """Show what differs between two states of the page's workflow; an empty id is the draft."""
    from editor.panels.comparison import Compared
    from editor.panels.parts import local_time

    studio, app_id = window.studio, page.session.app_id
    open_draft = next(
        (p.session for p in window.workflow_pages() if p.session.app_id == app_id and not p.session.read_only), None
    )

    def state(version_id: str) -> tuple[Workflow, str]:
        if version_id:
            workflow, info = studio.services.versions.for_run(app_id, version_id)
            return workflow, info.name or local_time(info.version)
        if open_draft is not None:
            return open_draft.document.workflow, tr("Current draft")
        return studio.services.workflows.peek(app_id), tr("Current draft")

    def work() -> Compared:
        (old, old_name), (new, new_name) = state(before), state(after)
        return Compared(old, new, old_name, new_name)

    studio.tasks.run(
        work,
        done=lambda compared: _show(window, app_id, compared),
        failed=lambda error: studio.messages.error(tr("These versions cannot be compared"), error),
    )


def _show(window: MainWindow, app_id: str, compared: Any) -> None:
    from editor.panels.comparison import Comparison
    from editor.session import WorkflowSession

    session = WorkflowSession(
        window.studio, compared.overlaid(), app_id=app_id, read_only=True, checked=False, parent=window
    )
    page = window.add_page(session)
    page.title = f"{compared.before_name} → {compared.after_name}"
    session.nameChanged.emit(session.name)
    panel = Comparison(compared)
    panel.goTo.connect(lambda node_id: page.reveal(node_id, ""))
    page.add_panel("comparison", panel)
    page.show_panel("comparison")
    page.canvas.set_diff(compared.marks())
    page.show_banner(
        tr("Comparison of “{before}” with “{after}”", before=compared.before_name, after=compared.after_name)
        + "  ·  "
        + compared.summary()
    )
    page.canvas.fit()
    panel.tree.setFocus()
