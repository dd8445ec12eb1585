"""The bar above a workflow: back, name with its saved state, undo and redo, problems, Run, Publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton

from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import tool_button
from engine.model.edits import SetApp

if TYPE_CHECKING:
    from editor.windows.main import MainWindow

HEIGHT = 44


class TopBar(QFrame):
    """Asks the window for everything; shows what the session in front says."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self.setProperty("kind", "chrome")
        self.setFixedHeight(HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(6)
        row.addWidget(tool_button("arrow-left", tr("Back to the library"), window.on_show_library))
        self.name = QLineEdit()
        self.name.setProperty("kind", "plain")
        self.name.setAccessibleName(tr("Workflow name"))
        self.name.setMinimumWidth(120)
        self.name.setMaximumWidth(420)
        self.name.editingFinished.connect(self._rename)
        row.addWidget(self.name, 1)
        self.state = QLabel()
        self.state.setProperty("kind", "small")
        row.addWidget(self.state)
        row.addSpacing(8)
        self.undo = tool_button("undo", tr("Undo"), lambda: window.do("undo"))
        self.redo = tool_button("redo", tr("Redo"), lambda: window.do("redo"))
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        row.addStretch(2)
        self.problems = QPushButton()
        self.problems.setProperty("kind", "quiet")
        self.problems.setAccessibleName(tr("Problems"))
        self.problems.clicked.connect(lambda: window.do("show_problems"))
        row.addWidget(self.problems)
        self.step = tool_button("step-over", tr("Step"), lambda: window.do("step_over"))
        self.resume = tool_button("resume", tr("Continue"), lambda: window.do("continue_run"))
        row.addWidget(self.step)
        row.addWidget(self.resume)
        self.publish = QPushButton(tr("Publish"))
        self.publish.setIcon(icon("publish", "text"))
        self.publish.clicked.connect(lambda: window.do("publish"))
        row.addWidget(self.publish)
        self.run = QPushButton(tr("Run"))
        self.run.setProperty("kind", "primary")
        self.run.setMinimumWidth(88)
        self.run.clicked.connect(self._run)
        row.addWidget(self.run)

    def _run(self) -> None:
        page = self._window.page
        if page is not None:
            self._window.do("stop" if page.session.is_running else "run")

    def _rename(self) -> None:
        page = self._window.page
        name = self.name.text().strip()
        if page is not None and name and name != page.session.document.workflow.app.name:
            page.session.submit(SetApp("name", name), tr("Rename the workflow"))

    def refresh(self) -> None:
        """Show the session in front."""
        page = self._window.page
        if page is None:
            return
        session = page.session
        if not self.name.hasFocus():
            self.name.setText(session.name)
        self.name.setReadOnly(session.read_only)
        words = {
            "saved": tr("Saved"),
            "unsaved": tr("Saving…"),
            "saving": tr("Saving…"),
            "failed": tr("Not saved"),
        }
        self.state.setText("" if session.read_only else words[session.save_state])
        document = session.document
        self.undo.setEnabled(document.can_undo and not session.read_only)
        self.redo.setEnabled(document.can_redo and not session.read_only)
        undo, redo = document.undo_label, document.redo_label
        self.undo.setToolTip(f"{tr('Undo')}: {undo}" if undo else tr("Undo"))
        self.redo.setToolTip(f"{tr('Redo')}: {redo}" if redo else tr("Redo"))
        errors = sum(p.severity == "error" for p in session.problems)
        warnings = len(session.problems) - errors
        self.problems.setText(str(errors or warnings) if errors or warnings else "")
        self.problems.setIcon(
            icon("error", "bad") if errors else icon("warning", "warn") if warnings else icon("check", "good")
        )
        self.problems.setToolTip(tr("{errors} errors, {warnings} warnings", errors=errors, warnings=warnings))
        running = session.is_running
        held = (
            running and any(n.status == "held" for n in session.run_state.nodes.values())
            if session.run_state
            else False
        )
        self.step.setVisible(bool(held))
        self.resume.setVisible(bool(held))
        self.run.setVisible(not session.read_only)
        self.publish.setVisible(not session.read_only)
        self.run.setText(tr("Stop") if running else tr("Run"))
        self.run.setIcon(icon("stop" if running else "play", "on_accent"))
