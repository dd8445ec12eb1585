"""The debugger of one page: its bar over the canvas, its marks on the cards, and what comes to the front when a run is
held."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from editor.canvas.paint.context import BreakpointMark, Marks
from editor.dialogs.breakpoint import edit_breakpoint, words_of
from editor.i18n import tr
from editor.panels.breakpoints import Breakpoints, spelled
from editor.panels.debug_bar import DebugBar

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage


class DebugDesk(QObject):
    """Made by the page, once its canvas and panels are there."""

    def __init__(self, page: WorkflowPage) -> None:
        super().__init__(page)
        self._page = page
        self._session = session = page.session
        self.bar = DebugBar(session, page.canvas)
        self.bar.wanted.connect(lambda name: page.window().do(name))  # type: ignore[attr-defined]
        self.bar.resized.connect(page.tools.settle)
        page.tools.keep_in_middle(self.bar)
        self.breakpoints = Breakpoints(session)
        self.breakpoints.goTo.connect(lambda node_id: page.reveal(node_id, ""))
        self.breakpoints.editWanted.connect(lambda node_id: edit_breakpoint(page, node_id))
        page.follow(session.marksChanged, self._marks)
        page.follow(session.runChanged, self.bar.refresh)
        page.follow(session.debugging.steppedOff, self.bar.refresh)
        self._marks()

    def follow(self, changed: set[str]) -> None:
        """Some nodes changed in the run: one that is held now comes to the front with its values."""
        current = self._session.debugging.current
        if current is not None and current.node_id in changed:
            page = self._page
            page.canvas.select([current.node_id])
            page.canvas.ensure_visible(current.node_id)
            page.inspector.tabs.setCurrentIndex(1)

    def _marks(self) -> None:
        found: dict[str, Marks] = {}
        for node_id, mark in self._session.debugging.breakpoints.items():
            kind: BreakpointMark = "plain" if mark.point.is_plain else "conditional"
            if mark.point.on_failure:
                kind = "failure"
            words = tr("Breakpoint: {words}", words=words_of(mark, partial(spelled, self._session)))
            found[node_id] = Marks(breakpoint=kind, enabled=mark.enabled, tip=words)
        self._page.canvas.set_marks(found)
