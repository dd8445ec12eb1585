"""The run that is shown over the graph: from the folded state to what cards and edges show, and what moves while it
runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QPainter, QPainterPath, QPen

from editor.canvas.glide import Glide
from editor.canvas.paint.context import Canvas, Level, RoundsShown, level_for
from editor.canvas.paint.edges import paint_flow
from editor.canvas.paint.running import paint_fading, paint_sweeps
from editor.canvas.rounds import failed_rounds, round_failed, round_of, shown_execution
from editor.canvas.runview import EdgeRun, NodeRun, node_run_of
from editor.canvas.scene import EdgeItem, Item
from editor.theme import theme

if TYPE_CHECKING:
    from editor.canvas.surface import CanvasSurface
    from engine.model.document import Delta
    from engine.run.fold import NodeRunState, RunState

_FRAME_MS = 33
_SWEEP_SECONDS = 1.2
_FLOW_SECONDS = 1.8
_FADE_SECONDS = 1.0
_MOST_MOVING = 40


class CanvasRuns:
    """Keeps the view's run marks in step with a `RunState` and animates what is going on."""

    def __init__(self, view: CanvasSurface) -> None:
        self.view = view
        self.relations: list[tuple[str, str]] = []
        self._state: RunState | None = None
        self._active: set[str] = set()
        self._flowing: set[str] = set()
        self._fading: dict[str, float] = {}
        self._chosen: dict[str, int] = {}
        self.glide = Glide(view)
        self.follows = False
        """Whether the view goes along with the node that runs."""
        self._clock = QTimer(view)
        self._clock.setInterval(_FRAME_MS)
        self._clock.timeout.connect(self._tick)

    # -- what is shown ----------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Shows no run."""
        self._state = None
        self._active, self._flowing, self._fading = set(), set(), {}
        if self._chosen:
            self._chosen = {}
            self.view.roundsChosen.emit({})
        self._clock.stop()
        state = self.view.state
        state.runs, state.edge_runs, state.rounds, state.run_shown = {}, {}, {}, False

    def set_state(self, state: RunState | None) -> None:
        """Shows this run, all of it."""
        had = set(self.view.state.runs)
        self.clear()
        self._state = state
        if state is None:
            for node_id in had:
                self._take(node_id, None)
            self.view.repaint_all()
            self.view.runChanged.emit()
            return
        self.view.state.runs, self.view.state.edge_runs, self.view.state.rounds = {}, {}, {}
        self.view.state.run_shown = True
        for node_id in {*state.nodes, *had, *self._targets(state.edges)}:
            self._take_from_state(node_id)
        for edge_id in state.edges:
            self._take_edge(edge_id)
        self._fading.clear()
        self.view.repaint_all()
        self.view.runChanged.emit()
        self._animate()

    def changed(self, node_ids: Iterable[str], edge_ids: Iterable[str]) -> None:
        """Follows changes of the run state; only what is named is painted again."""
        if self._state is None:
            return
        view = self.view
        edge_ids = list(edge_ids)
        touched = list(node_ids)
        touched += self._targets(edge_ids) - set(touched)
        for node_id in touched:
            self._take_from_state(node_id)
        view.repaint_nodes(touched)
        edges = set(edge_ids)
        for node_id in touched:
            edges.update(e for e in view.scene.edges_of(node_id) if e in self._state.edges)
        again = {edge_id for edge_id in edges if self._take_edge(edge_id)}
        again.update(e for e in edges if view.state.edge_runs.get(e) is not None)
        view.repaint_edges(again)
        view.runChanged.emit()
        if self.follows:
            self._follow(touched)
        self._animate()

    def follow(self, delta: Delta) -> None:
        """The graph changed under the run: new cards get their marks."""
        if self._state is None:
            return
        for node_id in (*delta.nodes_added, *delta.nodes_changed):
            self._take_from_state(node_id)

    # -- rounds -----------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> dict[str, int]:
        """The rounds that were chosen, by container (index from 0); of the others the newest is shown."""
        return dict(self._chosen)

    def step_round(self, room_id: str, by: int) -> bool:
        """Shows the round before or after the one that is shown in a container; False at the end."""
        container = self._folded(room_id)
        if container is None or not container.rounds:
            return False
        indexes = sorted(container.rounds)
        place = indexes.index(round_of(container, self._chosen)) + by
        if not 0 <= place < len(indexes):
            return False
        self.choose_round(room_id, indexes[place])
        return True

    def failed_round(self, room_id: str) -> bool:
        """Shows the next round with a failure after the one that is shown, the first behind the last; False when there
        is none."""
        container = self._folded(room_id)
        found = failed_rounds(self._state, container) if self._state is not None and container is not None else []
        if container is None or not found:
            return False
        shown = round_of(container, self._chosen)
        self.choose_round(room_id, next((i for i in found if i > shown), found[0]))
        return True

    def choose_round(self, room_id: str, index: int | None) -> None:
        """Shows a round of a container (index from 0), or with None the newest from now on."""
        if index is None:
            self._chosen.pop(room_id, None)
        else:
            self._chosen[room_id] = index
        self._rounds_changed([room_id])

    def choose_rounds(self, chosen: Mapping[str, int]) -> None:
        """Shows these rounds."""
        if any(self._chosen.get(room_id) != index for room_id, index in chosen.items()):
            self._chosen.update(chosen)
            self._rounds_changed(list(chosen))

    def _rounds_changed(self, room_ids: list[str]) -> None:
        inside = list(self.view.scene.with_children(room_ids))
        for node_id in inside:
            self._take_from_state(node_id)
        self.view.repaint_nodes(inside)
        self.view.roundsChosen.emit(self.chosen)

    def container_of(self, node_id: str) -> str:
        """A container that shows rounds: the node itself or the nearest around it; empty for none."""
        shown: str | None = node_id
        while shown is not None:
            if shown in self.view.state.rounds:
                return shown
            item = self.view.scene.items.get(shown)
            shown = item.parent if item is not None else None
        return ""

    def _parent(self, node_id: str) -> str | None:
        item = self.view.scene.items.get(node_id)
        return item.parent if item is not None else None

    def _folded(self, node_id: str) -> NodeRunState | None:
        """The execution that a card shows: the newest, or that of the rounds chosen around it."""
        if self._state is None:
            return None
        return shown_execution(self._state, node_id, self._parent, self._chosen)

    def _take_from_state(self, node_id: str) -> None:
        folded = self._folded(node_id)
        if folded is not None:
            self._take(node_id, node_run_of(folded, self.view.graph.nodes.get(node_id)))
        else:
            self._take(node_id, NodeRun("skipped") if self._was_skipped(node_id) else None)

    def _was_skipped(self, node_id: str) -> bool:
        """Whether every way to a node was decided against: runs tell of edges that are skipped, not of nodes."""
        scene, state = self.view.scene, self._state
        ways = [e for e in scene.edges_of(node_id) if e in scene.edges and scene.edges[e].target == node_id]
        return state is not None and bool(ways) and all(str(state.edges.get(e)) == "skipped" for e in ways)

    def _targets(self, edge_ids: Iterable[str]) -> set[str]:
        """Nodes that skipped edges lead to and of which the run says nothing itself."""
        edges, state = self.view.scene.edges, self._state
        if state is None:
            return set()
        skipped = (edges[e] for e in edge_ids if e in edges and str(state.edges.get(e)) == "skipped")
        return {edge.target for edge in skipped if edge.target not in state.nodes}

    def _take(self, node_id: str, run: NodeRun | None) -> None:
        view = self.view
        runs = view.state.runs
        before = runs.get(node_id)
        if isinstance(runs, dict):
            if run is None:
                runs.pop(node_id, None)
            else:
                runs[node_id] = run
        if run is not None and run.active:
            self._active.add(node_id)
        else:
            self._active.discard(node_id)
        if run is not None and run.status == "succeeded" and before is not None and before.active:
            self._fading[node_id] = monotonic()
        item = view.scene.items.get(node_id)
        if item is None:
            return
        if run is not None and run.rounds is not None and isinstance(view.state.rounds, dict):
            self._take_rounds(node_id, run.rounds)
        damage = view.scene.set_run(node_id, run)
        if damage.areas:
            view.repaint_damage(damage)

    def _take_rounds(self, room_id: str, total: int) -> None:
        """Which round a container shows, counted from 1, of how many, and whether it or others failed."""
        container, state = self._folded(room_id), self._state
        rounds = self.view.state.rounds
        if container is None or state is None or not isinstance(rounds, dict):
            return
        index = round_of(container, self._chosen)
        broken = round_failed(state, container, index) is not None
        # While rounds come in, nobody counts them all again with each.
        failed = len(failed_rounds(state, container)) if not container.is_live else int(broken)
        shown = sorted(container.rounds).index(index) + 1 if index in container.rounds else 0
        rounds[room_id] = RoundsShown(shown, total, broken, failed)

    def _take_edge(self, edge_id: str) -> bool:
        """Brings one edge up to date; True when it looks different."""
        edges = self.view.state.edge_runs
        if self._state is None or not isinstance(edges, dict):
            return False
        said = self._state.edges.get(edge_id)
        look: EdgeRun | None = None
        if said is not None:
            look = "skipped" if str(said) == "skipped" else "taken"
        edge = self.view.scene.edges.get(edge_id)
        if look == "taken" and edge is not None:
            target = self.view.state.runs.get(edge.target)
            if target is None or target.status in ("waiting", "running", "retry", "held", "paused"):
                look = "flowing"
        if look == "flowing":
            self._flowing.add(edge_id)
        else:
            self._flowing.discard(edge_id)
        before = edges.get(edge_id)
        if look is None:
            edges.pop(edge_id, None)
        else:
            edges[edge_id] = look
        return before != look

    def _follow(self, node_ids: list[str]) -> None:
        state = self._state
        # What was over before the next frame counts, too: of quick steps the last one that began.
        begun = [n for n in node_ids if state is not None and n in state.nodes and state.nodes[n].started_at]
        started = [n for n in node_ids if n in self._active] or begun
        if state is not None:
            started.sort(key=lambda n: state.nodes[n].index if n in state.nodes else 0)
        if started:
            self.glide.to(started[-1])

    def moved_by_hand(self) -> None:
        """Somebody moves the view: it goes along with the run no longer."""
        self.glide.stop()
        if self.follows:
            self.follows = False
            self.view.followingChanged.emit(False)

    def set_following(self, on: bool) -> None:
        """Go along with the node that runs from now on, or not."""
        if on != self.follows:
            self.follows = on
            self.view.followingChanged.emit(on)
        if on and self._active:
            self._follow(list(self._active))

    # -- movement ---------------------------------------------------------------------------------------------

    @property
    def moving(self) -> bool:
        """Whether something on the canvas moves by itself at the moment."""
        return bool(self._active or self._fading) or bool(self._flowing and self._active)

    def _animate(self) -> None:
        if self.view.animated and self.moving:
            if not self._clock.isActive():
                self._clock.start()
        else:
            self._clock.stop()
            self._fading.clear()

    def _tick(self) -> None:
        now = monotonic()
        self._fading = {n: since for n, since in self._fading.items() if now - since < _FADE_SECONDS}
        if not self.view.isVisible():
            return
        self.view.update()
        self._animate()

    def paint(self, painter: QPainter) -> None:
        """Draws rings and flowing dashes over the picture."""
        if self.relations:
            self._paint_relations(painter)
        if not self.moving or not self.view.animated:
            return
        view, camera, now = self.view, self.view.camera, monotonic()
        level = level_for(camera.zoom)
        if level < Level.TITLES:
            return
        canvas = Canvas(painter, camera.zoom, camera.x, camera.y, 1.0, view.state, level)
        transform = painter.transform()
        paint_flow(canvas, self._visible_flow(), (now % _FLOW_SECONDS) / _FLOW_SECONDS)
        painter.setTransform(transform)
        paint_sweeps(canvas, self._visible(self._active), (now % _SWEEP_SECONDS) / _SWEEP_SECONDS * 360.0)
        for node_id, since in self._fading.items():
            item = view.scene.items.get(node_id)
            if item is not None:
                paint_fading(canvas, item, 1.0 - (now - since) / _FADE_SECONDS)
        painter.setTransform(transform)

    def _visible(self, node_ids: Iterable[str]) -> list[Item]:
        shown, items = self.view.visible_box(), self.view.scene.items
        hidden = self.view.state.hidden
        found = [items[n] for n in node_ids if n in items and n not in hidden and items[n].box.touches(shown)]
        return found[:_MOST_MOVING]

    def _visible_flow(self) -> list[EdgeItem]:
        shown, edges = self.view.visible_box(), self.view.scene.edges
        hidden = self.view.state.hidden_edges
        found = [
            edges[e] for e in self._flowing if e in edges and e not in hidden and edges[e].route.box.touches(shown)
        ]
        return [edge for edge in found if not self.view.covers_cards(edge)][:_MOST_MOVING]

    def _paint_relations(self, painter: QPainter) -> None:
        """Dashed lines between the selected node and what it reads from or what reads it."""
        camera, items = self.view.camera, self.view.scene.items
        pen = QPen(theme().color("accent"), 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for first, second in self.relations:
            if first not in items or second not in items:
                continue
            a, b = camera.box_to_view(items[first].box), camera.box_to_view(items[second].box)
            left, right = (a, b) if a.center[0] <= b.center[0] else (b, a)
            path = QPainterPath(QPointF(left.right, left.center[1]))
            reach = max(30.0, abs(right.left - left.right) * 0.4)
            path.cubicTo(
                left.right + reach, left.center[1], right.left - reach, right.center[1], right.left, right.center[1]
            )
            painter.drawPath(path)
