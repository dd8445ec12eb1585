"""A workflow as a chat flow and the other way round: the ends of paths change their type, all else stays.

What cannot stand in the other kind of app is refused by the rules of an import over an app (dsl spec 3.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.dsl.over import refusals
from engine.errors import UserError
from engine.model.graph import Node
from engine.model.selectors import selectors_in
from engine.model.workflow import Workflow

OTHER = {"workflow": "advanced-chat", "advanced-chat": "workflow"}


def converted(workflow: Workflow, name: str) -> Workflow:
    """The workflow in the other mode, under a name. Raises UserError `convert.refused` that names what forbids it."""
    mode = OTHER.get(workflow.mode)
    if mode is None:
        raise UserError("Only workflows and chat flows can be converted.", code="convert.refused")
    change = _as_answer if mode == "advanced-chat" else _as_end
    graph, sources = workflow.graph, {edge.source for edge in workflow.graph.edges.values()}
    graph = graph.with_nodes(change(n) for i, n in graph.nodes.items() if i not in sources and not n.is_note)
    made = replace(
        workflow,
        app=replace(workflow.app, mode=mode, name=name),
        graph=graph,
        conversation_variables=workflow.conversation_variables if mode == "advanced-chat" else (),
    )
    problems = refusals(replace(workflow, app=made.app), made)
    words = [p.message for p in problems]
    if mode == "workflow":
        words += [_chat_only(n, used) for n in graph.nodes.values() if (used := _of_chats(n))]
    if words:
        raise UserError("This cannot be converted: " + " ".join(words), code="convert.refused")
    return made


def _as_answer(node: Node) -> Node:
    """An output node says its values: one alone, several with their names."""
    if node.type != "end":
        return node
    outputs = [o for o in node.data.get("outputs") or [] if isinstance(o, Mapping) and o.get("value_selector")]
    marks = [(str(o.get("variable") or ""), "{{#" + ".".join(map(str, o["value_selector"])) + "#}}") for o in outputs]
    text = marks[0][1] if len(marks) == 1 else "\n\n".join(f"{name}: {mark}" for name, mark in marks)
    data = {k: v for k, v in node.data.items() if k != "outputs"}
    return replace(node, data={**data, "type": "answer", "answer": text, "variables": []})


def _as_end(node: Node) -> Node:
    """An answer at the end of a path gives back the variables that it says; its own words cannot go along."""
    if node.type != "answer" or node.parent is not None:
        return node
    outputs: list[dict[str, Any]] = []
    for selector in dict.fromkeys(selectors_in(str(node.data.get("answer") or ""))):
        taken = {o["variable"] for o in outputs}
        name = base = selector[-1]
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        outputs.append({"variable": name, "value_selector": list(selector), "value_type": "string"})
    data = {k: v for k, v in node.data.items() if k not in ("answer", "variables")}
    return replace(node, data={**data, "type": "end", "outputs": outputs})


def _of_chats(node: Node) -> str:
    """A variable of conversations that a node reads."""
    from engine.model.refs import references

    chat = {("sys", "query"), ("sys", "conversation_id"), ("sys", "dialogue_count")}
    for reference in references(node):
        if reference.selector[0] == "conversation" or tuple(reference.selector[:2]) in chat:
            return ".".join(reference.selector)
    return ""


def _chat_only(node: Node, used: str) -> str:
    return f"The node “{node.title or node.id}” uses {used}, which only conversations have."
