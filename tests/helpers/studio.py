"""A real main window over a workspace of its own, with the words it says to people kept instead of shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QPlainTextEdit, QWidget

from editor import app as studio_app
from editor.messages import RecordedMessages
from editor.screenshot import wait_until
from editor.settings import Preferences
from editor.windows.main import MainWindow
from editor.windows.page import WorkflowPage
from engine.services.context import Services
from tests.helpers.canvas import CanvasHand

TEMPLATES = Path(__file__).parents[2] / "resources" / "templates"


class Studio:
    """The window and how a test gets about in it."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.services: Services = window.studio.services

    @property
    def page(self) -> WorkflowPage:
        """The workflow in front."""
        found = self.window.page
        assert found is not None
        return found

    @property
    def messages(self) -> RecordedMessages:
        """What the window said."""
        kept = self.window.studio.messages
        assert isinstance(kept, RecordedMessages)
        return kept

    def open_app(self, app_id: str) -> WorkflowPage:
        """Open a workflow of the library in a tab."""
        count = len(self.window.workflow_pages())
        self.window.open_app(app_id)
        assert wait_until(lambda: len(self.window.workflow_pages()) > count, 30), self.messages.__dict__
        return self.page

    def open_file(self, path: Path) -> WorkflowPage:
        """Open a DSL file in a tab."""
        outcome = self.services.workflows.open_path(path, confirm_version=True)
        assert outcome.app_id is not None, [p.message for p in outcome.problems]
        return self.open_app(outcome.app_id)

    def sample(self, name: str) -> WorkflowPage:
        """Open one of the samples that come with the studio."""
        return self.open_file(TEMPLATES / f"{name}.yml")

    @property
    def hand(self) -> CanvasHand:
        """A hand for the canvas in front."""
        return CanvasHand.on(self.page.canvas, self.page.session.document)

    def field(self, name: str, kind: type[QWidget] = QPlainTextEdit, within: QWidget | None = None) -> QWidget:
        """The visible widget of a kind with an accessible name, in the inspector unless told otherwise."""
        place = within or self.page.inspector
        found = [w for w in place.findChildren(kind) if w.accessibleName() == name and w.isVisible()]
        assert found, f"no visible {name!r}"
        return found[0]

    def click(self, name: str, within: QWidget | None = None) -> None:
        """Click the widget with an accessible name or text."""
        place = within or self.page.inspector
        named = [w for w in place.findChildren(QWidget) if w.isVisible() and _name(w) == name]
        assert named, f"nothing visible is called {name!r}: {sorted({_name(w) for w in place.findChildren(QWidget)})}"
        QTest.mouseClick(named[0], Qt.MouseButton.LeftButton)

    def activate(self) -> None:
        """Give the window the keyboard back; without a window manager nobody does after a dialog."""
        self.window.activateWindow()
        assert wait_until(self.window.isActiveWindow, 10)

    def settle(self) -> None:
        """Let everything that is due happen."""
        QApplication.processEvents()

    def dialog(self, kind: type[QDialog] = QDialog) -> QDialog:
        """The dialog that is open."""
        assert wait_until(lambda: any(d.isVisible() for d in self.window.findChildren(kind)), 10), "no dialog is open"
        return next(d for d in self.window.findChildren(kind) if d.isVisible())

    def node(self, title: str) -> str:
        """The id of the node with a title."""
        return next(n.id for n in self.page.session.document.graph.nodes.values() if n.title == title)

    def run(self, inputs: dict[str, Any] | None = None, query: str = "") -> dict[str, Any]:
        """Run the workflow in front to its end; answers the summary."""
        live = self.window.running.start(self.page, inputs or {}, query)
        assert live is not None, self.messages.__dict__
        assert wait_until(lambda: live.is_over, 60)
        return dict(live.summary or {})


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


@contextmanager
def opened_studio(folder: Path, *, size: tuple[int, int] = (1440, 900), language: str = "en") -> Iterator[Studio]:
    """A shown window on the workspace in `folder`; closed and let go of afterwards."""
    studio_app.make_application(["penstock"])
    preferences = Preferences(folder / "preferences.json")
    studio_app.dress(preferences, "dark", language)
    window = studio_app.make_window(Services.open(folder), preferences, real_messages=False)
    window.resize(*size)
    window.show()
    made = Studio(window)
    made.activate()  # keys reach the active window only
    try:
        yield made
    finally:
        window.close()
        window.studio.close()
        window.deleteLater()
