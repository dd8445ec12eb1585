"""Where a node's settings name variables.

A reference is a selector list or a `{{#node.name#}}` mark in a text (engine spec 6.6, nodes-logic spec 1.4). What a
type's engine does not read (left-over fields, code, Jinja text) is found too but marked as idle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.model.graph import Node
from engine.model.types import FieldPath, get_path, set_path

Selector = tuple[str, ...]
RESERVED = frozenset({"sys", "env", "conversation", "rag"})
# Wider than the engine's pattern, like the editor's own: ids with hyphens are written by generators (nodes-ai 1.8).
MARK = re.compile(r"\{\{#([A-Za-z0-9_-]{1,50}(?:\.[A-Za-z0-9_-]{1,50}){1,10})#\}\}")
_NEVER_TEXT = frozenset(
    {"title", "desc", "type", "code", "jinja2_text", "paramSchemas", "output_schema", "tool_description"}
)
_VARIABLE_WORDS = ("type", "value_type", "input_type", "variable_type", "varType", "numberVarType")
_LIST_KEYS = frozenset({"variable", "query", "file", "selector"})


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a variable. `path` leads to the selector list or to the text that holds the mark; `active` False
    means that the node's engine does not read this place."""

    node_id: str
    path: FieldPath
    selector: Selector
    kind: Literal["selector", "template"]
    active: bool = True

    @property
    def field(self) -> str:
        """The path as dotted text."""
        return ".".join(map(str, self.path))


def references(node: Node, *, everything: bool = False) -> list[Reference]:
    """The variables that a node reads or writes, in the order of its settings; idle ones only if `everything`."""
    if node.is_note:
        return []
    idle = _idle_paths(node)
    found = []
    for path, selector, kind in _walk(node.data, (), node.type):
        active = not any(path[: len(prefix)] == prefix for prefix in idle)
        if active or everything:
            found.append(Reference(node.id, path, selector, kind, active))
    return found


def selectors_in(text: str) -> list[Selector]:
    """The selectors of the marks in a text."""
    return [tuple(match.split(".")) for match in MARK.findall(text)] if "{{#" in text else []


Found = tuple[FieldPath, Selector, Literal["selector", "template"]]


def _walk(value: Any, path: FieldPath, kind: str) -> Iterator[Found]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str):
                if key not in _NEVER_TEXT and not (key == "template" and kind == "template-transform"):
                    for selector in selectors_in(item):
                        yield (*path, key), selector, "template"
            elif _is_selector(item) and _names_selector(str(key), value):
                yield (*path, key), tuple(item), "selector"
            elif key not in _NEVER_TEXT and item is not None:
                yield from _walk(item, (*path, key), kind)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if isinstance(item, str):
                for selector in selectors_in(item):
                    yield (*path, index), selector, "template"
            elif _is_selector(item) and path and path[-1] == "variables":
                yield (*path, index), tuple(item), "selector"
            else:
                yield from _walk(item, (*path, index), kind)


def _is_selector(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) >= 2 and all(isinstance(part, str) and part for part in value)


def _names_selector(key: str, around: Mapping[str, Any]) -> bool:
    """Whether a list of texts under this key is a selector, by the key or by a neighbour that says `variable`."""
    if key.endswith("selector") or key in _LIST_KEYS:
        return True
    return key == "value" and any(around.get(word) == "variable" for word in _VARIABLE_WORDS)


def _idle_paths(node: Node) -> list[FieldPath]:
    """Settings that the type's engine leaves alone as they are set now (nodes-ai 1.9, nodes-logic 1.9)."""
    data, kind = node.data, node.type
    idle: list[FieldPath] = []
    if kind in ("answer", "http-request", "llm", "start", "end"):
        idle.append(("variables",))
    if kind == "if-else" and data.get("cases"):
        idle.append(("conditions",))
    if kind in ("variable-aggregator", "variable-assigner"):
        grouped = get_path(data, ("advanced_settings", "group_enabled"))
        idle.append(("variables",) if grouped is True else ("advanced_settings",))
    if kind == "llm":
        if get_path(data, ("context", "enabled")) is not True:
            idle.append(("context",))
        idle += _idle_prompts(data)
    if get_path(data, ("vision", "enabled")) is not True:
        idle.append(("vision",))
    if kind == "knowledge-retrieval" and data.get("metadata_filtering_mode") != "manual":
        idle.append(("metadata_filtering_conditions",))
    if kind in ("tool", "datasource"):
        idle += [
            (block, name)
            for block in ("tool_parameters", "tool_configurations", "datasource_parameters")
            for name, item in _items(data.get(block))
            if isinstance(item, Mapping) and item.get("type") == "constant"
        ]
    if kind == "list-operator":
        idle += [(step,) for step in ("filter_by", "extract_by") if get_path(data, (step, "enabled")) is not True]
    return idle


def _idle_prompts(data: Mapping[str, Any]) -> list[FieldPath]:
    template = data.get("prompt_template")
    messages = [template] if isinstance(template, Mapping) else template
    jinja = [
        index
        for index, message in enumerate(messages if isinstance(messages, list | tuple) else [])
        if isinstance(message, Mapping) and message.get("edition_type") == "jinja2"
    ]
    idle: list[FieldPath] = []
    if isinstance(template, Mapping):
        idle += [("prompt_template", "text")] if jinja else []
    else:
        idle += [("prompt_template", index) for index in jinja]
    if not jinja:
        idle.append(("prompt_config",))
    return idle


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else []


# -- sending selectors elsewhere ---------------------------------------------------------------------------------------

Change = Callable[[Selector], Selector]


def changed_fields(node: Node, change: Change) -> dict[FieldPath, Any]:
    """What the settings become that hold a selector which `change` answers differently; idle places included."""
    fields: dict[FieldPath, Any] = {}
    for reference in references(node, everything=True):
        target = change(reference.selector)
        if target == reference.selector:
            continue
        if reference.kind == "selector":
            fields[reference.path] = list(target)
        elif reference.path not in fields:
            fields[reference.path] = changed_text(str(get_path(node.data, reference.path)), change)
    return fields


def changed_text(text: str, change: Change) -> str:
    """The text with every mark sent through `change`."""
    return MARK.sub(lambda match: "{{#" + ".".join(change(tuple(match[1].split(".")))) + "#}}", text)


def changed_data(node: Node, change: Change) -> dict[str, Any]:
    """The node's data with every selector sent through `change`."""
    data: Any = dict(node.data)
    for path, value in changed_fields(node, change).items():
        data = set_path(data, path, value)
    return dict(data)
