"""New ids, nodes and workflows; copies through the clipboard."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.dsl.read import read
from engine.dsl.write import write
from engine.errors import UserError
from engine.model.clipboard import Pasted, copy_nodes, paste_nodes
from engine.model.edits import AddNode, Group
from engine.model.factory import (
    new_edge,
    new_id,
    new_nodes,
    new_note,
    new_workflow,
    unique_title,
)
from engine.model.graph import Graph
from engine.model.validate import check
from engine.model.workflow import Workflow
from engine.nodes import registry
from tests.helpers.model import made, node


def test_ids_are_thirteen_digits_and_never_twice() -> None:
    ids = [new_id() for _ in range(2_000)]

    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert all(len(i) == 13 and i.isdigit() for i in ids)


def test_titles_get_the_next_free_number() -> None:
    graph = made([node("1", "llm", title="LLM"), node("2", "llm", title="LLM 2"), node("3", "llm", title="v2")]).graph

    assert [unique_title(graph, t) for t in ("LLM", "LLM 2", "Code", "v2")] == ["LLM 3", "LLM 3", "Code", "v2 2"]


@pytest.mark.parametrize("kind", sorted(k for k, s in registry.SPECS.items() if s.selectable_in_palette))
def test_every_type_can_be_made_and_written(kind: str) -> None:
    mode = min(registry.SPECS[kind].modes)
    made_nodes = new_nodes(Graph(), mode, kind, 10, 20)

    first = made_nodes[0]
    assert (first.type, first.x, first.y, first.parent) == (kind, 10, 20, None)
    assert first.title
    assert len(made_nodes) == (2 if kind in ("iteration", "loop") else 1)
    json.dumps(Graph({n.id: n for n in made_nodes}).to_config())


def test_a_container_comes_with_its_start() -> None:
    container, start = new_nodes(Graph(), "workflow", "iteration", 0, 0)

    assert container.data["start_node_id"] == start.id == f"{container.id}start"
    assert (start.parent, start.type) == (container.id, "iteration-start")


def test_a_node_in_a_container_is_placed_in_it_and_marked() -> None:
    graph = made([node("3", "loop", x=400, y=100)]).graph
    (inside,) = new_nodes(graph, "workflow", "code", 450, 200, parent="3")

    assert (inside.x, inside.y, inside.parent, inside.data["loop_id"]) == (50, 100, "3", "3")
    edge = new_edge(graph.node("3start0"), "source", inside, graph)
    assert (edge.data["isInLoop"], edge.data["loop_id"], edge.extras["zIndex"]) == (True, "3", 1002)


def test_an_unknown_type_cannot_be_made() -> None:
    with pytest.raises(UserError):
        new_nodes(Graph(), "workflow", "nonsense", 0, 0)


def test_a_note_is_a_note() -> None:
    note = new_note(1, 2, "Hello")

    assert note.is_note
    assert json.loads(note.data["text"])["root"]["children"][0]["children"][0]["text"] == "Hello"


@pytest.mark.spec("dsl.24")
@pytest.mark.parametrize("mode", ["workflow", "advanced-chat"])
def test_a_new_workflow_is_complete_and_can_be_written_and_read(mode: str) -> None:
    workflow = new_workflow(mode, "Fresh")

    assert (workflow.mode, workflow.app.name) == (mode, "Fresh")
    assert workflow.features["retriever_resource"] == {"enabled": True}
    again = read(write(workflow))
    assert again.workflow is not None
    assert not again.notices
    assert again.workflow.graph == workflow.graph
    codes = {p.code for p in check(workflow)}
    assert codes <= {"node.model_missing", "NO_RESPONSE_NODE", "node.prompt_missing"}


# -- the clipboard -----------------------------------------------------------------------------------------------------


def flow() -> Workflow:
    nodes = [
        node("1", "start", title="Start"),
        node("2", "code", title="Code", x=100, y=50, outputs={"r": {"type": "array[string]"}}),
        node(
            "3",
            "iteration",
            title="Each",
            start_node_id="3start",
            x=400,
            y=0,
            iterator_selector=["2", "r"],
            output_selector=["4", "output"],
        ),
        node("3start", "iteration-start", parent="3", x=24, y=68),
        node(
            "4",
            "template-transform",
            title="Say",
            parent="3",
            x=100,
            y=70,
            variables=[
                {"variable": "i", "value_selector": ["3", "item"]},
                {"variable": "s", "value_selector": ["1", "q"]},
            ],
        ),
        node("5", "answer", title="Answer", x=900, y=0, answer="{{#4.output#}} {{#2.r#}} {{#1.q#}} 2"),
    ]
    return made(nodes, [("1", "2"), ("2", "3"), ("3start", "4"), ("3", "5")], mode="advanced-chat")


def pasted(
    workflow: Workflow, text: str, x: float = 0, y: float = 0, **more: Any
) -> tuple[Workflow, list[str], Pasted]:
    found = paste_nodes(workflow.graph, workflow.mode, text, x, y, **more)
    assert found.nodes
    return found.edit(workflow.graph).apply(workflow)[0], list(found.tops), found


@pytest.mark.spec("editor.20", "editor.22", "editor.23")
def test_copies_have_new_ids_and_read_each_other() -> None:
    workflow = flow()
    text = copy_nodes(workflow.graph, ["2", "3"])

    after, tops, said = pasted(workflow, text, 1000, 2000)

    code, each = (after.graph.node(i) for i in tops)
    start, say = sorted(after.graph.children(each.id), key=lambda n: n.type)
    assert (said.damaged, said.refused, said.mended, said.version) == (0, 0, 0, "")
    assert len(after.graph.nodes) == len(workflow.graph.nodes) + 4
    assert (min(code.x, each.x), min(code.y, each.y)) == (1000, 2000)
    assert (each.x - code.x, each.y - code.y) == (300, -50)
    assert each.data["iterator_selector"] == [code.id, "r"]
    assert each.data["output_selector"] == [say.id, "output"]
    assert each.data["start_node_id"] == start.id
    assert say.data["iteration_id"] == each.id
    assert say.data["variables"][0]["value_selector"] == [each.id, "item"]
    assert say.data["variables"][1]["value_selector"] == ["1", "q"]  # left behind: stays and is marked
    assert (say.x, say.y) == (100, 70)
    assert {n.title for n in (code, each)} == {"Code 2", "Each 2"}
    inner = [(e.source, e.target) for e in after.graph.edges.values() if e.source in (code.id, start.id)]
    assert inner == [(code.id, each.id), (start.id, say.id)]


def test_only_references_change_not_words_that_look_like_ids() -> None:
    workflow = flow()
    after, (answer_id, *_), _ = pasted(workflow, copy_nodes(workflow.graph, ["5", "2"]))
    found = next(n for n in after.graph.nodes.values() if n.type == "answer" and n.id != "5")

    code = next(n for n in after.graph.nodes.values() if n.type == "code" and n.id != "2")
    assert found.data["answer"] == "{{#4.output#}} {{#" + code.id + ".r#}} {{#1.q#}} 2"
    assert answer_id in (found.id, code.id)


@pytest.mark.spec("editor.24")
def test_starts_are_never_copied() -> None:
    graph = flow().graph

    assert copy_nodes(graph, ["1", "3start"]) == ""
    names = [n["id"] for n in json.loads(copy_nodes(graph, ["1", "2", "4"]))["nodes"]]
    assert names == ["2", "4"]


def test_a_child_alone_becomes_a_node_of_the_place() -> None:
    workflow = flow()
    text = copy_nodes(workflow.graph, ["4"])

    after, (top,), _ = pasted(workflow, text, 5, 6)
    assert (after.graph.node(top).parent, after.graph.node(top).x, after.graph.node(top).y) == (None, 5, 6)
    assert "iteration_id" not in after.graph.node(top).data

    inside, (again,), _ = pasted(workflow, text, 450, 100, parent="3")
    assert (inside.graph.node(again).parent, inside.graph.node(again).x) == ("3", 50)
    assert inside.graph.node(again).data["iteration_id"] == "3"


def test_a_child_and_a_node_of_the_canvas_keep_their_distance() -> None:
    workflow = flow()

    after, tops, _ = pasted(workflow, copy_nodes(workflow.graph, ["4", "5"]))

    say, answer = sorted((after.graph.node(t) for t in tops), key=lambda n: n.x)
    assert (answer.x - say.x, answer.y - say.y) == (900 - 500, 0 - 70)


@pytest.mark.spec("editor.21")
def test_the_editor_of_the_format_and_damaged_entries() -> None:
    good = node("77", "code", title="From elsewhere", x=5, y=5)
    tree: dict[str, Any] = {
        "kind": "dify-workflow-clipboard",
        "version": 1,
        "nodes": [good, 5, {"id": 3}],
        "edges": ["x"],
    }

    after, tops, said = pasted(flow(), json.dumps(tree))
    assert after.graph.node(tops[0]).title == "From elsewhere"
    assert (said.damaged, said.version) == (3, "")

    tree["version"] = 9
    assert pasted(flow(), json.dumps(tree))[2].version == "9"


@pytest.mark.parametrize("text", ["", "hello", "[]", "{}", '{"kind": "other"}', "[" * 5_000])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UserError) as refusal:
        paste_nodes(flow().graph, "advanced-chat", text, 0, 0)

    assert refusal.value.code.startswith("clipboard.")


def test_what_cannot_stand_here_is_left_out_and_told() -> None:
    workflow = flow()
    text = copy_nodes(workflow.graph, ["5", "2"])

    elsewhere = paste_nodes(made([node("1", "start")]).graph, "workflow", text, 0, 0)
    assert (len(elsewhere.tops), elsewhere.refused) == (1, 1)
    inside = paste_nodes(workflow.graph, "advanced-chat", copy_nodes(workflow.graph, ["3"]), 0, 0, parent="3")
    assert (inside.nodes, inside.refused) == ((), 1)


@pytest.mark.spec("editor.23")
def test_a_thousand_copies_are_all_different() -> None:
    graph = Graph.from_config({"nodes": [node(str(n), "code", title="Code") for n in range(1_000)], "edges": []})
    workflow = Workflow(graph=graph)

    after, tops, _ = pasted(workflow, copy_nodes(graph, list(graph.nodes)))

    assert len(after.graph.nodes) == 2_000
    titles = [after.graph.node(t).title for t in tops]
    assert len(set(titles)) == 1_000


@pytest.mark.spec("editor.23")
@pytest.mark.parametrize(
    ("there", "titles"),
    [
        (["Step 2"], ["Step 3", "Step 4"]),
        (["Step (2)"], ["Step (3)", "Step (4)"]),
        (["步骤2"], ["步骤3", "步骤4"]),
        (["步骤（9）"], ["步骤（10）", "步骤（11）"]),
        (["GPT-4"], ["GPT-4 2", "GPT-4 3"]),
        (["v1.2"], ["v1.2 2", "v1.2 3"]),
        (["2"], ["2 2", "2 3"]),
        (["(1)"], ["(1) 2", "(1) 3"]),
        (["A", "A 2", "A 4"], ["A 3", "A 5", "A 6", "A 7", "A 8", "A 9"]),
        (["Code 99999999999999999999"], ["Code 99999999999999999999 2", "Code 99999999999999999999 3"]),
    ],
)
def test_a_copys_title_counts_on_from_its_number(there: list[str], titles: list[str]) -> None:
    graph = Graph.from_config({"nodes": [node(t, "code", title=t) for t in there], "edges": []})
    workflow, made = Workflow(graph=graph), []
    for _ in range(2):
        workflow, tops, _ = pasted(workflow, copy_nodes(graph, there))
        made += [workflow.graph.node(t).title for t in tops]
    assert made == titles
    assert len({n.title for n in workflow.graph.nodes.values()}) == len(workflow.graph.nodes)


def test_a_made_node_can_be_added() -> None:
    workflow = flow()
    nodes = new_nodes(workflow.graph, workflow.mode, "loop", 0, 0)
    after, _ = Group("", tuple(AddNode(n) for n in nodes)).apply(workflow)

    assert len(after.graph.nodes) == len(workflow.graph.nodes) + 2
