"""The last strokes on a graph that was made from a plan: an end where none is, inputs that are read but not asked for,
names of outputs that were guessed, types that follow from what is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.model.factory import new_edge, new_nodes
from engine.model.graph import Node
from engine.model.refs import dangling, node_variables, variable_type
from engine.model.scope import inner_variables
from engine.model.selectors import Selector, changed_data
from engine.model.types import set_path
from engine.model.workflow import Workflow
from engine.nodes import registry
from engine.services.generating.forms import form
from engine.services.generating.forms_data import input_of
from engine.services.generating.values import name

if TYPE_CHECKING:
    from engine.services.generating.build import Builder

TEXT_SIGNS = {"=": "is", "≠": "is not"}
ROUNDS = 4
"""A type may follow from that of a node that stands later in the file; chains of such are short."""
NUMBER_SIGNS = {"is": "=", "is not": "≠", "contains": "=", "not contains": "≠"}


def finished(workflow: Workflow, builder: Builder) -> Workflow:
    """The workflow with everything put right that can be without asking."""
    workflow = _asked_for(workflow, builder)
    workflow = _right_outputs(workflow, builder)
    workflow = _ended(workflow, builder)
    touched = [n for n in workflow.graph.nodes if n in builder.touched]
    for _ in range(ROUNDS):
        before = workflow
        for node_id in touched:
            workflow = _typed(workflow, node_id)
        if workflow is before:
            break
    return workflow


# -- references --------------------------------------------------------------------------------------------------------


def _asked_for(workflow: Workflow, builder: Builder) -> Workflow:
    """A new start asks for what the nodes read of it."""
    for found in dangling(workflow):
        source, called = found.reference.selector[:2]
        start = workflow.graph.nodes.get(source)
        if found.reason != "no_variable" or start is None or start.type != "start" or name(called) != called:
            continue
        reader = found.reference.node_id
        if reader not in builder.touched or any(v.name == called for v in node_variables(workflow, source).variables):
            continue
        listed = [*start.data.get("variables", []), input_of(called, {"type": "paragraph"}, {})]
        builder.tell("The start asks for “{name}” too: a node reads it.", name=called)
        workflow = _with_data(workflow, start, {"variables": listed})
    return workflow


def _right_outputs(workflow: Workflow, builder: Builder) -> Workflow:
    """A wrong name of an output means the main one, where a node has one."""
    done: set[tuple[str, Selector]] = set()
    for found in dangling(workflow):
        selector = found.reference.selector
        if (found.reference.node_id, selector) in done:
            continue  # all uses of a node were put right together
        done.add((found.reference.node_id, selector))
        node = workflow.graph.nodes.get(selector[0])
        if found.reason != "no_variable" or node is None or found.reference.node_id not in builder.touched:
            continue
        main = _main(workflow, node, inside=node.id in workflow.graph.ancestors(found.reference.node_id))
        if main and main != selector[1]:
            builder.tell("“{title}” gives no “{wrong}”: its “{right}” is read.", title=node.title, wrong=selector[1],
                        right=main)  # fmt: skip
            reader = workflow.graph.nodes[found.reference.node_id]
            to = {selector: (node.id, main)}

            def right(read: Selector, to: Mapping[Selector, Selector] = to) -> Selector:
                return to.get(read, read)

            workflow = _with_data(workflow, reader, changed_data(reader, right))
    return workflow


def _main(workflow: Workflow, node: Node, *, inside: bool) -> str:
    """The output of a node that is meant when none is named rightly; empty where that is not clear."""
    if inside:
        names = [v.name for v in inner_variables(workflow, node.id)]
        return "item" if "item" in names else ""
    if node.type == "start":
        return ""
    names = [v.name for v in node_variables(workflow, node.id).variables]
    own = [n for n in names if not n.startswith("_")]
    main = form(node.type).main
    return main if main in names else own[0] if len(own) == 1 else ""


# -- an end ------------------------------------------------------------------------------------------------------------


def _ended(workflow: Workflow, builder: Builder) -> Workflow:
    """An end or an answer where there is none at all and one node is the last."""
    graph = workflow.graph
    if any(n.type in ("end", "answer") for n in graph.nodes.values()):
        return workflow
    tops = [n for n in graph.nodes.values() if n.parent is None and not n.is_note]
    last = [n for n in tops if not graph.out_edges(n.id) and (graph.in_edges(n.id) or len(tops) == 1)]
    if len(last) != 1 or last[0].type == "start":
        return workflow
    main = _main(workflow, last[0], inside=False)
    kind = "answer" if workflow.mode == "advanced-chat" else "end"
    spec = registry.spec(last[0].type)
    if not main or spec is None or not (handles := spec.handles(last[0].data)) or handles[0].kind == "case":
        return workflow
    (node,) = new_nodes(graph, workflow.mode, kind, 0, 0)
    selector = [last[0].id, main]
    given: dict[str, Any] = {"answer": "{{#" + ".".join(selector) + "#}}"}
    if kind == "end":
        given = {"outputs": [{"variable": "result", "value_selector": selector, "value_type": "any"}]}
    node = replace(node, data={**node.data, **given})
    graph = graph.with_nodes([node])
    graph = graph.with_edge(new_edge(last[0], "source", node, graph))
    builder.tell("An end was missing: it gives what “{title}” gives.", title=last[0].title)
    builder.touched.add(node.id)
    return workflow.with_graph(graph)


# -- types -------------------------------------------------------------------------------------------------------------


def _typed(workflow: Workflow, node_id: str) -> Workflow:
    """What the format writes down of the types of values that a node reads."""
    node = workflow.graph.nodes[node_id]
    data = node.data

    def kind(selector: Any) -> str:
        return variable_type(workflow, selector)

    if node.type == "iteration":
        item = kind(data.get("output_selector"))
        return _with_data(workflow, node, {"output_type": f"array[{item}]"} if item and "[" not in item else {})
    if node.type == "end":
        rows = [{**r, "value_type": kind(r.get("value_selector")) or r.get("value_type") or "any"} for r in
                data.get("outputs") or ()]  # fmt: skip
        return _with_data(workflow, node, {"outputs": rows})
    if node.type == "variable-aggregator" and data.get("variables"):
        kinds = {kind(selector) for selector in data["variables"]}
        return _with_data(workflow, node, {"output_type": kinds.pop() or "any"} if len(kinds) == 1 else {})
    if node.type == "document-extractor":
        return _with_data(workflow, node, {"is_array_file": kind(data.get("variable_selector")) == "array[file]"})
    if node.type == "list-operator":
        whole = kind(data.get("variable"))
        return _with_data(workflow, node, {"var_type": whole, "item_var_type": whole[6:-1]} if "[" in whole else {})
    if node.type in ("if-else", "loop"):
        return _conditions(workflow, node, kind)
    return workflow


def _conditions(workflow: Workflow, node: Node, kind: Any) -> Workflow:
    """Operators that fit the type of what they compare."""
    data: Any = node.data
    places: list[tuple[str | int, ...]] = [("break_conditions",)] if node.type == "loop" else [
        ("cases", i, "conditions") for i in range(len(data.get("cases") or ()))
    ]  # fmt: skip
    for place in places:
        listed = data
        for step in place:
            listed = listed[step] if isinstance(step, int) else listed.get(step) or []
        made = [_fitting(c, kind(c.get("variable_selector"))) if isinstance(c, Mapping) else c for c in listed]
        data = set_path(data, place, made)
    return _with_data(workflow, node, data)


def _fitting(condition: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    if not kind:
        return condition
    sign, value = str(condition.get("comparison_operator")), condition.get("value")
    signs = NUMBER_SIGNS if kind == "number" else TEXT_SIGNS if kind == "string" else {}
    made = {**condition, "varType": kind, "comparison_operator": signs.get(sign, sign)}
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        made["value"] = value.lower() == "true"
    return made


def _with_data(workflow: Workflow, node: Node, changes: Mapping[str, Any]) -> Workflow:
    data = {**node.data, **changes}
    if data == node.data:
        return workflow
    return workflow.with_graph(workflow.graph.with_nodes([replace(node, data=data)]))
