"""What floats over a canvas and keeps its place: modes and zoom below, the map beside them, the find bar above."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from editor.actions import BY_ID
from editor.canvas.metrics import ZOOM_MAX
from editor.canvas.minimap import Minimap
from editor.i18n import language_signal, tr
from editor.keymap import native
from editor.panels.parts import tool_button

if TYPE_CHECKING:
    from editor.canvas.view import CanvasView, Mode
    from editor.session import WorkflowSession
    from editor.windows.beginning import Beginning


ZOOMS = (2.0, 1.0, 0.75, 0.5, 0.25)
EDGE_OF_ZOOM = 0.001


class CanvasTools(QObject):
    """The floating tools of one canvas. They are its children, and follow its size, its mode and its zoom."""

    addWanted = Signal(QPoint)
    """A block is to be chosen and then placed by hand; the place on the screen where the choice is offered."""

    def __init__(self, canvas: CanvasView, session: WorkflowSession) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._preferences = session.studio.preferences
        self._keymap = session.studio.keymap
        self._named: dict[str, QToolButton] = {}
        self._top: QWidget | None = None
        self._middle: list[QWidget] = []
        self._lefts: dict[QObject, int] = {}
        """Where the visible ones of these begin, in pixels."""
        self._beginning: Beginning | None = None
        self.mode_buttons: dict[str, QToolButton] = {}
        self.bar = self._make_bar()
        self.bar.setParent(canvas)
        self.minimap = Minimap(canvas, canvas)
        self.minimap.set_wanted(bool(self._preferences.get("minimap")))
        canvas.installEventFilter(self)
        canvas.modeChanged.connect(self._mode_changed)
        canvas.zoomChanged.connect(self._zoomed)
        if session.read_only:
            canvas.set_mode("hand")  # in a picture of the past there is nothing to box
        elif self._preferences.get("hand_mode"):
            canvas.set_mode("hand")
        canvas.modeChanged.connect(self._keep_mode)
        self._mode_changed(canvas.mode)
        self._zoomed(canvas.zoom)
        self._keymap.changed.connect(self._name_all)
        language_signal().changed.connect(self._name_all)
        self._name_all()

    def _make_bar(self) -> QWidget:
        bar = QFrame()
        bar.setProperty("kind", "raised")
        row = QHBoxLayout(bar)
        row.setContentsMargins(6, 4, 6, 4)
        row.setSpacing(2)
        canvas = self._canvas
        modes: tuple[Mode, ...] = ("pointer", "hand")
        for mode in modes:
            button = self._named_button(f"{mode}_mode", mode, partial(canvas.set_mode, mode))
            button.setCheckable(True)
            self.mode_buttons[mode] = button
            row.addWidget(button)
        self._editing: list[QWidget] = [_rule()]
        self.add_button = self._named_button("add_block", "plus", self._add)
        self.note_button = self._named_button("comment_mode", "note", partial(canvas.set_mode, "comment"))
        self.mode_buttons["comment"] = self.note_button
        self.note_button.setCheckable(True)
        self._editing += [self.add_button, self.note_button]
        for widget in self._editing:
            row.addWidget(widget)
        row.addWidget(_rule())
        self.out_button = self._named_button("zoom_out", "zoom-out", canvas.zoom_out)
        row.addWidget(self.out_button)
        self.percent = QPushButton("100%")
        self.percent.setProperty("kind", "quiet")
        self.percent.setMinimumWidth(64)
        self.percent.setAccessibleName(tr("Zoom"))
        self.percent.clicked.connect(self._zoom_menu)
        row.addWidget(self.percent)
        self.in_button = self._named_button("zoom_in", "zoom-in", canvas.zoom_in)
        row.addWidget(self.in_button)
        fit = self._named_button("zoom_fit", "fit", canvas.fit)
        row.addWidget(fit)
        row.addWidget(_rule())
        tidy = self._named_button("organize", "tidy", canvas.organize)
        row.addWidget(tidy)
        self.map_button = self._named_button("minimap", "minimap", self.toggle_map)
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
        self._spared = (self.follow_button, tidy, fit, self.map_button, self.note_button, self.add_button)
        self._unwanted = {*self._editing, tidy} if canvas.read_only else set()
        return bar

    def _named_button(self, name: str, picture: str, then: Callable[[], Any]) -> QToolButton:
        """A button of a row of the action table: it says the row's name and its keys of now."""
        button = tool_button(picture, tr(BY_ID[name].text), then)
        self._named[name] = button
        return button

    def _name_all(self) -> None:
        for name, button in self._named.items():
            words, keys = tr(BY_ID[name].text), self._keymap.keys(name)
            button.setToolTip(f"{words} ({native(keys[0])})" if keys else words)
            button.setAccessibleName(words)

    def _add(self) -> None:
        self.addWanted.emit(self.add_button.mapToGlobal(QPoint(0, 0)))

    def _zoom_menu(self) -> None:
        canvas = self._canvas
        menu = QMenu(self.percent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        keys = {1.0: "zoom_100", 0.5: "zoom_50"}
        for value in ZOOMS:
            action = menu.addAction(
                self._with_keys(f"{value:.0%}", keys.get(value, "")), partial(canvas.zoom_to, value)
            )
            action.setCheckable(True)
            action.setChecked(abs(canvas.zoom - value) < EDGE_OF_ZOOM)
        menu.addSeparator()
        menu.addAction(self._with_keys(tr(BY_ID["zoom_fit"].text), "zoom_fit"), canvas.fit)
        chosen = menu.addAction(
            self._with_keys(tr(BY_ID["zoom_selection"].text), "zoom_selection"),
            lambda: canvas.fit(canvas.selected_nodes()),
        )
        chosen.setEnabled(bool(canvas.selected_nodes()))
        menu.popup(self.percent.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4)))

    def _with_keys(self, words: str, name: str) -> str:
        keys = self._keymap.keys(name) if name else ()
        return f"{words}\t{native(keys[0])}" if keys else words

    def _zoomed(self, zoom: float) -> None:
        self.percent.setText(f"{zoom:.0%}")
        self.out_button.setEnabled(zoom > self._canvas.lowest_zoom + EDGE_OF_ZOOM)
        self.in_button.setEnabled(zoom < ZOOM_MAX - EDGE_OF_ZOOM)

    def keep_at_top(self, widget: QWidget) -> None:
        """Keep a widget in the upper right corner of the canvas."""
        self._top = widget
        self.settle()

    def keep_in_middle(self, widget: QWidget) -> None:
        """Keep a widget in the middle of the upper edge of the canvas. While it is seen it grows and shrinks at its
        right end, as far as there is room, so that its buttons stay under the hand."""
        self._middle.append(widget)
        widget.installEventFilter(self)
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
            self._lefts.clear()
            self.settle()
        elif event.type() == event.Type.Hide:
            self._lefts.pop(watched, None)
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
            middle = (canvas.width() - widget.width()) // 2
            x = max(8, min(self._lefts.get(widget, middle), canvas.width() - widget.width() - 8))
            widget.move(x, 12)
            if widget.isVisible():
                self._lefts.setdefault(widget, x)
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
            button.setVisible(button not in self._unwanted)
        for widget in self._unwanted:
            widget.hide()
        for button in self._spared:
            if self.bar.sizeHint().width() <= self._canvas.width() - 16:
                return
            button.hide()

    def _keep_mode(self, mode: str) -> None:
        """Pointer or hand is remembered; a note at the pointer is over soon, and pictures of the past have the hand."""
        if mode in ("pointer", "hand") and not self._canvas.read_only:
            self._preferences.set("hand_mode", mode == "hand")

    def _mode_changed(self, mode: str) -> None:
        for name, button in self.mode_buttons.items():
            button.setChecked(name == mode)


def _rule() -> QFrame:
    line = QFrame()
    line.setProperty("kind", "vline")
    line.setFixedHeight(18)
    return line
