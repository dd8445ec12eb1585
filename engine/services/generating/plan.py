"""The plan of a workflow as a model writes it, read from an answer that may be anything, and a workflow told as one.

Nothing of an answer is run or trusted: it is cut to a size, read as data, and every part is made what it must be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.errors import UserError
from engine.model.graph import Graph, Node
from engine.model.problems import Sentence
from engine.model.selectors import changed_data
from engine.model.workflow import Variable, Workflow
from engine.nodes import registry
from engine.nodes.llm_reasoning import without_thinking
from engine.nodes.loose_json import repaired, strict_object
from engine.services.generating.forms import form, type_of
from engine.services.generating.values import key, pick, text

LARGEST: Final = 200_000
"""Characters of an answer that are read."""
MOST_NODES: Final = 80
MOST_EDGES: Final = 240
SHOWN_TEXT: Final = 3_000
"""Characters of one text of a present workflow that a model is told."""
CUT: Final = " […]"
_FENCE: Final = re.compile(r"```[\w+-]*[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Note:
    """What was found in a plan. `is_fault`: the plan is not as it should be, so that its writer is asked to mend it;
    else it was put right or is only to be known."""

    text: str
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node of a plan. `settings` None: left out, which means unchanged for a node that is there."""

    key: str
    type: str
    title: str
    settings: Mapping[str, Any] | None
    inside: str = ""


@dataclass(frozen=True, slots=True)
class PlanEdge:
    """One connection of a plan, by keys; `branch` as the model calls it."""

    source: str
    target: str
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan; `memory` are variables of the conversation."""

    nodes: tuple[PlanNode, ...]
    edges: tuple[PlanEdge, ...]
    name: str = ""
    memory: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[Note, ...] = field(default=())


def progress(answer: str) -> tuple[int, int]:
    """Words and nodes of an answer that is being written."""
    return len(answer.split()), len(re.findall(r'"key"\s*:', answer)) or len(re.findall(r'"type"\s*:', answer))


# -- reading -----------------------------------------------------------------------------------------------------------


def read_plan(answer: str) -> Plan:
    """The plan in an answer. Raises UserError `generate.no_plan` when there is none; its details hold the answer."""
    found = _object(answer)
    listed = pick(found, "nodes", "steps", "blocks") if found is not None else None
    nodes = [n for n in listed if isinstance(n, Mapping)] if isinstance(listed, list) else []
    if found is None or not nodes:
        raise no_plan(answer)
    notes = []
    if len(answer) > LARGEST:
        notes.append(Note(Sentence.of("The answer is very long: only its beginning was read."), is_fault=True))
    elif not answer.rstrip().rstrip("`").rstrip().endswith(("}", "]")) and _object_is_cut(answer):
        notes.append(Note(Sentence.of("The answer ends in the middle: what there is of it was used."), is_fault=True))
    if len(nodes) > MOST_NODES:
        count = len(nodes) - MOST_NODES
        notes.append(Note(Sentence.of("The plan has too many nodes; left out: {count}.", count=count), is_fault=True))
    edges = pick(found, "edges", "connections", "links")
    edges = [e for e in edges if isinstance(e, Mapping | list)] if isinstance(edges, list) else []
    memory = pick(found, "memory", "conversation_variables")
    return Plan(
        tuple(_nodes(nodes[:MOST_NODES])),
        tuple(e for e in map(_edge, edges[:MOST_EDGES]) if e.source and e.target),
        " ".join(text(found.get("name")).split())[:80],
        tuple(m for m in memory if isinstance(m, Mapping))[:40] if isinstance(memory, list) else (),
        tuple(notes),
    )


def no_plan(answer: str) -> UserError:
    """The error of an answer that plans nothing."""
    return UserError(
        "The model wrote no plan that can be used.",
        code="generate.no_plan",
        hint="Say it in simpler words, or choose a larger model: small ones often cannot do this.",
        details={"answer": answer[:LARGEST]},
    )


def _object(answer: str) -> dict[str, Any] | None:
    """The JSON object of an answer: all of it, in a code fence, somewhere in prose, or sloppily written."""
    said = without_thinking(answer[:LARGEST]).strip()
    fenced = [f.strip() for f in _FENCE.findall(said)[:8] if "{" in f]
    for candidate in (said, *fenced):
        if (found := strict_object(candidate)) is not None:
            return _unwrapped(found)
    for candidate in (*fenced, said):
        made = repaired(candidate)
        if isinstance(made, list):
            made = {"nodes": made}
        if isinstance(made, dict) and _unwrapped(made):
            return _unwrapped(made)
    return None


def _unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    """The plan itself where a model put it one level deeper."""
    if "nodes" in found:
        return found
    return next((v for v in found.values() if isinstance(v, dict) and isinstance(v.get("nodes"), list)), found)


def _object_is_cut(answer: str) -> bool:
    return answer.count("{") > answer.count("}")


def _nodes(listed: list[Mapping[str, Any]]) -> list[PlanNode]:
    made: list[PlanNode] = []
    used: set[str] = set()
    for number, row in enumerate(listed, 1):
        kind = type_of(pick(row, "type", "kind"))
        called = key(pick(row, "key", "id", "name")) or f"{kind or 'node'}_{number}"
        called = called if called not in used else f"{called[:44]}_{number}"
        used.add(called)
        settings = pick(row, "settings", "config", "data", "params")
        # Small models put settings beside the key: everything that is no word of the plan itself.
        loose = {k: v for k, v in row.items() if k not in _WORDS}
        given = {**loose, **settings} if isinstance(settings, Mapping) else (loose or None)
        title = " ".join(text(pick(row, "title", "label", "name")).split())[:80]
        made.append(PlanNode(called, kind, title, given, key(pick(row, "in", "inside", "parent"))))
    return made


_WORDS: Final = frozenset(
    {"key", "id", "type", "kind", "title", "label", "name", "in", "inside", "parent", "settings", "config", "data"}
    | {"position", "desc"}
)


def _edge(row: Any) -> PlanEdge:
    if isinstance(row, list):
        source, target, *rest = [*(text(part) for part in row[:3]), "", ""]
        return PlanEdge(key(source), key(target), rest[0] if rest else "")
    source, target = pick(row, "from", "source"), pick(row, "to", "target")
    branch = text(pick(row, "branch", "sourceHandle", "source_handle", "case", "condition")).strip()[:80]
    return PlanEdge(key(source), key(target), branch)


# -- telling -----------------------------------------------------------------------------------------------------------


def keys_of(graph: Graph) -> dict[str, str]:
    """What each node is called in a plan, by id: its type and a number. Notes and starts of containers have no name."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for node in graph.nodes.values():
        if node.is_note or node.is_container_start:
            continue
        stem = key(node.type) or "node"
        counts[stem] = counts.get(stem, 0) + 1
        found[node.id] = stem if counts[stem] == 1 else f"{stem}_{counts[stem]}"
    return found


def told_settings(node: Node, keys: Mapping[str, str], mode: str) -> dict[str, Any]:
    """The settings of a node as a plan has them; long texts are cut."""
    change = lambda s: (keys.get(s[0], s[0]), *s[1:])  # noqa: E731
    told = form(node.type).tell(changed_data(node, change), mode)
    return {name: _cut(value) for name, value in told.items()}


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > SHOWN_TEXT:
        return value[:SHOWN_TEXT] + CUT
    return value


def told(workflow: Workflow) -> str:
    """A workflow as a plan, one node a line."""
    graph, keys = workflow.graph, keys_of(workflow.graph)
    nodes = []
    for node in graph.nodes.values():
        if node.id not in keys:
            continue
        row: dict[str, Any] = {"key": keys[node.id], "type": node.type, "title": node.title}
        if node.parent in keys:
            row["in"] = keys[node.parent or ""]
        nodes.append({**row, "settings": told_settings(node, keys, workflow.mode)})
    edges = [e for e in (_told_edge(graph, keys, e_id) for e_id in graph.edges) if e]
    parts = [f'"nodes": [\n{_lines(nodes)}\n]', f'"edges": [\n{_lines(edges)}\n]']
    if workflow.conversation_variables:
        parts.append(f'"memory": [\n{_lines([_told_variable(v) for v in workflow.conversation_variables])}\n]')
    return "{" + ",\n".join(parts) + "}"


def _lines(rows: list[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False, default=str) for row in rows)


def _told_variable(variable: Variable) -> dict[str, Any]:
    return {"name": variable.name, "type": variable.value_type, "description": variable.description}


def _told_edge(graph: Graph, keys: Mapping[str, str], edge_id: str) -> dict[str, Any]:
    edge = graph.edges[edge_id]
    first = graph.nodes.get(edge.source)
    source = keys.get(edge.source)
    if first is not None and first.is_container_start:
        source = keys.get(first.parent or "")
    target = keys.get(edge.target)
    if source is None or target is None:
        return {}
    row: dict[str, Any] = {"from": source, "to": target}
    spec = registry.spec(first.type) if first is not None else None
    plain = spec is None or any(h.id == "source" for h in spec.handles(first.data if first is not None else {}))
    return row if plain and edge.source_handle == "source" else {**row, "branch": edge.source_handle}
