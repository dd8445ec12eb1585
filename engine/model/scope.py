"""What a node can see: nodes that run before it, containers around it, the variables that these give, dangling uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.model.ancestry import marks_before
from engine.model.graph import Graph, Node
from engine.model.selectors import Reference, Selector, references
from engine.model.workflow import Workflow
from engine.nodes import registry
from engine.nodes.spec import FILE_ATTRIBUTES, OutputSpec

CHAT_SYSTEM = ("query", "files", "conversation_id", "dialogue_count", "user_id", "app_id", "workflow_id")
CHAT_ONLY = frozenset({"query", "conversation_id", "dialogue_count"})
"""What only a conversation has: a use in another kind of app finds nothing (nodes-ai spec 5.6)."""
_WITHOUT_CHAT = frozenset({"workflow", "rag_pipeline"})
WORKFLOW_SYSTEM = ("files", "user_id", "app_id", "workflow_id", "workflow_run_id", "timestamp")
PIPELINE_SYSTEM = (
    "document_id",
    "original_document_id",
    "batch",
    "dataset_id",
    "datasource_type",
    "datasource_info",
    "invoke_from",
)
SYSTEM_NAMES = frozenset({*CHAT_SYSTEM, *WORKFLOW_SYSTEM, *PIPELINE_SYSTEM, "workflow_execution_id"})
SYSTEM_TYPES: Mapping[str, str] = {
    "files": "array[file]",
    "dialogue_count": "number",
    "timestamp": "number",
    "datasource_info": "object",
}
# Types whose outputs depend on something outside of the file: a name that is not listed may still exist.
OPEN_OUTPUTS = frozenset({"tool", "agent", "datasource", "trigger-plugin"})
STRUCTURED = "structured_output"
Reason = Literal["no_node", "not_upstream", "no_variable"]


@dataclass(frozen=True, slots=True)
class OutputVariable:
    """A variable that can be chosen; `children` are fields of an object or attributes of a file."""

    name: str
    type: str
    selector: Selector
    description: str = ""
    children: tuple[OutputVariable, ...] = ()


@dataclass(frozen=True, slots=True)
class VariableGroup:
    """The variables of one source: a node id, or `sys`, `env`, `conversation`, `rag`."""

    source: str
    title: str
    variables: tuple[OutputVariable, ...]

    @property
    def node_id(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class Dangling:
    """A use of something that is not there, or not yet there when the node runs."""

    reference: Reference
    reason: Reason


# -- who runs before ---------------------------------------------------------------------------------------------------


def upstream(graph: Graph, node_id: str) -> list[str]:
    """Ids of nodes that run before a node on some path, nearest first, with the containers around it and what runs
    before those; insides of other containers do not count."""
    found: dict[str, None] = {}
    queue = [node_id]
    for current in queue:
        before = [edge.source for edge in graph.in_edges(current)]
        node = graph.nodes.get(current)
        if node is not None and node.parent is not None and node.parent in graph.nodes:
            before.append(node.parent)
        for other in before:
            if other != node_id and other not in found:
                found[other] = None
                queue.append(other)
    return list(found)


class _Before(Protocol):
    """Who knows whether one node runs before another."""

    def has(self, node_id: str, other: str) -> bool: ...


class Upstream:
    """What runs before a single node."""

    def __init__(self, graph: Graph, node_id: str) -> None:
        self.graph, self._node_id = graph, node_id
        self._before = frozenset(upstream(graph, node_id))

    def has(self, node_id: str, other: str) -> bool:
        """Whether `other` runs before the node."""
        return node_id == self._node_id and other in self._before


class Ancestors:
    """Upstream of every node at once: one big integer a node, a bit for each node before it."""

    def __init__(self, graph: Graph) -> None:
        self._bit = {node_id: index for index, node_id in enumerate(graph.nodes)}
        before: dict[str, list[str]] = {}
        for node_id, node in graph.nodes.items():
            ids = [edge.source for edge in graph.in_edges(node_id)]
            if node.parent is not None and node.parent in graph.nodes:
                ids.append(node.parent)
            before[node_id] = ids
        self._sets = marks_before(before, {node_id: 1 << index for node_id, index in self._bit.items()})

    def has(self, node_id: str, other: str) -> bool:
        """Whether `other` runs before `node_id`, or is a container around it or around one before it."""
        bit = self._bit.get(other)
        return bit is not None and bool(self._sets.get(node_id, 0) >> bit & 1)


# -- what is there to choose -------------------------------------------------------------------------------------------


def available_variables(workflow: Workflow, node_id: str) -> list[VariableGroup]:
    """What a node may read: nodes before it (nearest first), the containers around it, then conversation,
    environment, pipeline and system variables. Sources without variables are left out."""
    graph = workflow.graph
    around = set(graph.ancestors(node_id))
    if node_id not in graph.nodes:
        return []
    groups = []
    if graph.nodes[node_id].type == "loop":
        # Its break conditions read its own variables.
        groups.append(_group(graph.nodes[node_id], inner_variables(workflow, node_id)))
    for source in upstream(graph, node_id):
        node = graph.nodes[source]
        if source in around:
            groups.append(_group(node, inner_variables(workflow, source)))
        else:
            groups.append(node_variables(workflow, source))
    groups += global_variables(workflow)
    return [group for group in groups if group.variables]


def node_variables(workflow: Workflow, node_id: str) -> VariableGroup:
    """What a node gives to those after it."""
    node = workflow.graph.node(node_id)
    spec = registry.spec(node.type)
    outputs: Iterable[OutputSpec] = spec.outputs(node.data) if spec is not None and not node.is_note else ()
    return _group(node, outputs)


def _group(node: Node, outputs: Iterable[OutputSpec]) -> VariableGroup:
    spec = registry.spec(node.type)
    title = node.title or (spec.title if spec is not None else node.type)
    return VariableGroup(node.id, title, tuple(_variable(output, (node.id,)) for output in outputs))


def _variable(output: OutputSpec, prefix: Selector) -> OutputVariable:
    selector = (*prefix, output.name)
    children = output.children or (FILE_ATTRIBUTES if output.type == "file" else ())
    inside = tuple(_variable(child, selector) for child in children)
    return OutputVariable(output.name, output.type, selector, output.description, inside)


def inner_variables(
    workflow: Workflow, container_id: str, asked: frozenset[str] = frozenset()
) -> tuple[OutputSpec, ...]:
    """What a container gives to the nodes inside it (nodes-logic spec 10.3, 11.2). `asked` holds containers whose
    item type is being worked out already: lists that are read in a circle have none."""
    node = workflow.graph.node(container_id)
    if node.type == "iteration":
        known = container_id not in asked
        around = asked | {container_id}
        item = _item_type(variable_type(workflow, node.data.get("iterator_selector"), around)) if known else "any"
        children = FILE_ATTRIBUTES if item == "file" else ()
        return (
            OutputSpec("item", item, "The item of this round", children),
            OutputSpec("index", "number", "The number of this round, from 0"),
        )
    spec = registry.spec(node.type)
    labels = tuple(o for o in spec.outputs(node.data) if o.name != "loop_round") if spec is not None else ()
    return (*labels, OutputSpec("index", "number", "The number of this round, from 0"))


def _item_type(kind: str) -> str:
    return kind[6:-1] if kind.startswith("array[") and kind.endswith("]") else "any"


def variable_type(workflow: Workflow, selector: object, asked: frozenset[str] = frozenset()) -> str:
    """The type of a variable as far as the settings tell it, else an empty text."""
    if not isinstance(selector, list | tuple) or len(selector) < 2:
        return ""
    wanted = tuple(map(str, selector))
    if wanted[0] in workflow.graph.nodes:
        node = workflow.graph.nodes[wanted[0]]
        outputs = node_variables(workflow, node.id).variables
        if node.is_container and all(v.name != wanted[1] for v in outputs):
            outputs = _group(node, inner_variables(workflow, node.id, asked)).variables
        groups = [VariableGroup(node.id, "", outputs)]
    else:
        groups = [group for group in global_variables(workflow) if group.source == wanted[0]]
    for group in groups:
        for variable in group.variables:
            found = _typed(variable, wanted)
            if found:
                return found
    return ""


def _typed(variable: OutputVariable, wanted: Selector) -> str:
    if variable.selector == wanted:
        return variable.type
    return next((found for child in variable.children if (found := _typed(child, wanted))), "")


def global_variables(workflow: Workflow) -> list[VariableGroup]:
    """Conversation, environment, pipeline and system variables, those that there are."""
    groups = []
    if workflow.conversation_variables:
        made = [_known("conversation", v.name, v.value_type, v.description) for v in workflow.conversation_variables]
        groups.append(VariableGroup("conversation", "Conversation variables", tuple(made)))
    if workflow.environment_variables:
        made = [_known("env", v.name, v.value_type, v.description) for v in workflow.environment_variables]
        groups.append(VariableGroup("env", "Environment variables", tuple(made)))
    if workflow.mode == "rag_pipeline" and workflow.rag_pipeline_variables:
        groups.append(VariableGroup("rag", "Pipeline inputs", tuple(_pipeline(workflow))))
    groups.append(VariableGroup("sys", "System variables", system_variables(workflow.mode)))
    return groups


def system_variables(mode: str) -> tuple[OutputVariable, ...]:
    """What every run of an app of a mode has by itself, with types (editor spec, section 12)."""
    names = {"advanced-chat": CHAT_SYSTEM, "rag_pipeline": PIPELINE_SYSTEM}.get(mode, WORKFLOW_SYSTEM)
    return tuple(_known("sys", name, SYSTEM_TYPES.get(name, "string")) for name in names)


def _known(source: str, name: str, kind: str, description: str = "") -> OutputVariable:
    return _variable(OutputSpec(name, kind, description), (source,))


def _pipeline(workflow: Workflow) -> list[OutputVariable]:
    types = {"number": "number", "file": "file", "file-list": "array[file]", "checkbox": "boolean"}
    found = []
    for entry in workflow.rag_pipeline_variables:
        name, owner = str(entry.get("variable") or ""), str(entry.get("belong_to_node_id") or "shared")
        if name:
            output = OutputSpec(name, types.get(str(entry.get("type")), "string"), str(entry.get("label") or ""))
            found.append(_variable(output, ("rag", owner)))
    return found


def may_give(workflow: Workflow, selector: Selector) -> bool:
    """Whether a node of the workflow gives a variable, or might: of some types only a run tells what they give, and of
    objects whose fields nobody declared any field may be there."""
    node = workflow.graph.nodes.get(selector[0])
    if node is None or len(selector) < 2:
        return node is not None
    name = selector[1]
    if name.startswith("sys.") or node.type in OPEN_OUTPUTS or registry.spec(node.type) is None:
        return True
    known = _names_of(workflow, node)
    if known is not None and name not in known:
        return False
    level = [v for v in node_variables(workflow, node.id).variables if v.name == name]
    for part in selector[2:]:
        if not level or level[0].type not in ("object", "file"):
            return True
        if not level[0].children:
            return level[0].name != STRUCTURED  # whose fields its schema declares, also when there are none
        level = [child for child in level[0].children if child.name == part]
        if not level:
            return False
    return True


# -- what is missing ---------------------------------------------------------------------------------------------------


def _global_names(workflow: Workflow) -> dict[str, set[str]]:
    return {
        "env": {v.name for v in workflow.environment_variables},
        "conversation": {v.name for v in workflow.conversation_variables},
    }


def missing(workflow: Workflow, node_id: str, selector: Selector, before: _Before | None = None) -> Reason | None:
    """Why a node cannot read a variable, as far as the settings tell it; None when it can. `before` is kept by whoever
    asks more than once."""
    node = workflow.graph.nodes.get(node_id)
    if node is None or len(selector) < 2:
        return None
    before = before or Upstream(workflow.graph, node_id)
    reason = _reason(workflow, node, selector, before, _global_names(workflow), {})
    if reason is None and selector[0] in workflow.graph.nodes and not may_give(workflow, selector):
        return "no_variable"
    return reason


def dangling(workflow: Workflow, ancestors: Ancestors | None = None) -> list[Dangling]:
    """Every use of a variable that does not exist or is not there yet, in file order."""
    before = ancestors or Ancestors(workflow.graph)
    names = _global_names(workflow)
    given: dict[str, frozenset[str] | None] = {}
    found = []
    for node in workflow.graph.nodes.values():
        for reference in references(node):
            reason = _reason(workflow, node, reference.selector, before, names, given)
            if reason:
                found.append(Dangling(reference, reason))
    return found


def _reason(
    workflow: Workflow,
    node: Node,
    selector: Selector,
    before: _Before,
    names: Mapping[str, set[str]],
    given: dict[str, frozenset[str] | None],
) -> Reason | None:
    source, name = selector[0], selector[1]
    if source in names:
        return None if name in names[source] else "no_variable"
    if source == "sys":
        chat = name in CHAT_ONLY and workflow.mode in _WITHOUT_CHAT
        return "no_variable" if chat or name not in SYSTEM_NAMES else None
    if source == "rag":
        return None
    other = workflow.graph.nodes.get(source)
    if other is None:
        return "no_node"
    inside = node.is_container and (source == node.id or other.parent == node.id)
    if not inside and not before.has(node.id, source):
        return "not_upstream"
    if name.startswith("sys."):  # of a start: the system's own (nodes-ai spec, AI-08)
        return _reason(workflow, node, ("sys", name[4:]), before, names, given)
    if other.type in OPEN_OUTPUTS or registry.spec(other.type) is None:
        return None
    if not node.is_container and source in workflow.graph.ancestors(node.id):
        # From inside, a container gives its round's variables; what it puts out is not there before its end.
        key = f"inside {source}"
        if key not in given:
            given[key] = frozenset(output.name for output in inner_variables(workflow, source))
    else:
        key = source
        if key not in given:
            given[key] = _names_of(workflow, other)
    known = given[key]
    return None if known is None or name in known else "no_variable"


def _names_of(workflow: Workflow, node: Node) -> frozenset[str] | None:
    """The names that a node may be read by; None when they cannot be told."""
    found = {variable.name for variable in node_variables(workflow, node.id).variables}
    if node.is_container:
        found |= {output.name for output in inner_variables(workflow, node.id)}
    if node.data.get("error_strategy") in ("fail-branch", "default-value"):
        found |= {"error_message", "error_type"}
    if node.type == "llm":
        found.add("files")
    return frozenset(found)
