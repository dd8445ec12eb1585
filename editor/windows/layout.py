"""How the windows stood: tabs, the one in front, selection, view and panels; put back at the next start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from engine.errors import UserError

if TYPE_CHECKING:
    from editor.context import Studio
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage
    from engine.services.workflows import LoadedDraft

REMEMBER_AFTER_MS = 800


class Layout(QObject):
    """Of one window. What is remembered is that of all windows of the studio together."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._restoring = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(REMEMBER_AFTER_MS)
        self._later.timeout.connect(self.remember)

    def remember_soon(self) -> None:
        """Something of it changed; it is written when hands rest."""
        if not self._restoring:
            self._later.start()

    def remember(self) -> None:
        """Write it down now."""
        self._later.stop()
        if self._restoring:
            return
        studio = self._window.studio
        studio.preferences.set("windows", [w.layout_of.state() for w in studio.windows])

    def stop(self) -> None:
        """The window closes; nothing is written any more."""
        self._later.stop()
        self._restoring = True

    def state(self) -> dict[str, Any]:
        """This window as JSON."""
        window = self._window
        pages = [p for p in window.workflow_pages() if not p.session.read_only and p.session.app_id]
        front = window.page
        return {
            "size": [window.width(), window.height()],
            "maximized": window.isMaximized(),
            "front": front.session.app_id if front is not None and front in pages else "",
            "tabs": [page_state(page) for page in pages],
        }

    def restore(self, state: Mapping[str, Any], then: Callable[[], None]) -> None:
        """Open the tabs again as they were; a workflow that is gone meanwhile is left out. `then` is called afterwards,
        also when nothing could be opened."""
        window, studio = self._window, self._window.studio
        if state.get("maximized"):
            window.showMaximized()
        tabs = [t for t in state.get("tabs") or [] if isinstance(t, dict) and t.get("app")]
        if not tabs:
            then()
            return
        workflows = studio.services.workflows
        self._restoring = True

        def work() -> list[tuple[dict[str, Any], LoadedDraft]]:
            present = {app.id for app in workflows.list()}
            found = []
            for tab in tabs:
                if tab["app"] in present:
                    try:
                        found.append((tab, workflows.load(tab["app"])))
                    except UserError:
                        continue  # deleted between the two questions
            return found

        def done(found: list[tuple[dict[str, Any], LoadedDraft]]) -> None:
            front = None
            for tab, draft in found:
                page = window.open_draft(draft)
                restore_page(page, tab)
                if tab["app"] == state.get("front"):
                    front = page
            window.show_page(front if front is not None else window.library)
            self._restoring = False
            self.remember()
            then()

        def failed(error: Any) -> None:
            self._restoring = False
            studio.messages.error("Penstock", error)
            then()

        studio.tasks.run(work, done=done, failed=failed)


def page_state(page: WorkflowPage) -> dict[str, Any]:
    """What a page looks like, as JSON."""
    camera = page.canvas.camera
    return {
        "app": page.session.app_id,
        "panel": page.shown_panel,
        "drawer": page.shown_tab,
        "selected": page.canvas.selected_nodes()[:200],
        "view": [round(camera.zoom, 4), round(camera.x, 1), round(camera.y, 1)],
    }


def restore_page(page: WorkflowPage, state: Mapping[str, Any]) -> None:
    """Make a page look as it did. What does not fit any more is passed over."""
    page.show_panel(str(state.get("panel", "palette")))
    if state.get("drawer"):
        page.show_drawer(str(state["drawer"]))
    view = state.get("view")
    if isinstance(view, list) and len(view) == 3 and all(isinstance(v, int | float) for v in view):
        # The page gets its size with the next turn of the loop; the view is that of the finished page.
        QTimer.singleShot(0, page, lambda: page.canvas.look_at(*map(float, view)))
    selected = state.get("selected")
    if isinstance(selected, list):
        page.canvas.select([str(node_id) for node_id in selected])


def restore_all(studio: Studio, first: MainWindow, then: Callable[[], None]) -> None:
    """Put back every window of the last time; the first one is there already, and `then` follows once it is filled."""
    states = [s for s in studio.preferences.get("windows") or [] if isinstance(s, dict)]
    for index, state in enumerate(states or [{}]):
        window = first if index == 0 else first.another(state.get("size"))
        window.layout_of.restore(state, then if window is first else lambda: None)
