"""The scene follows deltas: after any edits it equals a scene that was loaded afresh."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from editor.canvas.index import Box, SpatialIndex
from editor.canvas.routes import fan, route
from editor.canvas.scene import CanvasScene
from engine.model.document import Document
from engine.model.edits import (
    AddEdge,
    AddNode,
    Group,
    MoveNodes,
    RemoveEdge,
    RemoveNode,
    ResizeNode,
    SetField,
    SetParent,
)
from engine.model.factory import new_edge
from engine.model.graph import Graph
from tests.helpers.canvas import IF_ELSE, document_of, graph_of, node


def assert_same(followed: CanvasScene, graph: Graph) -> None:
    fresh = CanvasScene()
    fresh.load(graph)
    assert followed.items.keys() == fresh.items.keys()
    for node_id, item in fresh.items.items():
        mine = followed.items[node_id]
        assert (mine.box, mine.kind, mine.content, mine.depth, mine.parent, mine.order) == (
            item.box,
            item.kind,
            item.content,
            item.depth,
            item.parent,
            item.order,
        )
        assert followed.index.box(node_id) == item.box
    assert followed.edges.keys() == fresh.edges.keys()
    for edge_id, edge in fresh.edges.items():
        assert followed.edges[edge_id].route == edge.route
        assert followed.edge_index.box(edge_id) == edge.route.box
        assert (followed.edges[edge_id].depth, followed.edges[edge_id].fail) == (edge.depth, edge.fail)


def assert_follows(followed: CanvasScene, graph: Graph) -> None:
    """The same, of a scene that nobody paints: what is kept as a picture is what the card said then."""
    assert_same(followed, graph)
    for item in followed.items.values():
        assert item.drawing in (None, item.content), "a picture that is kept shows what the card says now"
        item.drawing = item.content


def watched(document: Document) -> CanvasScene:
    scene = CanvasScene()
    scene.load(document.graph)
    document.subscribe(lambda delta: scene.update(document.graph, delta) and None)
    return scene


def start_graph() -> Graph:
    return graph_of(
        node("start", 0, 0, "start", variables=[{"variable": "x", "type": "text-input"}]),
        node("if", 300, 0, "if-else", **IF_ELSE),
        node("a", 700, 0, "llm"),
        node("b", 700, 140, "answer", answer="{{#start.x#}} said"),
        node("c", 700, 200),
        node("room", 1100, 0, "loop", width=560, height=320),
        node("in", 120, 90, parent="room"),
        node("note", 0, 400, "note", width=200, height=100, text="hi"),
        edges=(("start", "if"), ("if", "true", "a"), ("if", "false", "b"), ("a", "room"), ("b", "room")),
    )


def random_edit(graph: Graph, rng: random.Random, number: int) -> object:
    nodes = list(graph.nodes.values())
    pick = rng.choice(nodes) if nodes else None
    kind = rng.randrange(9)
    if pick is None or kind == 0:
        made = node(f"n{number}", rng.randrange(0, 1500), rng.randrange(0, 700), rng.choice(["code", "llm", "if-else"]))
        return AddNode(made)
    if kind == 1:
        return RemoveNode(pick.id)
    if kind == 2:
        chosen = rng.sample(nodes, min(len(nodes), 3))
        return MoveNodes({n.id: (n.x + rng.randrange(-200, 200), n.y + rng.randrange(-80, 80)) for n in chosen})
    if kind == 3:
        return SetField(pick.id, ("title",), f"title {number}")
    if kind == 4:
        return SetField(pick.id, ("error_strategy",), rng.choice(["fail-branch", "none"]))
    if kind == 5 and len(nodes) > 1:
        source, target = rng.sample(nodes, 2)
        edge = new_edge(source, rng.choice(["source", "true", "false"]), target, graph)
        return AddEdge(edge)
    if kind == 6 and graph.edges:
        return RemoveEdge(rng.choice(list(graph.edges)))
    if kind == 7 and pick.is_container:
        return ResizeNode(pick.id, 400 + rng.randrange(300), 260 + rng.randrange(200), pick.x + 5, pick.y)
    rooms = [n.id for n in nodes if n.is_container]
    if rooms and not pick.is_container and not pick.is_note:
        return SetParent(pick.id, rng.choice([None, rng.choice(rooms)]), rng.randrange(20, 300), rng.randrange(70, 200))
    return SetField(pick.id, ("desc",), f"words {number}")


@pytest.mark.parametrize("seed", range(12))
def test_following_edits_and_undo_equals_loading_afresh(seed: int) -> None:
    rng = random.Random(seed)
    document = document_of(start_graph())
    scene = watched(document)
    for number in range(40):
        edit = random_edit(document.graph, rng, number)
        document.apply(edit if rng.random() < 0.8 else Group("", (edit,)))  # type: ignore[arg-type]
        if rng.random() < 0.25:
            document.undo()
        if number % 8 == 7:
            assert_follows(scene, document.graph)
    document.go_to(0)
    assert_follows(scene, start_graph())


def test_a_rename_redraws_the_cards_that_show_the_title() -> None:
    document = document_of(start_graph())
    scene = watched(document)
    before = scene.items["b"].full
    document.apply(SetField("start", ("title",), "Begin"))
    assert scene.items["b"].full != before
    assert any(part.prefix == "Begin" for row in scene.items["b"].full.rows for part in row.parts)


def test_a_card_leaves_rows_out_before_it_reaches_into_the_next_one_below() -> None:
    crowded = graph_of(
        node("upper", 0, 0, "llm", model={"name": "m"}, prompt_template=[{"role": "user", "text": "Say it"}]),
        node("lower", 0, 90),
    )
    document = document_of(crowded)
    scene = watched(document)
    assert scene.items["upper"].box.bottom <= 90
    assert len(scene.items["upper"].content.rows) < len(scene.items["upper"].full.rows)
    document.apply(MoveNodes({"lower": (0, 400)}))
    assert scene.items["upper"].content == scene.items["upper"].full


def test_heights_never_come_from_the_file() -> None:
    scene = CanvasScene()
    scene.load(graph_of(node("a", 0, 0, width=999, height=777)))
    box = scene.items["a"].box
    assert (box.width, box.height) == (240, scene.items["a"].content.height)


def test_odd_sizes_parents_and_data_can_be_shown() -> None:
    scene = CanvasScene()
    scene.load(
        graph_of(
            node("a", 0, 0, "llm", model="text", prompt_template=7),
            node("b", 0, 0, "if-else", cases=[1, None, {"case_id": 3}], parent="nowhere"),
            node("c", 0, 0, "loop", width=None, height=None),
            node("d", 0, 0, "strange-type", one={"x": 1}, two=[1, 2], three="text"),
            node("e", 0, 0, ""),
            node("f", 0, 0, "http-request", url=None, method=4),
            node("g", 0, 0, "question-classifier", classes="none", model={}),
            node("h", 0, 0, "end", outputs={"a": 1}),
        )
    )
    assert len(scene.items) == 8
    assert scene.items["d"].content.unknown
    assert scene.items["d"].content.rows[0].parts[0].text == "strange-type"


# -- the index and the routes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_index_finds_what_a_plain_scan_finds(seed: int) -> None:
    rng = random.Random(seed)
    index = SpatialIndex(100.0)
    boxes: dict[str, Box] = {}
    for number in range(300):
        x, y = rng.uniform(-2000, 2000), rng.uniform(-2000, 2000)
        box = Box(x, y, x + rng.uniform(1, 400), y + rng.uniform(1, 400))
        name = f"k{rng.randrange(120)}"
        if rng.random() < 0.2:
            index.drop(name)
            boxes.pop(name, None)
        else:
            index.put(name, box)
            boxes[name] = box
        if number % 20 == 0:
            x, y = rng.uniform(-2000, 2000), rng.uniform(-2000, 2000)
            area = Box(x, y, x + rng.uniform(1, 3000), y + rng.uniform(1, 3000))
            assert sorted(index.query(area)) == sorted(k for k, b in boxes.items() if b.touches(area))


def test_edges_leave_and_enter_horizontally() -> None:
    for end in ((500, 80), (-400, 300), (20, -200)):
        course = route(0, 0, *end, Box(-240, -26, 0, 60), Box(end[0], end[1] - 26, end[0] + 240, end[1] + 60))
        first, last = course.pieces[0], course.pieces[-1]
        assert first[3] == first[1]
        assert first[2] > first[0]
        assert last[5] == last[7]
        assert last[4] < last[6]
        for before, after in pairwise(course.pieces):
            assert before[6:] == after[:2]


def test_an_edge_that_goes_back_runs_between_the_cards() -> None:
    source, target = Box(0, 0, 240, 100), Box(0, 200, 240, 300)
    course = route(240, 26, 0, 226, source, target)
    inner = [(x, y) for x, y in course.points if 10 < x < 230]
    assert inner
    assert all(100 < y < 200 for _, y in inner)


def test_edges_of_one_socket_are_fanned_six_apart() -> None:
    scene = CanvasScene()
    scene.load(
        graph_of(
            node("a", 0, 0),
            node("b", 0, 200),
            node("c", 0, 400),
            node("t", 600, 200),
            edges=(("a", "t"), ("b", "t"), ("c", "t")),
        )
    )
    ends = [scene.edges[e].route.y2 for e in scene.edges]
    assert [round(b - a, 3) for a, b in pairwise(ends)] == [6, 6]
    assert fan(1) == [0.0]
    assert max(fan(40)) - min(fan(40)) <= 18.001
