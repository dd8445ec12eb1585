"""Windows too narrow for a panel at the left, the canvas and the inspector: one side at a time stands beside
the canvas.

That is a screen of 1,920 x 1,080 at a display scaling of 250 %, or half of a larger one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage


class OneSide:
    """What was asked for last stays; a panel that made way for the inspector comes back when that is closed."""

    def __init__(self, page: WorkflowPage) -> None:
        self._page = page
        self._made_way = ""

    def panel_asked(self) -> None:
        """Somebody opened a panel at the left, or closed it."""
        self._made_way = ""
        if self._page.shown_panel and self._is_tight:
            self._page.inspector.hide()

    def settle(self) -> None:
        """Look what there is room for now."""
        page = self._page
        if not page.chrome:
            return
        if page.inspector.isHidden():
            name, self._made_way = self._made_way, ""
            if name and not page.shown_panel:
                page.show_panel(name)
        elif page.shown_panel and self._is_tight:
            name = page.shown_panel
            page.show_panel("")
            self._made_way = name

    @property
    def _is_tight(self) -> bool:
        page = self._page
        sides = page.left.minimumWidth() + page.inspector.minimumWidth()
        return page.width() < page.rail.width() + sides + page.canvas.minimumSizeHint().width()
