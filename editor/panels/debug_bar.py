"""The bar over the canvas while a run is held: why it holds, and the ways to go on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from editor.debugging import failure_of
from editor.enginetexts import told, told_line
from editor.i18n import tr
from editor.keymap import native
from editor.panels.breakpoints import spelled
from editor.panels.glyph import Glyph
from editor.panels.parts import ElidedLabel, tool_button

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.run.fold import NodeRunState

LINGER_MS = 400
"""How long the bar stays after a step: most steps are over sooner, and a bar that comes and goes cannot be clicked."""
MOST_WORDS = 520
BUTTONS = (
    ("continue_run", "resume", "Continue"),
    ("step_over", "step-over", "Step over"),
    ("step_into", "step-into", "Step into"),
    ("step_out", "step-out", "Step out"),
    ("try_again", "retry", "Run this step again"),
    ("stop", "stop", "Stop"),
)


class DebugBar(QFrame):
    """`wanted` names an action of the table, `resized` asks for a new place."""

    wanted = Signal(str)
    resized = Signal()

    def __init__(self, session: WorkflowSession, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "raised")
        self.setAccessibleName(tr("Debugger"))
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(2)
        self.glyph = Glyph()
        row.addWidget(self.glyph)
        row.addSpacing(4)
        self.others = tool_button("chevron-right", tr("Next held step"), self._next)
        self.others.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.buttons: dict[str, QToolButton] = {}
        for name, picture, word in BUTTONS:
            button = tool_button(picture, tr(word), partial(self.wanted.emit, name), colour="text")
            self.buttons[name] = button
            row.addWidget(button)
        row.addWidget(self.others)
        row.addSpacing(8)
        # Last, so that words of another length leave the buttons where the hand is.
        self.reason = ElidedLabel()
        self.reason.setMaximumWidth(MOST_WORDS)
        row.addWidget(self.reason)
        row.addSpacing(6)
        self._away = QTimer(self)
        self._away.setSingleShot(True)
        self._away.setInterval(LINGER_MS)
        self._away.timeout.connect(self._leave)
        self.hide()
        self.name_keys()

    def name_keys(self) -> None:
        """Say the keys of each button."""
        keymap = self._session.studio.keymap
        for name, _, word in BUTTONS:
            keys = keymap.keys(name)
            self.buttons[name].setToolTip(tr(word) + (f"  ({native(keys[0])})" if keys else ""))

    def refresh(self) -> None:
        """Follow the run."""
        session = self._session
        node = session.debugging.current
        if node is None:
            self.reason.setText(tr("Running…"))
            self.glyph.show_icon("status-running", "accent")
            for name in self.buttons:
                self.buttons[name].setEnabled(name == "stop")
            self.others.hide()
            if session.is_running and self.isVisible():
                if not self._away.isActive():
                    self._away.start()
            else:
                self._leave()
            return
        self._away.stop()
        failed = failure_of(node)
        self.glyph.show_icon(*(("status-failed", "bad") if failed else ("status-held", "held")))
        words = reason_words(session, node)
        self.reason.setText(words)
        self.reason.setAccessibleName(words)
        for name, button in self.buttons.items():
            button.setEnabled(True)
            button.setVisible(name != "try_again" or bool(failed))
        held = session.debugging.held()
        self.others.setVisible(len(held) > 1)
        self.others.setText(f"{held.index(node) + 1}/{len(held)}")
        if not self.isVisible():
            self.name_keys()
            self.show()
            self.raise_()
        self.resized.emit()

    def _next(self) -> None:
        held = self._session.debugging.held()
        current = self._session.debugging.current
        if current is not None and len(held) > 1:
            following = held[(held.index(current) + 1) % len(held)]
            self._session.debugging.choose(following.execution_id)
            self._session.reveal(following.node_id)

    def _leave(self) -> None:
        self._away.stop()
        if self._session.debugging.current is None:
            self.hide()


def reason_words(session: WorkflowSession, node: NodeRunState) -> str:
    """Why an execution is held, in one sentence."""
    shown = session.document.graph.nodes.get(node.node_id)
    title = (shown.title or shown.type) if shown is not None else node.title or node.node_id
    index = node.iteration_index if node.iteration_index is not None else node.loop_index
    if index is not None:
        title = tr("{title} (round {n})", title=title, n=index + 1)
    why = node.metadata.get("why") or {}
    if why.get("failed"):
        return tr("“{title}” failed: {error}", title=title, error=told_line(failure_of(node), 2000))
    kind = why.get("kind", "breakpoint")
    condition = spelled(session, str(why.get("condition", "")))
    count = why.get("count", 0)
    words = {
        "step": tr("Stopped before “{title}” after a step", title=title),
        "run_to": tr("Ran to “{title}”", title=title),
        "hits": tr("Breakpoint at “{title}”, time number {n}", title=title, n=count),
        "condition": tr("Breakpoint at “{title}”: {condition}", title=title, condition=condition),
        "condition_error": tr(
            "Breakpoint at “{title}”: its condition cannot be evaluated ({problem})",
            title=title,
            problem=told(str(why.get("problem", ""))),
        ),
    }
    return words.get(str(kind), tr("Breakpoint at “{title}”", title=title))
