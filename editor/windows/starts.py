"""Where a run begins when a workflow has several starts: a menu with keys of its own (editor inventory, 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.keymap import in_force, keys_of, native
from engine.model.containers import TRIGGER_TYPES

if TYPE_CHECKING:
    from editor.windows.page import WorkflowPage
    from editor.windows.running import Running
    from engine.model.graph import Graph, Node

NUMBERED = 9


def starts_of(graph: Graph) -> list[Node]:
    """The nodes that a run of the whole workflow can begin with."""
    kinds = TRIGGER_TYPES | {"start"}
    return [n for n in graph.nodes.values() if n.type in kinds and n.parent is None and not n.is_note]


class StartMenu(QMenu):
    """A menu whose rows are chosen by one key each, besides arrows and Enter."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._by_key: dict[str, QAction] = {}
        self.setAccessibleName(tr("Where the run begins"))

    def offer(self, picture: str, text: str, keys: tuple[str, ...], then: Callable[[], Any]) -> None:
        """One more row."""
        shown = f"\t{native(keys[0])}" if keys else ""
        action = self.addAction(icon(picture, "text"), text.replace("&", "&&") + shown, then)
        self._by_key |= dict.fromkeys(keys, action)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._by_key.get(event.text()) or self._by_key.get(keys_of(event))
        if action is None:
            super().keyPressEvent(event)
            return
        self.close()
        action.trigger()


class Starts(QObject):
    """Asks where a run begins, and begins there; several triggers one after the other."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self._running = running
        self._next: dict[str, list[str]] = {}
        """What is still to come, by workflow."""

    def ask(self, page: WorkflowPage, place: QWidget) -> bool:
        """Offer the starts of a workflow below a widget; False when there is nothing to choose."""
        found = starts_of(page.session.document.graph)
        self._next.pop(page.session.app_id, None)
        if len(found) < 2 or page.chat is not None:
            return False
        menu = StartMenu(page)
        menu.aboutToHide.connect(menu.deleteLater)
        triggers = [node for node in found if node.type != "start"]
        for node in found:
            if node.type == "start":
                menu.offer("play", tr("User input"), in_force("begin_input"), lambda: self._running.ask_inputs(page))
        if len(triggers) > 1:
            ids = [node.id for node in triggers]
            menu.offer(
                "list", tr("All triggers, one after the other"), in_force("begin_all"), lambda: self._begin(page, ids)
            )
        for number, node in enumerate(triggers, 1):
            key = (str(number),) if number <= NUMBERED else ()
            menu.offer(node.type, node.title or node.type, key, partial(self._begin, page, [node.id]))
        menu.setActiveAction(menu.actions()[0])
        menu.popup(place.mapToGlobal(place.rect().bottomLeft()))
        return True

    def _begin(self, page: WorkflowPage, ids: list[str]) -> None:
        first, *more = ids
        if more:
            self._next[page.session.app_id] = more
        panel = page.run_panel
        panel.build_form()
        if panel.ear.choose(first):
            page.show_drawer("run")
            panel.tabs.setCurrentIndex(0)
            panel.ear.listen()
        else:
            self._running.start_heard(page, first, {})

    def run_over(self, page: WorkflowPage, status: str) -> None:
        """A run ended: the next trigger of those that were asked for has its turn, unless somebody stopped it."""
        waiting = self._next.pop(page.session.app_id, [])
        waiting = [node_id for node_id in waiting if node_id in page.session.document.graph.nodes]
        if waiting and status != "stopped":
            self._begin(page, waiting)
