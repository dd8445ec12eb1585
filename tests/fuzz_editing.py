"""Plays random editing on a real canvas and takes all of it back: `python -m tests.fuzz_editing [actions] [seed]`.

The same seed plays the same actions. After the last one, undoing everything must give the graph of the beginning and
redoing everything the graph of the end; on the way nothing may raise.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

MOST_NODES = 60
UNDO_EVERY = 7


class Player:
    """Random hands on one canvas."""

    def __init__(self, seed: int) -> None:
        from engine.nodes.registry import SPECS
        from tests.helpers.canvas import CanvasHand, graph_of, node

        self.random = random.Random(seed)
        self.hand = CanvasHand(
            graph_of(node("s", node_type="start"), node("c", 300), node("e", 600, node_type="end"), edges=(("s", "c"),))
        )
        self.view, self.document = self.hand.view, self.hand.document
        self.types = sorted(t for t, s in SPECS.items() if "workflow" in s.modes and not s.undeletable)
        self.done: Counter[str] = Counter()

    def some(self, most: int = 6) -> list[str]:
        """Some of the nodes."""
        ids = list(self.document.graph.nodes)
        return self.random.sample(ids, min(len(ids), self.random.randint(1, most))) if ids else []

    def step(self) -> None:
        """One action, chosen at random."""
        crowded = len(self.document.graph.nodes) > MOST_NODES
        actions: dict[str, Callable[[], object]] = {
            "add": self.add,
            "connect": self.connect,
            "drag": self.drag,
            "nudge": lambda: self.view.edits.nudge(self.some(), self.random.choice((-5, 5, 20)), 5),
            "setting": self.setting,
            "delete": self.delete,
            "disconnect": lambda: self.view.edits.disconnect([self.random.choice(self.some())]),
            "copy and paste": self.copy_and_paste,
            "duplicate": self.duplicate,
            "align": lambda: (self.view.select(self.some()), self.view.align(self.random.choice(("left", "top")))),
            "disable": lambda: self.view.edits.toggle_disabled(self.some(3)),
            "insert": self.insert,
            "undo": lambda: self.document.undo(),
            "redo": lambda: self.document.redo(),
        }
        if self.random.random() < 0.01:
            actions["organize"] = self.view.organize
        name = "delete" if crowded else self.random.choice(list(actions))
        if not self.document.graph.nodes and name not in ("undo", "redo"):
            name = "add"
        actions[name]()
        self.done[name] += 1

    def add(self) -> None:
        room = self.random.choice([None, None, *self.rooms()])
        kind = self.random.choice(self.types)
        self.view.edits.add_node(kind, self.random.randint(-500, 2000), self.random.randint(-500, 1500), container=room)

    def rooms(self) -> list[str]:
        return [n.id for n in self.document.graph.nodes.values() if n.is_container]

    def connect(self) -> None:
        from engine.model.containers import may_connect
        from engine.model.edits import AddEdge
        from engine.model.factory import new_edge

        graph = self.document.graph
        ids = list(graph.nodes)
        one, other = graph.nodes[self.random.choice(ids)], graph.nodes[self.random.choice(ids)]
        if not may_connect(graph, one.id, "source", other.id):
            self.hand.commands.submit(AddEdge(new_edge(one, "source", other, graph)), "Connect")

    def drag(self) -> None:
        node_id = self.random.choice(list(self.document.graph.nodes))
        self.view.center_on(node_id, flash=False)
        at = self.hand.at_node(node_id, 60, 16)
        self.hand.drag(at, at + type(at)(self.random.randint(-200, 200), self.random.randint(-150, 150)), steps=2)

    def setting(self) -> None:
        from engine.model.edits import SetField

        path = self.random.choice((("title",), ("desc",), ("x", "y"), ("list", 0)))
        try:
            edit = SetField(self.random.choice(list(self.document.graph.nodes)), path, self.random.randint(0, 9))
            self.hand.commands.submit(edit, "Edit")
        except Exception as error:
            if getattr(error, "code", "") != "model.bad_path":
                raise

    def delete(self) -> None:
        self.view.select(self.some(12))
        self.view.delete_selection()

    def copy_and_paste(self) -> None:
        self.view.select(self.some())
        if self.view.copy():
            self.view.paste((self.random.randint(0, 1500), self.random.randint(0, 900)))

    def duplicate(self) -> None:
        self.view.select(self.some(3))
        self.view.duplicate()

    def insert(self) -> None:
        edges = list(self.document.graph.edges)
        if edges:
            self.view.edits.insert_on_edge(self.random.choice(edges), self.random.choice(("code", "llm", "if-else")))


def play(actions: int, seed: int) -> tuple[Counter[str], int]:
    """Play, then check that undo and redo lead to both ends. Gives what was done and the steps that could be undone."""
    player = Player(seed)
    document = player.document
    first = document.workflow.to_json()
    player.view.edits.confirm = lambda *_: True
    try:
        for _ in range(actions):
            player.step()
        while document.redo():
            pass
        last = document.workflow.to_json()
        steps = 0
        while document.undo():
            steps += 1
        assert document.workflow.to_json() == first, "undoing everything does not give the beginning"
        while document.redo():
            pass
        assert document.workflow.to_json() == last, "redoing everything does not give the end"
    finally:
        player.hand.close()
    return player.done, steps


def main() -> int:
    """Play and print the figures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("PENSTOCK_NO_MOTION", "1")
    from editor.app import make_application

    make_application(["penstock"])
    actions = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    begin = time.perf_counter()
    done, steps = play(actions, seed)
    print(
        f"{sum(done.values())} actions, seed {seed}: {steps} steps undone to the beginning and redone to the end, ",
        end="",
    )
    print(f"{time.perf_counter() - begin:.0f} s; {dict(done.most_common())}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
