"""What a node type IS for the editor, the checks and the scheduler; no behaviour, and nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Data = Mapping[str, Any]
Family = Literal["entry", "end", "model", "logic", "container", "data", "outside", "knowledge", "human", "note"]
WORKFLOW = frozenset({"workflow"})
CHAT = frozenset({"advanced-chat"})
BOTH = frozenset({"workflow", "advanced-chat", "rag_pipeline"})
PIPELINE = frozenset({"rag_pipeline"})


@dataclass(frozen=True)
class OutputSpec:
    """One output variable; `children` are the fields of an object or the attributes of a file."""

    name: str
    type: str
    description: str = ""
    children: tuple[OutputSpec, ...] = ()


@dataclass(frozen=True)
class HandleSpec:
    """One socket on the source side, in the order of the card."""

    id: str
    label: str = ""
    kind: Literal["source", "case", "fail"] = "source"


@dataclass(frozen=True)
class FieldProblem:
    """A setting that is missing or wrong; `field` is a dotted path into the node's data."""

    code: str
    field: str
    message: str
    severity: Literal["error", "warning"] = "error"


SOURCE = (HandleSpec("source"),)


def no_outputs(_: Data) -> tuple[OutputSpec, ...]:
    return ()


def plain_handles(data: Data) -> tuple[HandleSpec, ...]:
    """`source`, and the fail branch when the node has one (nodes-logic spec 1.5)."""
    if data.get("error_strategy") == "fail-branch":
        return (*SOURCE, HandleSpec("fail-branch", "Fail branch", "fail"))
    return SOURCE


def no_handles(_: Data) -> tuple[HandleSpec, ...]:
    return ()


def no_problems(_: Data) -> list[FieldProblem]:
    return []


@dataclass(frozen=True)
class NodeSpec:
    """One node type. `behaviour` is `module:Class`, imported when a run first needs it."""

    type: str
    title: str
    description: str
    family: Family
    icon: str
    behaviour: str
    execution_type: str = "executable"
    modes: frozenset[str] = BOTH
    in_containers: bool = True
    singleton: bool = False
    undeletable: bool = False
    default_data: Callable[[str], dict[str, Any]] = lambda _mode: {}
    outputs: Callable[[Data], tuple[OutputSpec, ...]] = no_outputs
    handles: Callable[[Data], tuple[HandleSpec, ...]] = plain_handles
    has_input: bool = True
    supports_retry: bool = False
    supports_error_strategy: bool = False
    can_single_step: bool = True
    check: Callable[[Data], list[FieldProblem]] = no_problems
    selectable_in_palette: bool = True


FILE_ATTRIBUTES: tuple[OutputSpec, ...] = (
    OutputSpec("type", "string", "Kind of file"),
    OutputSpec("size", "number", "Size in bytes"),
    OutputSpec("name", "string", "File name"),
    OutputSpec("mime_type", "string", "MIME type"),
    OutputSpec("transfer_method", "string", "How it came"),
    OutputSpec("url", "string", "Address"),
    OutputSpec("extension", "string", "Extension with the dot"),
    OutputSpec("related_id", "string", "Id of the stored file"),
)


def typed(name: str, type_name: str, description: str = "") -> OutputSpec:
    """An output; files bring their attributes."""
    return OutputSpec(name, type_name, description, FILE_ATTRIBUTES if type_name == "file" else ())


def with_error_outputs(data: Data, outputs: tuple[OutputSpec, ...]) -> tuple[OutputSpec, ...]:
    """Outputs of a node whose failures are handled also tell the failure."""
    if data.get("error_strategy") in ("fail-branch", "default-value"):
        return (
            *outputs,
            OutputSpec("error_message", "string", "What went wrong"),
            OutputSpec("error_type", "string", "The kind of the error"),
        )
    return outputs


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list that may be anything."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def selector_problem(value: Any, field: str, message: str) -> FieldProblem | None:
    """A problem when no variable is chosen."""
    if isinstance(value, list | tuple) and len(value) >= 2 and all(value):
        return None
    return FieldProblem("node.variable_missing", field, message)
