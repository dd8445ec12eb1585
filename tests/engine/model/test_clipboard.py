"""Texts of the web editor are pasted whole; what is copied here is what it reads; anything else does no harm."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.dsl.read import read
from engine.dsl.write import write
from engine.errors import UserError
from engine.model.clipboard import Pasted, copy_nodes, paste_nodes
from engine.model.graph import Graph
from engine.model.scope import dangling
from engine.model.workflow import AppInfo, Variable, Workflow
from tests.helpers.dify_clipboard import CLOCK, clipboard, iteration, web_edge, web_node
from tests.helpers.model import CORPUS, made, node

EMPTY = Workflow(app=AppInfo(name="test", mode="workflow"))


def pasted(text: str, workflow: Workflow = EMPTY, **more: Any) -> tuple[Workflow, Pasted]:
    found = paste_nodes(workflow.graph, workflow.mode, text, 1000, 2000, **more)
    return found.edit(workflow.graph).apply(workflow)[0], found


def by_title(workflow: Workflow) -> dict[str, Any]:
    return {n.title or n.type: n for n in workflow.graph.nodes.values()}


# -- what the web editor writes ----------------------------------------------------------------------------------------


@pytest.mark.spec("editor.20", "editor.21", "editor.22")
@pytest.mark.parametrize("start", [True, False])
def test_a_container_of_the_web_editor_arrives_with_all_that_is_in_it(start: bool) -> None:
    nodes, edges = iteration(start=start)
    workflow, found = pasted(clipboard(nodes, edges))

    here = by_title(workflow)
    code, each, ask, say, begin = (here[t] for t in ("List", "Each", "Ask", "Say", "iteration-start"))
    assert (found.damaged, found.refused, found.mended, found.version) == (0, 0, 0, "")
    assert found.tops == (code.id, each.id)
    assert (code.x, code.y, each.x, each.y) == (1000, 2000, 1320, 2000)
    assert (ask.x, ask.y, say.x, say.y, begin.x, begin.y) == (128, 68, 432, 68, 24, 68)
    assert [n.parent for n in (code, each, ask, say, begin)] == [None, None, each.id, each.id, each.id]
    assert not {n["id"] for n in nodes} & set(workflow.graph.nodes), "every id is new"
    assert each.data["start_node_id"] == begin.id
    assert each.data["iterator_selector"] == [code.id, "items"]
    assert each.data["output_selector"] == [say.id, "output"]
    assert ask.data["prompt_template"][0]["text"] == f"{{{{#{each.id}.item#}}}} of {{{{#{code.id}.items#}}}}"
    assert say.data["variables"][0]["value_selector"] == [ask.id, "text"]
    assert {ask.data["iteration_id"], say.data["iteration_id"]} == {each.id}
    links = {(e.source, e.target): e for e in workflow.graph.edges.values()}
    assert set(links) == {(code.id, each.id), (begin.id, ask.id), (ask.id, say.id)}
    assert links[begin.id, ask.id].data["iteration_id"] == each.id
    assert not dangling(workflow)
    assert not any(k.startswith("_") for n in workflow.graph.nodes.values() for k in n.data), (
        "marks of a running editor"
    )
    assert not any(n.data.get("selected") or n.extras.get("selected") for n in workflow.graph.nodes.values())
    again = read(write(workflow))
    assert again.workflow is not None
    assert again.workflow.graph == workflow.graph
    assert not again.notices


def test_a_start_that_nothing_names_leads_to_the_only_first_step() -> None:
    nodes, edges = iteration(start=False, edges=False)
    workflow, _ = pasted(clipboard(nodes, [*edges, web_edge(nodes[2]["id"], nodes[3]["id"])]))

    here = by_title(workflow)
    begin = here["iteration-start"]
    assert [e.target for e in workflow.graph.out_edges(begin.id)] == [here["Ask"].id]

    alone, _ = pasted(clipboard(nodes, edges))  # two steps that nothing leads to: nobody can tell which is first
    assert not alone.graph.out_edges(by_title(alone)["iteration-start"].id)


def test_a_child_alone_becomes_a_node_of_the_canvas() -> None:
    nodes, _ = iteration(start=False)
    workflow, found = pasted(clipboard([nodes[2]]))

    (ask,) = workflow.graph.nodes.values()
    assert (ask.parent, ask.x, ask.y, found.damaged) == (None, 1000, 2000, 0)
    assert not {"iteration_id", "isInIteration", "isInLoop"} & set(ask.data)
    assert "extent" not in ask.extras


@pytest.mark.spec("editor.21")
@pytest.mark.parametrize(
    ("version", "told"), [(1, ""), ("0.6.0", ""), (2, "2"), ("0.1.2", "0.1.2"), (None, "None"), (True, "True")]
)
def test_versions(version: Any, told: str) -> None:
    workflow, found = pasted(clipboard([web_node(1, "code", 0, 0)], version=version))

    assert len(workflow.graph.nodes) == 1
    assert found.version == told


def test_unknown_types_are_kept_and_types_of_another_app_left_out() -> None:
    text = clipboard([web_node(1, "telepathy", 0, 0, wave=[1]), web_node(2, "answer", 300, 0)])
    workflow, found = pasted(text)

    (kept,) = workflow.graph.nodes.values()
    assert (kept.type, kept.data["wave"], found.refused) == ("telepathy", [1], 1)


def test_a_second_start_is_one_too_many() -> None:
    text = clipboard([web_node(n, "start", 0, 100 * n) for n in range(3)])
    workflow, found = pasted(text)
    assert (len(workflow.graph.nodes), found.refused) == (1, 2)

    _, found = pasted(text, workflow)
    assert (found.nodes, found.refused) == ((), 3)


def test_secrets_are_not_carried_along() -> None:
    workflow = made([node("1", "http-request", title="Call", headers="X-Key: {{#env.KEY#}}")])
    workflow = Workflow(
        app=workflow.app,
        graph=workflow.graph,
        environment_variables=(Variable("k", "KEY", "secret", "sk-very-secret"),),
        conversation_variables=(Variable("c", "note", "string", "private words"),),
    )
    text = copy_nodes(workflow.graph, ["1"])

    assert "sk-very-secret" not in text
    assert "private words" not in text
    elsewhere, _ = pasted(text)
    assert [(d.reference.selector, d.reason) for d in dangling(elsewhere)] == [(("env", "KEY"), "no_variable")]


# -- what is written here ----------------------------------------------------------------------------------------------


def web_editor_takes(text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The nodes and edges that the web editor's own checks let through (its `utils/clipboard.ts`)."""
    tree = json.loads(text)
    assert tree["kind"] == "dify-workflow-clipboard"
    assert type(tree["version"]) is int
    assert isinstance(tree["nodes"], list)
    assert isinstance(tree["edges"], list)
    nodes = [
        n
        for n in tree["nodes"]
        if isinstance(n.get("id"), str)
        and isinstance(n.get("type"), str)
        and isinstance(n.get("data"), dict)
        and isinstance(n.get("position"), dict)
        and all(math.isfinite(n["position"].get(axis, math.nan)) for axis in "xy")
    ]
    edges = [e for e in tree["edges"] if all(isinstance(e.get(k), str) for k in ("id", "source", "target"))]
    return nodes, edges


@pytest.mark.spec("editor.20", "editor.21")
def test_the_web_editor_takes_what_is_copied_here() -> None:
    workflow, _ = pasted(clipboard(*iteration(start=True)))
    here = by_title(workflow)
    each = here["Each"]
    text = copy_nodes(workflow.graph, [n.id for n in workflow.graph.nodes.values()])
    nodes, edges = web_editor_takes(text)

    assert [n["data"].get("title") for n in nodes] == ["List", "Each", "", "Ask", "Say"]
    assert len(edges) == 3
    ask = next(n for n in nodes if n["data"]["title"] == "Ask")
    assert (ask["type"], ask["parentId"], ask["position"]) == ("custom", each.id, {"x": 128, "y": 68})
    assert ask["positionAbsolute"] == {"x": 1448, "y": 2068}
    assert {"sourceHandle", "targetHandle", "type", "zIndex", "data"} <= set(edges[0])
    assert not any(k.startswith("_") for n in nodes for k in n["data"])

    nodes, _ = web_editor_takes(copy_nodes(workflow.graph, [here["Ask"].id]))
    assert "parentId" not in nodes[0]
    assert "iteration_id" not in nodes[0]["data"]
    assert nodes[0]["position"] == nodes[0]["positionAbsolute"] == {"x": 1448, "y": 2068}


@pytest.mark.corpus
@pytest.mark.parametrize("file", sorted(CORPUS.rglob("*.y*ml")), ids=lambda f: f.name)
def test_a_real_file_is_copied_and_pasted_with_nothing_lost(file: Path) -> None:
    workflow = read(file.read_bytes()).workflow
    text = copy_nodes(workflow.graph, list(workflow.graph.nodes)) if workflow is not None else ""
    if not text:
        return
    assert workflow is not None
    graph = workflow.graph
    nodes, edges = web_editor_takes(text)
    found = paste_nodes(graph, workflow.mode, text, 0, 0)

    assert (found.damaged, found.refused) == (0, 0)
    assert (len(found.nodes), len(found.edges)) == (len(nodes), len(edges))
    after, undo = found.edit(graph).apply(workflow)
    assert undo.apply(after)[0].graph == graph


# -- what harms nobody -------------------------------------------------------------------------------------------------


def refused(text: str) -> str:
    with pytest.raises(UserError) as refusal:
        paste_nodes(Graph(), "workflow", text, 0, 0)
    return refusal.value.code


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "{" * 100_000,
        "null",
        "5",
        '{"kind": "dify-workflow-clipboard", "version": 1}',
        clipboard([]).replace('"nodes": []', '"nodes": {}'),
        clipboard([]).replace('"nodes": []', '"nodes": "abc"'),
        clipboard([]).replace('"nodes": []', '"nodes": 7'),
        clipboard([web_node(1, "code", 0, 0)]).replace("dify-workflow-clipboard", "other"),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    assert refused(text) == "clipboard.no_nodes"


def test_too_much_is_refused() -> None:
    assert refused(clipboard([web_node(1, "code", 0, 0, code="x" * 11_000_000)])) == "clipboard.too_large"
    assert refused(clipboard([{}] * 6_000)) == "clipboard.too_large"


def deep(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = [value]
    return value


def spoiled(**change: Any) -> dict[str, Any]:
    return {**web_node(2, "code", 300, 0), **change}


@pytest.mark.spec("editor.21")
@pytest.mark.parametrize(
    "entry",
    [
        None,
        5,
        "text",
        [],
        {},
        spoiled(id=7),
        spoiled(id=""),
        spoiled(id=str(CLOCK + 1)),  # there already
        spoiled(data=None),
        spoiled(data=[]),
        spoiled(data={"type": 5}),
        spoiled(position=None),
        spoiled(position={"x": "left", "y": 0}),
        spoiled(position={"x": True, "y": 0}),
        spoiled(position={"x": math.nan, "y": 0}),
        spoiled(position={"x": math.inf, "y": 0}),
        spoiled(position={"x": 1e300, "y": 0}),
        spoiled(position={"x": 10**400, "y": 0}),
        spoiled(data={"type": "code", "outputs": deep(500)}),
        spoiled(data={"type": "iteration-start"}),  # without its container
    ],
)
def test_a_damaged_node_is_left_out_and_counted(entry: Any) -> None:
    workflow, found = pasted(clipboard([web_node(1, "code", 0, 0, title="Sound"), entry]))

    assert [n.title for n in workflow.graph.nodes.values()] == ["Sound"]
    assert found.damaged == 1
    write(workflow)


@pytest.mark.spec("editor.21")
@pytest.mark.parametrize(
    "edges",
    [
        [None],
        ["x"],
        [{"source": "1"}],
        [web_edge(str(CLOCK + 1), "gone")],
        [{**web_edge(str(CLOCK + 1), str(CLOCK + 2)), "source": [1]}],
        [web_edge(str(CLOCK + 1), str(CLOCK + 1))],
        [web_edge(str(CLOCK + 1), str(CLOCK + 4))],  # over the border of the loop
        [web_edge(str(CLOCK + 1), str(CLOCK + 5))],  # to a note
    ],
)
def test_a_damaged_edge_is_left_out_and_counted(edges: list[Any]) -> None:
    room = str(CLOCK + 3)
    nodes = [
        web_node(1, "code", 0, 0),
        web_node(2, "code", 300, 0),
        web_node(3, "loop", 600, 0),
        web_node(4, "code", 100, 80, parent=room),
        {**web_node(5, "", 0, 300), "type": "custom-note"},
    ]
    workflow, found = pasted(clipboard(nodes, edges))

    assert found.damaged == 1
    inner = [e for e in workflow.graph.edges.values() if workflow.graph.nodes[e.target].parent is None]
    assert not inner


def test_edges_never_run_twice_or_in_a_circle() -> None:
    one, two = str(CLOCK + 1), str(CLOCK + 2)
    nodes = [web_node(1, "code", 0, 0), web_node(2, "code", 300, 0)]
    workflow, found = pasted(clipboard(nodes, [web_edge(one, two), web_edge(one, two), web_edge(two, one)]))

    assert len(workflow.graph.edges) == 1
    assert found.damaged == 2


def looped() -> list[dict[str, Any]]:
    first, second = str(CLOCK + 1), str(CLOCK + 2)
    return [web_node(1, "loop", 0, 0, parent=second), web_node(2, "loop", 0, 0, parent=first)]


def itself() -> list[dict[str, Any]]:
    return [web_node(1, "loop", 0, 0, parent=str(CLOCK + 1))]


def in_a_code_node() -> list[dict[str, Any]]:
    return [web_node(1, "code", 0, 0), web_node(2, "code", 300, 0, parent=str(CLOCK + 1))]


@pytest.mark.parametrize("make", [looped, itself, in_a_code_node])
def test_nodes_never_stand_in_each_other(make: Callable[[], list[dict[str, Any]]]) -> None:
    workflow, _ = pasted(clipboard(make()))

    nodes = workflow.graph.nodes
    for each in nodes.values():
        assert each.parent is None or nodes[each.parent].is_container
        assert each.id not in workflow.graph.ancestors(each.id)
        assert math.isfinite(sum(workflow.graph.absolute(each.id)))
    write(workflow)


def test_values_that_no_file_can_hold() -> None:
    text = clipboard([web_node(1, "code", 0, 0, title="T", code="a", limit=1e999, deep=[{"n": math.nan}])])
    text = text.replace('"code": "a"', '"code": "\\ud800 and \\ud83d\\ude00"').replace("Infinity", "1e999")
    workflow, _ = pasted(text)

    (only,) = workflow.graph.nodes.values()
    assert only.data["code"] == "� and 😀"
    assert (only.data["limit"], only.data["deep"]) == (None, [{"n": None}])
    again = read(write(workflow))
    assert again.workflow is not None
    assert again.workflow.graph == workflow.graph


def test_unusable_settings_get_those_of_a_fresh_node_and_odd_ones_stay() -> None:
    text = clipboard(
        [web_node(1, "http-request", 0, 0, title=["x"], url=None, variables=False, headers="A: b", timeout=60)]
    )
    workflow, found = pasted(text)

    (only,) = workflow.graph.nodes.values()
    assert (only.data["url"], only.data["variables"]) == ("", [])
    assert (only.data["headers"], only.data["timeout"]) == ("A: b", 60), "older files say it so"
    assert found.mended == 3


def test_sizes_are_those_of_a_canvas() -> None:
    text = clipboard([{**web_node(1, "loop", 0, 0, width=1e12, height="tall"), "width": 1e12, "height": -5}])
    workflow, _ = pasted(text)

    room = next(n for n in workflow.graph.nodes.values() if n.type == "loop")
    assert (room.width, room.height) == (None, None)
    assert not {"width", "height"} & set(room.data)


@pytest.mark.spec("editor.23")
def test_five_thousand_nodes_have_ids_and_titles_of_their_own() -> None:
    workflow, found = pasted(clipboard(web_node(n, "code", n, 0, title="Code") for n in range(5_000)))

    assert len(workflow.graph.nodes) == len(found.tops) == 5_000
    assert len({n.title for n in workflow.graph.nodes.values()}) == 5_000


@pytest.mark.spec("editor.20")
def test_a_container_in_a_container_arrives_whole() -> None:
    flow = made(
        [
            node("outer", "iteration", start_node_id="first"),
            node("first", "iteration-start", parent="outer"),
            node("inner", "loop", x=200, parent="outer", title="Inner", start_node_id="second"),
            node("second", "loop-start", parent="inner"),
            node("step", "code", x=100, parent="inner", title="Step"),
        ],
        [("first", "inner"), ("second", "step")],
    )
    workflow, found = pasted(copy_nodes(flow.graph, ["outer"]))
    here = {n.type: n for n in workflow.graph.nodes.values()}
    around = {n.type: workflow.graph.nodes[n.parent].type if n.parent else "" for n in here.values()}
    assert around == {
        "iteration": "",
        "iteration-start": "iteration",
        "loop": "iteration",
        "loop-start": "loop",
        "code": "loop",
    }
    assert here["loop"].data["start_node_id"] == here["loop-start"].id
    assert {(e.source, e.target) for e in workflow.graph.edges.values()} == {
        (here["iteration-start"].id, here["loop"].id),
        (here["loop-start"].id, here["code"].id),
    }
    assert (found.damaged, found.refused) == (0, 0)
    assert read(write(workflow)).workflow is not None


@pytest.mark.spec("editor.20")
def test_what_only_a_conversation_has_is_marked_in_another_kind_of_app() -> None:
    says = [{"role": "user", "text": "{{#sys.query#}} {{#sys.files#}}"}]
    flow = made(
        [
            node("s", "start"),
            node(
                "ask",
                "llm",
                prompt_template=says,
                vision={"enabled": True, "configs": {"variable_selector": ["s", "sys.query"]}},
            ),
            node("say", "answer", answer="{{#ask.text#}}"),
        ],
        [("s", "ask"), ("ask", "say")],
        mode="advanced-chat",
    )
    assert not dangling(flow)
    text = copy_nodes(flow.graph, ["s", "ask", "say"])
    workflow, found = pasted(text)
    assert [n.type for n in workflow.graph.nodes.values()] == ["llm"]
    assert found.refused == 1
    left = [(d.reference.selector, d.reason) for d in dangling(workflow)]
    assert left == [(("sys", "query"), "no_variable"), (("s", "sys.query"), "no_node")]
    begun, _ = pasted(text, made([node("s", "start")], mode="workflow"))
    assert ("s", "sys.query") in [d.reference.selector for d in dangling(begun)]
    back, _ = pasted(text, Workflow(app=AppInfo(name="test", mode="advanced-chat")))
    assert [d.reference.selector for d in dangling(back)] == [("s", "sys.query")]
