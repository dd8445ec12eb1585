"""What floats over a canvas and keeps its place: modes and zoom below, the map beside them, the find bar above."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from editor.canvas.minimap import Minimap
from editor.i18n import tr
from editor.panels.parts import tool_button

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView, Mode
    from editor.session import WorkflowSession
    from editor.windows.beginning import Beginning


class CanvasTools(QObject):
    """The floating tools of one canvas. They are its children, and follow its size, its mode and its zoom."""

    def __init__(self, canvas: CanvasView, session: WorkflowSession) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._preferences = session.studio.preferences
        self._top: QWidget | None = None
        self._middle: list[QWidget] = []
        self._beginning: Beginning | None = None
        self.mode_buttons: dict[str, QToolButton] = {}
        self.bar = self._make_bar()
        self.bar.setParent(canvas)
        self.minimap = Minimap(canvas, canvas)
        self.minimap.set_wanted(bool(self._preferences.get("minimap")))
        canvas.installEventFilter(self)
        canvas.modeChanged.connect(self._mode_changed)
        canvas.zoomChanged.connect(lambda zoom: self.percent.setText(f"{zoom:.0%}"))
        self._mode_changed(canvas.mode)
        self.percent.setText(f"{canvas.zoom:.0%}")

    def _make_bar(self) -> QWidget:
        bar = QFrame()
        bar.setProperty("kind", "raised")
        row = QHBoxLayout(bar)
        row.setContentsMargins(6, 4, 6, 4)
        row.setSpacing(2)
        canvas = self._canvas
        modes: tuple[tuple[Mode, str], ...] = (("pointer", tr("Pointer (V)")), ("hand", tr("Hand (H)")))
        for mode, word in modes:
            button = tool_button(mode, word, partial(canvas.set_mode, mode))
            button.setCheckable(True)
            self.mode_buttons[mode] = button
            row.addWidget(button)
        row.addWidget(_rule())
        row.addWidget(tool_button("zoom-out", tr("Zoom out"), canvas.zoom_out))
        self.percent = QPushButton("100%")
        self.percent.setProperty("kind", "quiet")
        self.percent.setMinimumWidth(64)
        self.percent.setAccessibleName(tr("Zoom"))
        menu = QMenu(self.percent)
        for value in (2.0, 1.0, 0.75, 0.5, 0.25):
            menu.addAction(f"{value:.0%}", partial(canvas.zoom_to, value))
        menu.addAction(tr("Fit"), canvas.fit)
        self.percent.clicked.connect(
            lambda: menu.popup(self.percent.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4)))
        )
        row.addWidget(self.percent)
        row.addWidget(tool_button("zoom-in", tr("Zoom in"), canvas.zoom_in))
        fit = tool_button("fit", tr("Zoom to fit"), canvas.fit)
        row.addWidget(fit)
        row.addWidget(_rule())
        tidy = tool_button("tidy", tr("Tidy up"), canvas.organize)
        row.addWidget(tidy)
        self.map_button = tool_button("minimap", tr("Minimap"), self.toggle_map)
        self.map_button.setCheckable(True)
        self.map_button.setChecked(bool(self._preferences.get("minimap")))
        row.addWidget(self.map_button)
        self.follow_button = tool_button("follow", tr("Follow the run"), self.toggle_following)
        self.follow_button.setCheckable(True)
        self.follow_button.setChecked(canvas.runs.follows)
        self.follow_button.setToolTip(
            tr("Follow the run: the view goes along with the step that runs, until you move it")
        )
        canvas.followingChanged.connect(self.follow_button.setChecked)
        row.addWidget(self.follow_button)
        self._spared = (self.follow_button, tidy, fit, self.map_button)
        return bar

    def keep_at_top(self, widget: QWidget) -> None:
        """Keep a widget in the upper right corner of the canvas."""
        self._top = widget
        self.settle()

    def keep_in_middle(self, widget: QWidget) -> None:
        """Keep a widget in the middle of the upper edge of the canvas."""
        self._middle.append(widget)
        self.settle()

    def keep_in_view(self, beginning: Beginning) -> None:
        """Keep the offer of an empty canvas below its sentence."""
        self._beginning = beginning
        self.settle()

    def toggle_map(self) -> None:
        """Show or hide the minimap; remembered."""
        self.minimap.set_wanted(not self.minimap.wanted)
        self.map_button.setChecked(self.minimap.wanted)
        self._preferences.set("minimap", self.minimap.wanted)

    def toggle_following(self) -> None:
        """Let the view go along with the step that runs, or not; remembered for the next runs."""
        on = not self._canvas.runs.follows
        self._canvas.runs.set_following(on)
        self.follow_button.setChecked(on)
        self._preferences.set("follow_run", on)

    def run_begins(self) -> None:
        """A new run: the view follows it if that was chosen, whatever became of the last one."""
        self._canvas.runs.set_following(bool(self._preferences.get("follow_run")))

    def eventFilter(self, watched: QObject, event: Any) -> bool:
        if watched is self._canvas and event.type() == event.Type.Resize:
            self.settle()
        return super().eventFilter(watched, event)

    def settle(self) -> None:
        """Put the tools where they belong at the present size of the canvas."""
        canvas, bar = self._canvas, self.bar
        self._spare()
        bar.adjustSize()
        x = (canvas.width() - bar.width()) // 2
        bar.move(max(8, x), canvas.height() - bar.height() - 16)
        canvas.covered_below = bar.height()
        left = canvas.width() - self.minimap.width() - 16
        # Beside the tools where there is room, above them where there is not.
        over = bar.geometry().right() + 16 > left
        rise = bar.height() + 12 if over else 0
        self.minimap.move(left, canvas.height() - self.minimap.height() - 16 - rise)
        for widget in self._middle:
            self._size(widget)
            widget.move(max(8, (canvas.width() - widget.width()) // 2), 12)
        if self._beginning is not None:
            self._beginning.settle()
        if self._top is not None:
            self._size(self._top)
            self._top.move(max(8, canvas.width() - self._top.width() - 16), 12)

    def _size(self, widget: QWidget) -> None:
        """As wide as it likes, as far as the canvas has room for it: words are shortened before buttons go."""
        wanted = widget.sizeHint()
        widget.resize(min(wanted.width(), self._canvas.width() - 16), wanted.height())

    def _spare(self) -> None:
        """Leave out what the menus have too while the canvas is too narrow for all of it."""
        for button in self._spared:
            button.show()
        for button in self._spared:
            if self.bar.sizeHint().width() <= self._canvas.width() - 16:
                return
            button.hide()

    def _mode_changed(self, mode: str) -> None:
        for name, button in self.mode_buttons.items():
            button.setChecked(name == mode)


def _rule() -> QFrame:
    line = QFrame()
    line.setProperty("kind", "vline")
    line.setFixedHeight(18)
    return line
