"""Plays random editing on a real canvas and takes all of it back: `python -m tests.fuzz_editing [actions] [seed]`.

The same seed plays the same actions. After the last one, undoing everything must give the graph of the beginning and
redoing everything the graph of the end; what was journalled on the way gives the graph of the end too; the scene is at
every moment the one that would be built from the graph as it stands. On the way nothing may raise.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from editor.canvas.commands import BlockRequest
from editor.canvas.inserting import Piece
from engine.model.clipboard_read import read_clipboard
from engine.model.containers import may_connect
from engine.model.document import Document
from engine.model.edits import (
    AddEdge,
    Edit,
    Group,
    ReconnectEdge,
    ReplaceWorkflow,
    ResizeNode,
    SetApp,
    SetFeature,
    SetField,
    SetVariables,
    edit_from_json,
)
from engine.model.factory import new_edge
from engine.model.refs import rename_variable
from engine.model.workflow import Variable
from tests.editor.canvas.test_scene import assert_same

MOST_NODES = 60
NOTE_THEMES = ("blue", "cyan", "green", "yellow", "pink", "violet")


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
        self.view.edits.confirm = lambda *_: True
        self.first = self.document.workflow
        self.types = sorted(t for t, s in SPECS.items() if "workflow" in s.modes and not s.undeletable)
        self.done: Counter[str] = Counter()
        self.snippets: list[Piece] = []

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
            "insert snippet": self.insert_snippet,
            "distribute": lambda: (self.view.select(self.some()), self.view.distribute("horizontal")),
            "change type": self.change_type,
            "move in": self.move_in,
            "move out": lambda: self.view.edits.change_room(self.inner(), None),
            "connect to": self.connect_to,
            "reconnect": self.reconnect,
            "cut": self.cut,
            "paste foreign": self.paste_foreign,
            "rename": self.rename,
            "rename variable": self.rename_variable,
            "note": self.note,
            "resize": self.resize,
            "variables": self.variables,
            "features": self.features,
            "app": self.app,
            "import": self.import_over,
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

    def check(self) -> None:
        """Edges have ends, children have containers, and the scene that followed every edit is the one that is
        built from the graph as it stands now."""
        graph, scene = self.document.graph, self.view.scene
        for edge in graph.edges.values():
            assert edge.source in graph.nodes, edge
            assert edge.target in graph.nodes, edge
        for node in graph.nodes.values():
            assert node.parent is None or graph.nodes[node.parent].is_container, node
        assert_same(scene, graph)

    # -- newer actions -----------------------------------------------------------------------------------------------

    def any_node(self) -> str:
        return self.random.choice(list(self.document.graph.nodes))

    def inner(self) -> list[str]:
        """Some nodes of one container."""
        rooms = [r for r in self.rooms() if self.document.graph.children(r)]
        if not rooms:
            return []
        children = [n.id for n in self.document.graph.children(self.random.choice(rooms))]
        return self.random.sample(children, self.random.randint(1, len(children)))

    def submit(self, edit: Edit, label: str, merge_key: str | None = None) -> None:
        self.hand.commands.submit(edit, label, merge_key)

    def change_type(self) -> None:
        self.view.edits.change_type(self.any_node(), self.random.choice(self.types))

    def move_in(self) -> None:
        if rooms := self.rooms():
            self.view.edits.change_room(self.some(3), self.random.choice(rooms))

    def connect_to(self) -> None:
        """Any handle to any node; most of these connections are refused."""
        from engine.nodes.registry import spec

        node = self.document.graph.nodes[self.any_node()]
        found = spec(node.type)
        handles = [h.id for h in found.handles(node.data)] if found is not None else []
        if handles:
            self.view.edits.connect(node.id, self.random.choice(handles), self.any_node())

    def reconnect(self) -> None:
        """An edge leads to another node."""
        graph = self.document.graph
        if not graph.edges:
            return
        edge = graph.edges[self.random.choice(list(graph.edges))]
        target = self.any_node()
        if self.view.rules.may_connect(edge.source, edge.source_handle, target, instead_of=edge.id):
            return
        self.submit(ReconnectEdge(edge.id, edge.source, edge.source_handle, target), "Reconnect")

    def cut(self) -> None:
        self.view.select(self.some(2))
        if self.view.cut() and self.random.random() < 0.7:
            self.view.paste((self.random.randint(0, 1500), self.random.randint(0, 900)))

    def paste_foreign(self) -> None:
        """What the editor of the format would put on the clipboard, at times damaged, at times into a container."""
        nodes: list[Any] = [
            {
                "id": f"17000000{n:05}",
                "type": "custom",
                "position": {"x": 300 * n, "y": 0},
                "data": {"type": kind, "title": kind, "desc": "", "selected": n == 0},
            }
            for n, kind in enumerate(self.random.sample(("llm", "code", "http-request", "answer", "tool", "loop"), 3))
        ]
        edges = [{"id": "e", "source": nodes[0]["id"], "target": nodes[1]["id"], "sourceHandle": "source"}]
        if self.random.random() < 0.3:
            nodes.append(self.random.choice(({"broken": True}, "text", {**nodes[0], "data": None})))
        self.view.select(self.some(1))
        held = {"kind": "dify-workflow-clipboard", "version": self.random.choice((1, 1, 2))}
        text = json.dumps({**held, "nodes": nodes, "edges": edges})
        self.view.edits.paste_text(text, (self.random.randint(0, 1500), self.random.randint(0, 900)))

    def insert_snippet(self) -> None:
        """Some nodes are kept as a snippet, and one that was kept before is put somewhere: on the canvas, into a
        container, into an edge, behind a socket, before a node, or with the pointer."""
        text = self.view.rules.clipboard_text(self.some(5))
        if text:
            piece = Piece(f"snippet {self.random.random()}", read_clipboard(text, "workflow"))
            self.snippets = [*self.snippets[-9:], piece]
        if not self.snippets:
            return
        before = content(self.document)
        self._put(self.random.choice(self.snippets))
        after = content(self.document)
        if after != before:
            self.document.undo()
            assert content(self.document) == before, "undoing a snippet once does not give the graph before it"
            self.document.redo()
            assert content(self.document) == after, "redoing a snippet does not give it back"

    def _put(self, piece: Piece) -> None:
        graph = self.document.graph
        x, y = self.random.randint(-500, 2000), self.random.randint(-500, 1500)
        room = self.random.choice([None, *self.rooms()])
        exact = self.random.random() < 0.5
        way = self.random.choice(("free", "edge", "after", "before", "pointer"))
        if way == "pointer":
            self.view.rules.piece = lambda _block: piece
            self.view.start_ghost("snippet:any")
            at = self.hand.at_node(self.any_node(), 20, self.random.choice((16, 300)))
            self.hand.hover(at)
            if self.random.random() < 0.3:
                self.view.cancel_gesture()
            else:
                self.hand.click(at)
        elif way == "edge" and graph.edges:
            edge = self.random.choice(list(graph.edges))
            if self.random.random() < 0.5:
                self.view.edits.place_piece(BlockRequest(x, y, 1, 1, edge_id=edge), piece)
            else:
                parent = graph.nodes[graph.edges[edge].source].parent
                self.view.edits.insert_piece(piece, x, y, container=parent, split=edge)
        elif way in ("after", "before"):
            node = graph.nodes[self.any_node()]
            end = {"source_node": node.id, "source_handle": "source"} if way == "after" else {"target_node": node.id}
            if not node.is_note and (way == "after" or not node.is_container_start):
                self.view.edits.place_piece(BlockRequest(x, y, 1, 1, exact=exact, **end), piece)
        else:
            self.view.edits.insert_piece(piece, x, y, container=room)

    def rename(self) -> None:
        """A title typed letter by letter: one step."""
        node = self.any_node()
        self.document.end_merge()
        for length in range(1, 4):
            self.submit(SetField(node, ("title",), "abc"[:length]), "Rename", f"title {node}")

    def rename_variable(self) -> None:
        """An output is read elsewhere, then its name changes and every use follows, in one step."""
        one, other = self.any_node(), self.any_node()
        graph = self.document.graph
        if graph.nodes[other].type == "note" or graph.nodes[one].type == "note":
            return
        self.submit(SetField(other, ("desc_text",), f"reads {{{{#{one}.out#}}}}"), "Edit")
        group = rename_variable(self.document.workflow, one, "out", f"out{self.random.randint(0, 9)}")
        self.submit(Group("Rename", (*group.edits, SetField(one, ("renamed",), 1))), "Rename")

    def note(self) -> None:
        """A note is placed, written, given another colour or size."""
        notes = [n.id for n in self.document.graph.nodes.values() if n.is_note]
        if not notes or self.random.random() < 0.3:
            self.view.edits.add_node("note", self.random.randint(-500, 2000), self.random.randint(-500, 1500))
            return
        note = self.random.choice(notes)
        if self.random.random() < 0.5:
            self.view.edits.set_note_theme(note, self.random.choice(NOTE_THEMES))
        else:
            self.submit(SetField(note, ("text",), f"words {self.random.random()}"), "Edit note", f"note {note}")

    def resize(self) -> None:
        """A container or a note gets another size."""
        sized = [n for n in self.document.graph.nodes.values() if n.is_note or n.is_container]
        if sized:
            node = self.random.choice(sized)
            box = self.view.scene.items[node.id].box
            wide, high = self.random.randint(0, 200), self.random.randint(0, 200)
            self.submit(ResizeNode(node.id, box.width + wide, box.height + high), "Resize")

    def variables(self) -> None:
        """A list of variables loses one, gains one or has one changed."""
        kind = self.random.choice(("environment", "conversation"))
        workflow = self.document.workflow
        have = list(workflow.environment_variables if kind == "environment" else workflow.conversation_variables)
        name = f"v{self.random.randint(0, 6)}"
        have = [v for v in have if v.name != name]
        if self.random.random() < 0.7:
            types = ("string", "number", "secret") if kind == "environment" else ("string", "object", "array[string]")
            have.append(Variable(name, name, self.random.choice(types), self.random.randint(0, 99)))
        self.submit(SetVariables(kind, tuple(have)), "Variables")

    def features(self) -> None:
        path, value = self.random.choice(
            (
                (("opening_statement",), f"Hello {self.random.randint(0, 99)}"),
                (("suggested_questions",), ["a", "b"][: self.random.randint(0, 2)]),
                (("file_upload", "enabled"), self.random.random() < 0.5),
                (("speech_to_text",), {"enabled": True}),
            )
        )
        self.submit(SetFeature(path, value), "Features", f"feature {path[0]}")

    def app(self) -> None:
        self.submit(SetApp("name", f"name {self.random.randint(0, 99)}"), "Rename the workflow")

    def import_over(self) -> None:
        """Rarely, everything is replaced, as by an import or a restored version."""
        if self.random.random() < 0.05:
            self.submit(ReplaceWorkflow(self.first), "Restore a version")


def content(document: Document) -> dict[str, Any]:
    """All of the workflow but where one looks: that is no step, and is noted whenever the view has come to rest."""
    tree = document.workflow.to_json()
    return {**tree, "graph": {k: v for k, v in tree["graph"].items() if k != "viewport"}}


def play(actions: int, seed: int) -> tuple[Counter[str], int]:
    """Play, then check that undo and redo lead to both ends. Gives what was done and the steps that could be undone."""
    player = Player(seed)
    document = player.document
    first = content(document)
    journal: list[str] = []
    document.subscribe(lambda delta: journal.append(json.dumps(delta.edit.to_json())) if delta.edit else None)
    try:
        for number in range(actions):
            player.step()
            if number % 100 == 0:
                player.check()
        player.check()
        recovered = player.first
        for line in journal:
            recovered = edit_from_json(json.loads(line)).apply(recovered)[0]
        assert recovered.to_json() == document.workflow.to_json(), "the journal does not give the present state"
        while document.redo():
            pass
        last = content(document)
        steps = 0
        while document.undo():
            steps += 1
        assert content(document) == first, "undoing everything does not give the beginning"
        while document.redo():
            pass
        assert content(document) == last, "redoing everything does not give the end"
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
