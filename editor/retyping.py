"""Conditions follow when what they read gets another type: the operator and the value begin anew, in the same undo step
as the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from editor.i18n import tr
from engine.model.edits import Edit, Group, SetField, SetVariables
from engine.model.graph import Node
from engine.model.refs import variable_type
from engine.model.types import get_path
from engine.model.workflow import Workflow

if TYPE_CHECKING:
    from editor.session import WorkflowSession

Place = tuple[str, tuple[str | int, ...]]
"""A condition: its node, and where it stands in the node's settings."""
Types = dict[Place, tuple[tuple[str, ...], str]]
"""What conditions read, and of which type it is."""


def may_retype(edit: Edit) -> bool:
    """Whether an edit may give a variable another type."""
    if isinstance(edit, Group):
        return any(may_retype(part) for part in edit.edits)
    return isinstance(edit, SetField | SetVariables)


def types_read(workflow: Workflow) -> Types:
    """What every condition of a workflow reads, as far as its type is known."""
    found: Types = {}
    for node in workflow.graph.nodes.values():
        for path, condition in _conditions(node):
            selector = condition.get("variable_selector")
            if isinstance(selector, list) and len(selector) > 1:
                read = tuple(map(str, selector))
                found[node.id, path] = read, variable_type(workflow, read)
    return found


def following(workflow: Workflow, before: Types) -> tuple[list[Edit], dict[str, list[str]]]:
    """The edits that make conditions fit the types that `workflow` has now, and the titles of the steps whose operators
    were reset, by type."""
    from editor.panels.forms.conditions import fitted

    edits: list[Edit] = []
    reset: dict[str, list[str]] = {}
    for place, (selector, kind) in types_read(workflow).items():
        read, old = before.get(place, (selector, ""))
        if read != selector or not kind or not old or kind == old:
            continue
        node_id, path = place
        node = workflow.graph.nodes[node_id]
        condition: Any = get_path(node.data, path)
        new, anew = fitted(condition, list(selector), old, kind)
        edits.append(SetField(node_id, path, new))
        titles = reset.setdefault(kind, []) if anew else []
        if (title := node.title or node.type) not in titles:
            titles.append(title)
    return edits, reset


def refit(session: WorkflowSession, before: Types) -> None:
    """After a step: conditions that read what has another type now begin anew as part of it, and that is said."""
    edits, reset = following(session.document.workflow, before)
    if edits:
        session.document.extend(Group("", tuple(edits)))
    for kind, titles in reset.items():
        words = tr("The operator was reset to fit the type {type}: {titles}", type=kind, titles=", ".join(titles))
        session.studio.messages.tell(words)


def _conditions(node: Node) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    lists: list[tuple[tuple[str | int, ...], Any]] = []
    if node.type == "if-else":
        cases = node.data.get("cases")
        for number, case in enumerate(cases if isinstance(cases, list) else ()):
            if isinstance(case, Mapping):
                lists.append((("cases", number, "conditions"), case.get("conditions")))
    elif node.type == "loop":
        lists.append((("break_conditions",), node.data.get("break_conditions")))
    for path, conditions in lists:
        for number, condition in enumerate(conditions if isinstance(conditions, list) else ()):
            if isinstance(condition, Mapping):
                yield (*path, number), condition
