"""References between nodes: who uses what, renaming, what can be chosen where, and what is dangling.

The finding itself is in `selectors`, what a node can see in `scope`; this is their door.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from engine.model.edits import Edit, Group, SetFeature, SetField
from engine.model.scope import (
    Dangling,
    OutputVariable,
    Upstream,
    VariableGroup,
    available_variables,
    dangling,
    missing,
    node_variables,
    variable_type,
)
from engine.model.selectors import MARK, Reference, Selector, changed_fields, references, selectors_in
from engine.model.types import get_path, set_path
from engine.model.workflow import Workflow

__all__ = [
    "Dangling",
    "OutputVariable",
    "Reference",
    "Selector",
    "Upstream",
    "VariableGroup",
    "available_variables",
    "dangling",
    "find_uses",
    "forget",
    "missing",
    "node_variables",
    "redirect",
    "references",
    "rename_variable",
    "selectors_in",
    "variable_type",
]


def find_uses(workflow: Workflow, prefix: Sequence[str]) -> list[Reference]:
    """Every use of a variable (or of anything of a node, with a prefix of one part), in file order."""
    wanted = tuple(prefix)
    return [
        reference
        for node in workflow.graph.nodes.values()
        for reference in references(node)
        if reference.selector[: len(wanted)] == wanted
    ]


def rename_variable(workflow: Workflow, source: str, old: str, new: str) -> Edit:
    """The edits that make every use of `[source, old]` read `[source, new]`, as one group, empty without uses.

    The variable itself is renamed by whoever asks. `source` may be `env` or `conversation`. The opening words of a
    chat, which name inputs as `{{name}}`, follow too.
    """
    group = redirect(workflow, (source, old), (source, new))
    node = workflow.graph.nodes.get(source)
    opening = workflow.features.get("opening_statement")
    if node is None or node.type != "start" or not isinstance(opening, str):
        return group
    told = re.sub(r"\{\{\s*" + re.escape(old) + r"\s*\}\}", lambda _: "{{" + new + "}}", opening)
    if told == opening:
        return group
    return Group("", (*group.edits, SetFeature(("opening_statement",), told)))


def redirect(workflow: Workflow, old: Selector, new: Selector) -> Group:
    """The edits that make every reference beginning with `old` begin with `new` instead."""

    def change(selector: Selector) -> Selector:
        return (*new, *selector[len(old) :]) if selector[: len(old)] == old else selector

    edits = [
        SetField(node.id, path, value)
        for node in workflow.graph.nodes.values()
        for path, value in changed_fields(node, change).items()
    ]
    return Group("", tuple(edits))


def forget(workflow: Workflow, prefix: Selector, only: str = "") -> Group:
    """The edits that remove every reference beginning with `prefix`, in all nodes or in one only: a mark goes out of
    its text, a selector becomes empty, and one that is an item of a list goes out of the list."""
    edits: list[Edit] = []
    for node in [workflow.graph.nodes[only]] if only else workflow.graph.nodes.values():
        data: Mapping[str, Any] = node.data
        found = [r for r in references(node, everything=True) if r.selector[: len(prefix)] == prefix]
        # From the back, so that positions in lists stay right.
        for reference in sorted(found, key=lambda r: r.path, reverse=True) if len(found) > 1 else found:
            data = _without(data, reference, prefix)
        edits += [SetField(node.id, (key,), data[key]) for key in data if data[key] != node.data.get(key)]
    return Group("", tuple(edits))


def _without(data: Mapping[str, Any], reference: Reference, prefix: Selector) -> Mapping[str, Any]:
    path, rest = reference.path, cast("Any", [])
    holder = get_path(data, path[:-1])
    if reference.kind == "template":
        rest = MARK.sub(lambda m: "" if _begins(m[1], prefix) else m[0], str(get_path(data, path)))
    elif isinstance(path[-1], int) and isinstance(holder, list | tuple):
        rest = [item for index, item in enumerate(holder) if index != path[-1]]
        path = path[:-1]
    return cast("Mapping[str, Any]", set_path(data, path, rest))


def _begins(mark: str, prefix: Selector) -> bool:
    return tuple(mark.split("."))[: len(prefix)] == prefix
