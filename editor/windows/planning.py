"""Before a run goes on from an earlier one: its plan on the canvas, and the bar that starts it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from editor.dialogs.plan_values import Key, PlanValues
from editor.i18n import tr
from editor.panels.plan_bar import PlanBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from editor.windows.page import WorkflowPage
    from engine.errors import PenstockError
    from engine.services.debugging import PlanPreview
    from engine.services.runs import StartRun


class Planning(QObject):
    """One plan at a time, of one page. It follows edits: what is changed meanwhile runs again."""

    def __init__(self, page: WorkflowPage) -> None:
        super().__init__(page)
        self._page = page
        self._session = page.session
        self._make: Callable[[], StartRun | None] | None = None
        self._go: Callable[[StartRun], Any] | None = None
        self.preview: PlanPreview | None = None
        self.changed: dict[Key, Any] = {}
        self.bar = PlanBar(page.canvas)
        self.bar.confirmed.connect(self.confirm)
        self.bar.cancelled.connect(self.cancel)
        self.bar.valuesWanted.connect(self.edit_values)
        page.tools.keep_in_middle(self.bar)
        page.follow_document(lambda delta: self._ask() if delta.content_changed else None)
        page.follow(self._session.runChanged, lambda: self.cancel() if self._session.is_running else None)

    def propose(self, make: Callable[[], StartRun | None], go: Callable[[StartRun], Any]) -> None:
        """Show the plan of the run that `make` makes of the draft as it is; `go` starts it when it is confirmed."""
        self._make, self._go, self.changed = make, go, {}
        self._ask()

    def _ask(self) -> None:
        start = self._make() if self._make is not None else None
        if start is None:
            return
        studio = self._session.studio
        studio.tasks.run(
            studio.services.runs.preview,
            start,
            done=partial(self._show, self._make),
            failed=self._refused,
            key=f"plan {id(self)}",
        )

    def _show(self, asked: object, preview: PlanPreview) -> None:
        if self._session.is_closed or self._make is not asked:
            return
        self.preview = preview
        marks: dict[str, Any] = dict.fromkeys(preview.reused, "reused")
        marks.update(dict.fromkeys(preview.again, "again"))
        self._page.canvas.set_diff(marks)
        self.bar.show_plan(preview, len(self.changed))
        self._page.tools.settle()

    def _refused(self, error: PenstockError) -> None:
        self.cancel()
        self._session.studio.messages.error(tr("The run did not start"), error)

    def confirm(self) -> None:
        """Start the run as it is shown."""
        start = self._make() if self._make is not None else None
        go, changed = self._go, self.changed
        self.cancel()
        if start is not None and go is not None:
            start.values = [{"selector": list(key), "value": value} for key, value in changed.items()]
            go(start)

    def cancel(self) -> None:
        """Forget the plan."""
        if self._make is None:
            return
        self._make = self._go = self.preview = None
        self.changed = {}
        self._page.canvas.set_diff({})
        self.bar.hide()
        self._page.canvas.setFocus()

    def edit_values(self) -> None:
        """Show what the steps that run again read, to be changed."""
        if self.preview is None:
            return
        dialog = PlanValues(self._session, self.preview.read, self.changed, self._page)
        dialog.accepted.connect(lambda: self._changed(dialog.changed))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _changed(self, values: dict[Key, Any]) -> None:
        if self.preview is not None:
            self.changed = values
            self.bar.show_plan(self.preview, len(values))
            self._page.tools.settle()
