"""The debugger of one page: its bar over the canvas, its marks on the cards, breakpoints and pins, and what comes to
the front when a run is held."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QSplitter

from editor.canvas.paint.context import BreakpointMark, Marks
from editor.canvas.rounds import round_of
from editor.dialogs.breakpoint import edit_breakpoint, words_of
from editor.dialogs.pin_editor import PinEditor
from editor.i18n import tr
from editor.panels.breakpoints import Breakpoints, spelled
from editor.panels.debug_bar import DebugBar
from editor.panels.pinned import Pinned
from editor.panels.round_picker import RoundPicker
from editor.pins import has_mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from editor.windows.page import WorkflowPage

ENDED_WELL = ("succeeded", "exception")


class DebugDesk(QObject):
    """Made by the page, once its canvas is there. `panel` stands at the left."""

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
        self.pinned = Pinned(session)
        self.pinned.goTo.connect(lambda node_id: page.reveal(node_id, ""))
        self.pinned.editWanted.connect(self.edit_pin)
        self.panel = QSplitter(Qt.Orientation.Vertical)
        self.panel.setHandleWidth(1)
        self.panel.setChildrenCollapsible(False)
        self.panel.addWidget(self.breakpoints)
        self.panel.addWidget(self.pinned)
        # Opened within the click, the popup would take the end of that click for one beside it.
        page.canvas.roundPickRequested.connect(self.pick_round, Qt.ConnectionType.QueuedConnection)
        page.canvas.roundsChosen.connect(session.choose_rounds)
        page.follow(session.marksChanged, self._marks)
        page.follow(session.runChanged, self.bar.refresh)
        page.follow(session.debugging.steppedOff, self.bar.refresh)
        page.follow_document(self._edited)
        self._marks()

    def _edited(self, delta: Any) -> None:
        """Pins may be stale now."""
        if delta.content_changed and self._session.pins.pins:
            self._marks()
            self.pinned.refresh()

    def follow(self, changed: set[str]) -> None:
        """Some nodes changed in the run: one that is held now comes to the front with its values."""
        current = self._session.debugging.current
        if current is not None and current.node_id in changed:
            page = self._page
            page.canvas.select([current.node_id])
            page.canvas.ensure_visible(current.node_id)
            page.inspector.tabs.setCurrentIndex(1)

    def _marks(self) -> None:
        session = self._session
        found: dict[str, Marks] = {}
        breakpoints, pins = session.debugging.breakpoints, session.pins.pins
        kept = session.kept_values.nodes
        for node_id in {**breakpoints, **pins, **dict.fromkeys(kept)}:
            kind: BreakpointMark | None = None
            words = []
            mark = breakpoints.get(node_id)
            if mark is not None:
                kind = "failure" if mark.point.on_failure else "plain" if mark.point.is_plain else "conditional"
                words.append(tr("Breakpoint: {words}", words=words_of(mark, partial(spelled, session))))
            stale = session.pins.is_stale(node_id)
            if node_id in pins:
                words.append(tr("Pinned: runs take its kept result"))
            if stale:
                words.append(tr("The step was changed since it was pinned"))
            if node_id in kept and node_id not in pins:
                words.append(tr("Values of its last run are kept; single steps read them"))
            found[node_id] = Marks(
                kind,
                enabled=mark is None or mark.enabled,
                tip="\n".join(words),
                pinned=node_id in pins,
                stale=stale,
                kept=node_id in kept,
            )
        self._page.canvas.set_marks(found)

    # -- rounds ------------------------------------------------------------------------------------------------------

    def pick_round(self, container_id: str, place: QPoint | None = None) -> None:
        """Offer the rounds of a container; at a place of the screen, or below its header."""
        session, canvas = self._session, self._page.canvas
        container = session.execution_of(container_id)
        if session.run_state is None or container is None or not container.rounds:
            return
        if place is None:
            place = canvas.mapToGlobal(canvas.node_rect(container_id).topLeft().toPoint() + QPoint(40, 40))
        shown = round_of(container, session.chosen_rounds)
        picker = RoundPicker(session.run_state, container, shown, self._page)
        picker.picked.connect(lambda index: canvas.runs.choose_round(container_id, index))
        picker.popup_at(place)

    def container_in_front(self) -> str:
        """The container whose rounds the keys step through: around the selected node, else the only one."""
        canvas = self._page.canvas
        chosen = canvas.selected_nodes()
        if chosen:
            return canvas.runs.container_of(chosen[0])
        rooms = list(canvas.state.rounds)
        return rooms[0] if len(rooms) == 1 else ""

    # -- pins --------------------------------------------------------------------------------------------------------

    def toggle_pin(self, node_id: str) -> None:
        """Pin what a node gave when it last ran, or let it run again."""
        pins = self._session.pins
        if node_id in pins.pins:
            pins.unpin(node_id)
        else:
            self._with_outputs(node_id, partial(self._pin, node_id))

    def _pin(self, node_id: str, outputs: Mapping[str, Any]) -> None:
        if has_mask(outputs):
            self._edit(node_id, outputs, tr("A secret in this result is masked; write what is to stand there."))
            return
        self._session.pins.pin(node_id, outputs)
        self._session.studio.messages.tell(tr("Pinned. The next runs take this result instead of running the step."))

    def edit_pin(self, node_id: str) -> None:
        """Change the pinned result of a node, or pin what it gave last in another form."""
        pin = self._session.pins.pins.get(node_id)
        if pin is not None:
            self._edit(node_id, pin.outputs)
        else:
            self._with_outputs(node_id, partial(self._edit, node_id))

    def _edit(self, node_id: str, outputs: Mapping[str, Any], warning: str = "") -> None:
        dialog = PinEditor(self._session, node_id, outputs, self._page, warning=warning)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _with_outputs(self, node_id: str, then: Callable[[Mapping[str, Any]], None]) -> None:
        """What a node gave when it last ran: in the run that is shown, else in the log; words when there is nothing."""
        session = self._session
        state = session.run_state.nodes.get(node_id) if session.run_state is not None else None
        if state is not None and state.status in ENDED_WELL:
            then(state.outputs)
            return

        def done(outputs: Mapping[str, Any] | None) -> None:
            if session.is_closed or node_id not in session.document.graph.nodes:
                return
            if outputs is None:
                session.studio.messages.tell(tr("There is nothing to pin: the step has not run yet."))
            else:
                then(outputs)

        runs = session.studio.services.runs
        session.studio.tasks.run(
            lambda: runs.last_outputs(session.app_id, node_id),
            done=done,
            failed=lambda error: session.studio.messages.error(tr("Not pinned"), error),
        )
