"""A sheet with a card in every state that the visual design names, for eyes and for tests.

`python -m tests.helpers.state_sheet OUT.png [dark|light] [zoom]` writes the picture.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from editor.canvas.hit import Hit
from editor.canvas.paint.context import Marks
from editor.theme import set_theme
from engine.run.fold import NodeRunState, RunState
from tests.helpers.canvas import IF_ELSE, CanvasHand, graph_of, node

MODEL: Final[dict[str, Any]] = {
    "model": {"name": "small-instruct", "provider": "local"},
    "prompt_template": [{"role": "user", "text": "Summarise the text in one sentence"}],
}
ERROR: Final = "ConnectionError: the server at 127.0.0.1:9 refused the connection\nand more"
STATES: Final[dict[str, dict[str, Any]]] = {
    "waiting": {},
    "running": {"chunks": ["The river turns the wheel, the wheel turns the shaft, and the shaft makes light for all"]},
    "succeeded": {"elapsed": 1.25, "tokens": 1500, "finished_at": "now"},
    "failed": {"error": ERROR, "elapsed": 0.4, "finished_at": "now"},
    "exception": {"error": ERROR, "elapsed": 0.4, "finished_at": "now"},
    "skipped": {},
    "retry": {"error": "HTTP 503: try again later", "attempt": 2},
    "stopped": {"elapsed": 12.5, "finished_at": "now"},
    "paused": {},
    "held": {},
}
PER_ROW: Final = 5
RETRYING: Final = {"retry_config": {"retry_enabled": True, "max_retries": 3}}


def sheet_graph() -> Any:
    """Run states in rows of five; below them marks, problems and odd cards; then branches and a room."""
    nodes = []
    for number, status in enumerate(STATES):
        extra = RETRYING if status == "retry" else {}
        place = (number % PER_ROW) * 320, (number // PER_ROW) * 240
        nodes.append(node(status, *place, "llm", title=status.capitalize(), **MODEL, **extra))
    odd: list[tuple[str, str, dict[str, Any]]] = [
        ("selected", "code", {"code": "def main(a):\n    return {'b': a}", "code_language": "python3"}),
        ("hovered", "http-request", {"method": "post", "url": "https://example.org/api/v1/items"}),
        ("disabled", "template-transform", {"template": "Dear {{ name }},", "disabled": True}),
        ("problem", "knowledge-retrieval", {"dataset_ids": []}),
        ("unknown", "quantum-oracle", {"strength": 3, "label": "kept"}),
        ("pinned", "code", {"code": "def main():\n    return {}", "code_language": "python3"}),
        ("stale", "llm", MODEL),
        ("breakpoint", "answer", {"answer": "Here it is: {{#succeeded.text#}}"}),
        ("added", "code", {"code": "x = 1", "code_language": "python3"}),
        ("removed", "code", {"code": "x = 1", "code_language": "python3"}),
    ]
    for number, (name, kind, data) in enumerate(odd):
        place = (number % PER_ROW) * 320, 520 + (number // PER_ROW) * 200
        nodes.append(node(name, *place, kind, title=name.capitalize(), **data))
    nodes.append(node("branch", 0, 940, "if-else", title="Which way?", **IF_ELSE))
    nodes.append(node("yes", 360, 900, "code", title="Taken", code="y = 1", code_language="python3"))
    nodes.append(node("no", 360, 1060, "code", title="Not taken", code="n = 1", code_language="python3"))
    nodes.append(node("room", 700, 900, "iteration", title="For each", width=560, height=240, is_parallel=True))
    nodes.append(node("room-start", 24, 80, "iteration-start", parent="room"))
    nodes.append(node("inside", 130, 76, "llm", title="Write a line", parent="room", **MODEL))
    nodes.append(
        node("note", 1290, 900, "note", width=230, height=120, text="**Note**: runs of *today*", theme="yellow")
    )
    edges: list[tuple[str, ...]] = [
        ("waiting", "running"),
        ("running", "succeeded"),
        ("succeeded", "failed"),
        ("failed", "exception"),
        ("selected", "hovered"),
        ("branch", "true", "yes"),
        ("branch", "false", "no"),
        ("yes", "room"),
        ("room-start", "inside"),
    ]
    return graph_of(*nodes, edges=tuple(edges))


def sheet_run() -> RunState:
    """The run that is shown on the sheet."""
    state = RunState(run_id="sheet", status="running")
    for status, more in STATES.items():
        state.nodes[status] = NodeRunState(status, f"x-{status}", status=status, **more)
    for name in ("pinned", "stale", "branch", "yes"):
        state.nodes[name] = NodeRunState(name, name, status="succeeded", elapsed=0.02, finished_at="now")
    state.nodes["no"] = NodeRunState("no", "no", status="skipped")
    rounds = {0: ["r0"], 1: ["r1"], 2: ["r2"]}
    state.nodes["room"] = NodeRunState("room", "room", status="running", rounds=rounds, round_count=8)
    state.nodes["inside"] = NodeRunState("inside", "r2", status="running", chunks=["Water finds its way"])
    state.executions["r2"] = state.nodes["inside"]
    return state


class StateSheet:
    """A canvas with everything on it. `hand` is the way to it."""

    def __init__(self, zoom: float = 1.0) -> None:
        self.hand = CanvasHand(sheet_graph(), size=(round(1660 * zoom), round(1220 * zoom)))
        view = self.hand.view
        view.look_at(zoom, 50 * zoom, 50 * zoom)
        state = sheet_run()
        for edge in self.hand.graph.edges.values():
            state.edges[edge.id] = "skipped" if edge.target == "no" else "taken"
        view.set_run_state(state)
        view.set_problems({"problem": (1, 1, "Choose a knowledge base"), "exception": (0, 2, "No answer")})
        view.set_marks(
            {
                "pinned": Marks(pinned=True),
                "stale": Marks(stale=True),
                "breakpoint": Marks("plain"),
                "added": Marks(kept=True),
            }
        )
        view.set_diff({"added": "added", "removed": "removed"})
        view.select(["selected"])
        view.set_hover(Hit("node", "hovered", zone="card"))
        self.hand.settle()

    def middle(self, name: str) -> QPointF:
        """The middle of a card in the widget."""
        return self.hand.view.node_rect(name).center()


def main() -> int:
    """Write the picture."""
    out, theme_name, zoom = [*sys.argv[1:], "dark", "1.0"][:3] if len(sys.argv) < 4 else sys.argv[1:4]
    app = QApplication.instance() or QApplication([])
    set_theme("light" if theme_name == "light" else "dark")
    sheet = StateSheet(float(zoom))
    app.processEvents()
    saved = sheet.hand.view.grab().save(out)
    sheet.hand.close()
    return 0 if saved else 1


if __name__ == "__main__":
    sys.exit(main())
