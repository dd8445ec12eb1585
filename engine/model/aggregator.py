"""Edits of an aggregator's groups, with the references to its outputs that follow (nodes-logic spec 6.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.model.edits import Edit, Group, SetField
from engine.model.graph import Node
from engine.model.refs import find_uses, forget, redirect
from engine.model.selectors import Reference
from engine.model.workflow import Workflow

SETTINGS = "advanced_settings"
ANY = ("", "any")


def groups_of(node: Node) -> list[dict[str, Any]]:
    """The groups of an aggregator, whether they are in use or not."""
    settings = node.data.get(SETTINGS)
    groups = settings.get("groups") if isinstance(settings, Mapping) else None
    return [dict(group) for group in groups if isinstance(group, Mapping)] if isinstance(groups, Sequence) else []


def new_group(groups: Sequence[Mapping[str, Any]], group_id: str) -> dict[str, Any]:
    """A further group with the next free name: Group1, Group2, ..."""
    taken = {group.get("group_name") for group in groups}
    name = next(name for number in range(1, len(taken) + 2) if (name := f"Group{number}") not in taken)
    return {"groupId": group_id, "group_name": name, "output_type": "any", "variables": []}


def switch_groups_on(workflow: Workflow, node_id: str, group_id: str) -> Edit:
    """The first group takes over the list of the node, and uses of `output` read the first group's. `group_id` is for
    a group that has to be made."""
    node = workflow.graph.node(node_id)
    first, *others = groups_of(node) or [new_group((), group_id)]
    first |= {
        "output_type": node.data.get("output_type") or "any",
        "variables": list(node.data.get("variables") or []),
    }
    follow = redirect(workflow, (node_id, "output"), (node_id, _name(first), "output"))
    return Group("", (_settings(node, on=True, groups=[first, *others]), *follow.edits))


def switch_groups_off(workflow: Workflow, node_id: str) -> Edit:
    """The first group returns to the node, its uses read `output`, and uses of the other groups are removed. The
    groups stay in the file."""
    node = workflow.graph.node(node_id)
    groups = groups_of(node)
    edits: list[Edit] = [_settings(node, on=False, groups=groups)]
    if groups:
        edits.append(SetField(node_id, ("output_type",), groups[0].get("output_type") or "any"))
        edits.append(SetField(node_id, ("variables",), list(groups[0].get("variables") or [])))
    # Each step is made for what those before it have left.
    for group in groups[1:]:
        edits.append(forget(_after(workflow, edits), (node_id, _name(group))))
    if groups:
        edits.append(redirect(_after(workflow, edits), (node_id, _name(groups[0]), "output"), (node_id, "output")))
    return Group("", tuple(edits))


def uses_of_other_groups(workflow: Workflow, node_id: str) -> list[Reference]:
    """What reads groups that would be gone when the groups are switched off."""
    names = [_name(group) for group in groups_of(workflow.graph.node(node_id))[1:]]
    return [use for name in names for use in find_uses(workflow, (node_id, name))]


def rename_group(workflow: Workflow, node_id: str, index: int, new: str) -> Edit:
    """Another name for a group; its uses follow."""
    node = workflow.graph.node(node_id)
    groups = groups_of(node)
    old = _name(groups[index])
    groups[index]["group_name"] = new
    follow = redirect(workflow, (node_id, old), (node_id, new)).edits if old else ()
    return Group("", (_settings(node, on=True, groups=groups), *follow))


def remove_group(workflow: Workflow, node_id: str, index: int) -> Edit:
    """A group goes, and so do its uses."""
    node = workflow.graph.node(node_id)
    groups = groups_of(node)
    name = _name(groups.pop(index))
    gone = forget(workflow, (node_id, name)).edits if name else ()
    return Group("", (_settings(node, on=True, groups=groups), *gone))


def _name(group: Mapping[str, Any]) -> str:
    return str(group.get("group_name") or "")


def _settings(node: Node, *, on: bool, groups: list[dict[str, Any]]) -> SetField:
    settings = node.data.get(SETTINGS)
    before = dict(settings) if isinstance(settings, Mapping) else {}
    return SetField(node.id, (SETTINGS,), {**before, "group_enabled": on, "groups": groups})


@dataclass(frozen=True, slots=True)
class VariableList:
    """One list of an aggregator: that of the node itself (`group` None) or of the group at a place."""

    group: int | None
    name: str
    output_type: str
    variables: tuple[tuple[str, ...], ...]

    def takes(self, kind: str) -> bool:
        """May a variable of this type be added? The first one of a list decides."""
        return not self.variables or self.output_type in ANY or kind in (self.output_type, *ANY)


def lists_of(node: Node) -> list[VariableList]:
    """The lists that are in use, in their order."""
    settings = node.data.get(SETTINGS)
    if isinstance(settings, Mapping) and settings.get("group_enabled"):
        return [_list(place, group, _name(group)) for place, group in enumerate(groups_of(node))]
    return [_list(None, node.data, "")]


def add_variable(node: Node, wanted: VariableList, selector: Sequence[str], kind: str) -> Edit:
    """A variable at the end of a list; the first one gives the list its type."""
    chosen = [list(one) for one in wanted.variables] + [list(selector)]
    given = wanted.output_type if wanted.variables else kind or "any"
    if wanted.group is None:
        return Group("", (SetField(node.id, ("variables",), chosen), SetField(node.id, ("output_type",), given)))
    groups = groups_of(node)
    groups[wanted.group] |= {"variables": chosen, "output_type": given}
    return _settings(node, on=True, groups=groups)


def _list(place: int | None, holder: Mapping[str, Any], name: str) -> VariableList:
    variables = holder.get("variables")
    rows = variables if isinstance(variables, Sequence) and not isinstance(variables, str) else ()
    chosen = tuple(tuple(str(part) for part in row) for row in rows if isinstance(row, Sequence) and row)
    return VariableList(place, name, str(holder.get("output_type") or "any"), chosen)


def _after(workflow: Workflow, edits: Sequence[Edit]) -> Workflow:
    return Group("", tuple(edits)).apply(workflow)[0]
