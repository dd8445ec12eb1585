"""The run log beside the main window, and the way from one of its runs back to a draft with that run's inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.windows.batch import BatchWindow
    from editor.windows.logs import LogsWindow
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage
    from engine.services.workflows import AppSummary


class Past(QObject):
    """Owns the log's window; it is made when it is first wanted and goes with the main window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.logs: LogsWindow | None = None
        self.batches: dict[str, BatchWindow] = {}

    def show_batch(self, page: WorkflowPage) -> BatchWindow:
        """The batch window of a workflow, one for each."""
        from editor.windows.batch import BatchWindow

        app_id = page.session.app_id
        shown = self.batches.get(app_id)
        if shown is None:
            shown = self.batches[app_id] = BatchWindow(page.session)
            shown.openRun.connect(self._open)
        shown.show()
        shown.raise_()
        shown.activateWindow()
        return shown

    def show_logs(self) -> LogsWindow:
        """Bring the log to the front."""
        if self.logs is None:
            from editor.windows.logs import LogsWindow

            self.logs = LogsWindow(self._window.studio)
            self.logs.openRun.connect(self._open)
            self.logs.testRun.connect(self.test_run)
        self.logs.refresh()
        self.logs.show()
        self.logs.raise_()
        self.logs.activateWindow()
        return self.logs

    def _open(self, run_id: str) -> None:
        self._window.raise_()
        self._window.activateWindow()
        self._window.running.open_past(run_id)

    def test_run(self, run_id: str) -> None:
        """Open the draft of a run's workflow with the inputs of that run filled in, ready to start. A draft in the
        trash is brought back first, when the person says so: there it could be edited, and be emptied away."""
        services, window = self._window.studio.services, self._window

        def work() -> tuple[dict[str, Any], AppSummary, list[dict[str, Any]]]:
            record = services.runs.get(run_id, whole=True)
            return record, services.workflows.get(record["app_id"]), list(services.runs.nodes(run_id))

        def found(what: tuple[dict[str, Any], AppSummary, list[dict[str, Any]]]) -> None:
            record, app, steps = what
            window.raise_()
            window.activateWindow()

            def fill() -> None:
                window.open_app(app.id, then=lambda page: self._fill(page, record, steps))

            if app.deleted_at is None:
                fill()
            elif window.studio.messages.confirm(
                tr("“{name}” is in the trash.", name=app.name),
                tr("Restore it to test its draft with the inputs of this run."),
                tr("Restore"),
            ):
                window.library.commands.restore([app], then=fill)

        window.studio.tasks.run(
            work,
            done=found,
            failed=lambda error: window.studio.messages.error(tr("This run cannot be opened"), error),
        )

    def _fill(self, page: WorkflowPage, record: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> None:
        inputs = {k: v for k, v in record["inputs"].items() if not k.startswith("sys.")}
        page.show_drawer("run")
        if page.chat is not None:
            files = record["inputs"].get("sys.files") or []
            self._tell_left_out(page.chat.fill(inputs, record["query"] or "", files))
            return
        trigger = steps[0] if steps and str(steps[0]["node_type"]).startswith("trigger-") else None
        page.run_panel.tabs.setCurrentIndex(0)
        if trigger is not None and trigger["node_id"] in page.session.document.graph.nodes:
            # What came from outside has no fields; it can be given to the draft as it came.
            self._window.studio.messages.tell(
                tr("This run began at “{title}”.", title=trigger["title"]),
                tr("Run again with what came in"),
                lambda: self._window.running.start_heard(page, str(trigger["node_id"]), inputs),
            )
            return
        self._tell_left_out(page.run_panel.fill(inputs))

    def _tell_left_out(self, names: Sequence[str]) -> None:
        if names:
            words = tr("Not filled in, for the workflow has changed since: {names}", names=", ".join(names))
            self._window.studio.messages.tell(words)

    def close(self) -> None:
        """The main window closes: so does the log."""
        for batch in self.batches.values():
            batch.shut()
            batch.deleteLater()
        if self.logs is not None:
            self.logs.hide()
            self.logs.deleteLater()
        self.logs, self.batches = None, {}
