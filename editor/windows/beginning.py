"""What an empty canvas offers below its sentence: where the workflow begins (editor spec C33)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from editor.canvas import metrics
from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms.beginnings import beginnings

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage

LEFT = 80
"""Where the first node comes to stand: as far from the canvas's left as there is room for what follows, in pixels."""
BELOW_MIDDLE, OVER_TOOLS = 44, 24


class Beginning(QWidget):
    """One button for each kind of start; there as long as the canvas of a draft is empty."""

    def __init__(self, page: WorkflowPage) -> None:
        super().__init__(page.canvas)
        self._page = page
        self.setAccessibleName(tr("Where the workflow begins"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        mode = page.session.document.workflow.mode
        self.buttons: dict[str, QPushButton] = {}
        for spec in beginnings(mode):
            button = QPushButton(tr(spec.title))
            button.setIcon(icon(spec.icon, "accent"))
            button.setToolTip(tr(spec.description))
            button.clicked.connect(partial(self._begin, spec.type))
            self.buttons[spec.type] = button
            row.addWidget(button)
        page.follow_document(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Be there, or not."""
        page = self._page
        self.setVisible(not page.session.read_only and not page.session.document.graph.nodes)
        self.settle()

    def settle(self) -> None:
        """Stand in the middle, below the sentence that the canvas draws; on a low canvas over its tools at least."""
        canvas = self._page.canvas
        self.adjustSize()
        lowest = canvas.height() - canvas.covered_below - OVER_TOOLS - self.height()
        place = max(8, min(canvas.height() // 2 + BELOW_MIDDLE, lowest))
        self.move((canvas.width() - self.width()) // 2, place)

    def _begin(self, name: str) -> None:
        canvas = self._page.canvas
        x, y = canvas.view_centre()
        room = canvas.width() / canvas.zoom
        canvas.edits.add_node(name, x - room / 2 + LEFT, y - metrics.HEADER)
        canvas.setFocus()
