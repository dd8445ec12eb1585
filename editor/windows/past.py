"""The run log beside the main window, and the way from one of its runs back to a draft with that run's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from editor.i18n import tr

if TYPE_CHECKING:
    from editor.windows.batch import BatchWindow
    from editor.windows.logs import LogsWindow
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage


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
        """Open the draft of a run's workflow with the inputs of that run filled in, ready to start."""
        services, window = self._window.studio.services, self._window

        def found(record: dict[str, Any]) -> None:
            window.raise_()
            window.activateWindow()
            window.open_app(record["app_id"], then=lambda page: self._fill(page, record))

        window.studio.tasks.run(
            lambda: services.runs.get(run_id),
            done=found,
            failed=lambda error: window.studio.messages.error(tr("This run cannot be opened"), error),
        )

    @staticmethod
    def _fill(page: WorkflowPage, record: dict[str, Any]) -> None:
        inputs = {k: v for k, v in record["inputs"].items() if not k.startswith("sys.")}
        page.show_drawer("run")
        if page.chat is not None:
            if page.chat.form is not None:
                page.chat.form.load(inputs)
            page.chat.edit.setPlainText(record["query"] or "")
            page.chat.edit.setFocus()
            return
        page.run_panel.build_form()
        page.run_panel.tabs.setCurrentIndex(0)
        if page.run_panel.form is not None:
            page.run_panel.form.load(inputs)
        page.run_panel.start.setFocus()

    def close(self) -> None:
        """The main window closes: so does the log."""
        for batch in self.batches.values():
            batch.shut()
            batch.deleteLater()
        if self.logs is not None:
            self.logs.hide()
            self.logs.deleteLater()
        self.logs, self.batches = None, {}
