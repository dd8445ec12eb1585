"""Who reads whose variables: finding references, following a rename, and what a node may read at its place.

References are found by shape, in selectors (lists of texts that begin with a node id or a prefix) and in texts with
`{{#...#}}`, so that they are found in node types nobody described too (engine spec 6.4 and 6.6).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.model.containers import upstream
from engine.model.edits import Edit, Group, SetField
from engine.model.graph import Graph, Node
from engine.model.types import FieldPath
from engine.model.workflow import Workflow
from engine.nodes import registry
from engine.nodes.spec import OutputSpec

PREFIXES = frozenset({"sys", "env", "conversation", "rag"})
TEMPLATE = re.compile(r"\{\{#([a-zA-Z0-9_]{1,50}(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,29}){1,10})#\}\}")
# Settings whose texts are the person's own program text and whose lists are data, not selectors.
_SKIPPED = frozenset(
    {"code", "options", "title", "desc", "author", "theme", "id", "type", "stop", "schema", "json_schema"}
)

CHAT_SYSTEM = (
    ("query", "string", "What the person said"),
    ("files", "array[file]", "Files of the message"),
    ("conversation_id", "string", "The conversation"),
    ("dialogue_count", "number", "Turns so far"),
    ("user_id", "string", "The user"),
    ("app_id", "string", "The app"),
    ("workflow_id", "string", "The workflow"),
    ("workflow_run_id", "string", "This run"),
)
WORKFLOW_SYSTEM = (
    ("user_id", "string", "The user"),
    ("files", "array[file]", "Files of the run"),
    ("app_id", "string", "The app"),
    ("workflow_id", "string", "The workflow"),
    ("workflow_run_id", "string", "This run"),
    ("timestamp", "number", "When the run began, in seconds"),
)


@dataclass(frozen=True)
class Reference:
    """One place where a node reads a variable; `path` leads to the selector or to the text that holds it."""

    node_id: str
    path: FieldPath
    selector: tuple[str, ...]
    kind: Literal["selector", "text"]


@dataclass(frozen=True)
class OutputVariable:
    """A variable that may be read."""

    name: str
    type: str
    selector: tuple[str, ...]
    description: str = ""
    children: tuple[OutputVariable, ...] = ()


@dataclass(frozen=True)
class VariableGroup:
    """Variables of one source: a node id, `sys`, `env` or `conversation`."""

    source: str
    title: str
    variables: tuple[OutputVariable, ...]


# -- finding -----------------------------------------------------------------------------------------------------------


def is_selector(value: Any) -> bool:
    """Whether a value has the shape of a selector: two or more plain names."""
    return (
        isinstance(value, list | tuple)
        and len(value) >= 2
        and all(isinstance(part, str) and part for part in value)
        and not any(" " in part or "{{" in part for part in value)
    )


def references(node: Node) -> list[Reference]:
    """Every reference in a node's settings, in the order of the settings."""
    if node.is_note:
        return []
    return list(_walk(node.id, node.data, ()))


def _walk(node_id: str, value: Any, path: FieldPath) -> Iterator[Reference]:
    if isinstance(value, str):
        if "{{#" in value:
            for match in TEMPLATE.finditer(value):
                yield Reference(node_id, path, tuple(match[1].split(".")), "text")
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _SKIPPED:
                yield from _walk(node_id, item, (*path, str(key)))
        return
    if isinstance(value, list | tuple):
        if is_selector(value) and _may_be_selector(path):
            yield Reference(node_id, path, tuple(value), "selector")
            return
        for index, item in enumerate(value):
            yield from _walk(node_id, item, (*path, index))


_SELECTOR_KEYS = frozenset({"value", "variable", "query", "file", "selector", "variables", "default"})


def _may_be_selector(path: FieldPath) -> bool:
    """Lists under these keys are selectors; elsewhere a list of two words is data."""
    last = next((step for step in reversed(path) if isinstance(step, str)), "")
    return last.endswith("selector") or last in _SELECTOR_KEYS


def find_uses(workflow: Workflow, prefix: Sequence[str]) -> list[Reference]:
    """Every reference to a variable or to something in it; a prefix of one part means all variables of that source."""
    wanted = tuple(prefix)
    return [
        reference
        for node in workflow.graph.nodes.values()
        for reference in references(node)
        if reference.selector[: len(wanted)] == wanted
    ]


def dangling(workflow: Workflow) -> list[Reference]:
    """References to nodes or variables that do not exist; special prefixes are looked up in their lists."""
    graph = workflow.graph
    names = {
        "env": {v.name for v in workflow.environment_variables},
        "conversation": {v.name for v in workflow.conversation_variables},
    }
    found = []
    for node in graph.nodes.values():
        for reference in references(node):
            source, name = reference.selector[0], reference.selector[1]
            if source in names:
                if name not in names[source]:
                    found.append(reference)
            elif (
                source not in PREFIXES
                and source not in graph.nodes
                and (reference.kind == "text" or _looks_like_id(source))
            ):
                found.append(reference)
    return found


def _looks_like_id(source: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", source))


# -- renaming ----------------------------------------------------------------------------------------------------------


def rename_variable(workflow: Workflow, source: str, old: str, new: str) -> Edit:
    """The edit that makes every use of `source.old` read `source.new`; a group, empty when there are no uses."""
    return redirect(workflow, (source, old), (source, new))


def redirect(workflow: Workflow, old: tuple[str, ...], new: tuple[str, ...]) -> Edit:
    """The edit that makes every reference beginning with `old` begin with `new` instead."""
    edits: list[Edit] = []
    done: set[tuple[str, FieldPath]] = set()
    for use in find_uses(workflow, old):
        if (use.node_id, use.path) in done:
            continue
        done.add((use.node_id, use.path))
        value = workflow.graph.node(use.node_id).field(use.path)
        if use.kind == "selector":
            changed: Any = [*new, *use.selector[len(old) :]]
        else:
            changed = _text_redirected(str(value), old, new)
        edits.append(SetField(use.node_id, use.path, changed))
    return Group("", tuple(edits))


def _text_redirected(text: str, old: tuple[str, ...], new: tuple[str, ...]) -> str:
    def change(match: re.Match[str]) -> str:
        parts = tuple(match[1].split("."))
        if parts[: len(old)] != old:
            return match[0]
        return "{{#" + ".".join((*new, *parts[len(old) :])) + "#}}"

    return TEMPLATE.sub(change, text)


# -- what may be read --------------------------------------------------------------------------------------------------


def _variables(source: str, outputs: Sequence[OutputSpec], base: tuple[str, ...] = ()) -> tuple[OutputVariable, ...]:
    stem = base or (source,)
    return tuple(
        OutputVariable(o.name, o.type, (*stem, o.name), o.description, _variables(source, o.children, (*stem, o.name)))
        for o in outputs
    )


def node_variables(workflow: Workflow, node_id: str) -> VariableGroup:
    """What one node gives, with types that its settings leave open read from what they point at."""
    node = workflow.graph.node(node_id)
    spec = registry.spec(node.type)
    outputs = spec.outputs(node.data) if spec is not None else ()
    title = node.title or (spec.title if spec else node.type)
    return VariableGroup(node_id, title, _variables(node_id, outputs))


def inner_variables(workflow: Workflow, container_id: str) -> VariableGroup | None:
    """What the nodes inside a container read of it: the item and the index, or the loop's variables."""
    node = workflow.graph.node(container_id)
    if node.type == "iteration":
        kind = item_type(workflow, node)
        outputs: tuple[OutputSpec, ...] = (
            OutputSpec("item", kind, "The present item"),
            OutputSpec("index", "number", "Its place, from 0"),
        )
        return VariableGroup(container_id, node.title, _variables(container_id, outputs))
    if node.type == "loop":
        spec = registry.spec("loop")
        assert spec is not None
        inside = tuple(o for o in spec.outputs(node.data) if o.name != "loop_round")
        return VariableGroup(container_id, node.title, _variables(container_id, inside))
    return None


def item_type(workflow: Workflow, iteration: Node) -> str:
    """The type of one item of an iteration's list."""
    declared = str(iteration.data.get("iterator_input_type") or "")
    selector: Any = iteration.data.get("iterator_selector")
    if not declared and is_selector(selector):
        declared = type_of(workflow, tuple(selector))
    if declared.startswith("array[") and declared.endswith("]"):
        return declared[6:-1]
    return "any"


def type_of(workflow: Workflow, selector: tuple[str, ...]) -> str:
    """The type of the variable at a selector, or an empty text."""
    source = selector[0]
    if source in workflow.graph.nodes:
        groups = [node_variables(workflow, source), inner_variables(workflow, source)]
    else:
        groups = [g for g in special_groups(workflow) if g.source == source]
    for group in groups:
        for variable in group.variables if group else ():
            found = _type_in(variable, selector)
            if found:
                return found
    return ""


def _type_in(variable: OutputVariable, selector: tuple[str, ...]) -> str:
    if variable.selector == selector:
        return variable.type
    return next((found for child in variable.children if (found := _type_in(child, selector))), "")


def special_groups(workflow: Workflow) -> list[VariableGroup]:
    """Environment, conversation and system variables."""
    groups = []
    if workflow.environment_variables:
        env = tuple(
            OutputVariable(v.name, v.value_type, ("env", v.name), v.description) for v in workflow.environment_variables
        )
        groups.append(VariableGroup("env", "Environment", env))
    chat = workflow.mode == "advanced-chat"
    if chat and workflow.conversation_variables:
        kept = tuple(
            OutputVariable(v.name, v.value_type, ("conversation", v.name), v.description)
            for v in workflow.conversation_variables
        )
        groups.append(VariableGroup("conversation", "Conversation", kept))
    system = CHAT_SYSTEM if chat else WORKFLOW_SYSTEM
    groups.append(VariableGroup("sys", "System", tuple(OutputVariable(n, t, ("sys", n), d) for n, t, d in system)))
    return groups


def available_variables(workflow: Workflow, node_id: str) -> list[VariableGroup]:
    """Everything a node may read: of nodes that run before it on some path, nearest first, of the containers around
    it, then environment, conversation and system."""
    graph: Graph = workflow.graph
    if node_id not in graph.nodes:
        return []
    groups: list[VariableGroup] = []
    for container in graph.ancestors(node_id):
        inner = inner_variables(workflow, container) if container in graph.nodes else None
        if inner is not None and inner.variables:
            groups.append(inner)
    if graph.nodes[node_id].type == "loop":
        own = inner_variables(workflow, node_id)
        if own is not None and own.variables:
            groups.append(own)
    around = set(graph.ancestors(node_id))
    for source in upstream(graph, node_id):
        if source in around:
            continue
        group = node_variables(workflow, source)
        if group.variables:
            groups.append(group)
    return groups + special_groups(workflow)
