"""What differs between two workflows, by node, with the settings that changed: for versions and the canvas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.model.graph import Edge, Node
from engine.model.types import MISSING
from engine.model.workflow import Workflow


@dataclass(frozen=True)
class FieldChange:
    """One setting: dotted path, value before and after; MISSING where it did not exist."""

    path: str
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "before": _shown(self.before),
            "after": _shown(self.after),
        }


def _shown(value: Any) -> Any:
    """A value for JSON."""
    if isinstance(value, Mapping):
        return {k: _shown(v) for k, v in value.items()}
    return None if value is MISSING else str(value) if isinstance(value, _Hidden) else value


@dataclass(frozen=True)
class WorkflowDiff:
    """Ids of nodes added, removed and only moved; settings of the others; edges; and the parts beside the graph."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...]
    changed: Mapping[str, tuple[FieldChange, ...]]
    edges_added: tuple[str, ...]
    edges_removed: tuple[str, ...]
    app: tuple[FieldChange, ...] = ()
    features: tuple[FieldChange, ...] = ()
    variables: tuple[FieldChange, ...] = ()
    edges_changed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        parts = (self.added, self.removed, self.moved, self.changed, self.edges_added, self.edges_removed)
        return not any((*parts, self.edges_changed, self.app, self.features, self.variables))

    def to_json(self) -> dict[str, Any]:
        """For the command line."""
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "moved": list(self.moved),
            "changed": {n: [c.to_json() for c in changes] for n, changes in self.changed.items()},
            "edges_added": list(self.edges_added),
            "edges_removed": list(self.edges_removed),
            "edges_changed": list(self.edges_changed),
            "app": [c.to_json() for c in self.app],
            "features": [c.to_json() for c in self.features],
            "variables": [c.to_json() for c in self.variables],
        }


def changes(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    """Every value that differs, at the deepest path where both sides are mappings. A list counts as one value, unless
    both sides hold the same entries in the same order, such as the messages of a prompt: then what differs in them."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(k for k in after if k not in before)]:
            where = f"{path}.{key}" if path else str(key)
            yield from changes(before.get(key, MISSING), after.get(key, MISSING), where)
    elif _same_entries(before, after):
        for index, (earlier, later) in enumerate(zip(before, after, strict=True)):
            yield from changes(earlier, later, f"{path}.{index}" if path else str(index))
    elif type(before) is not type(after) or before != after:
        yield FieldChange(path, before, after)


_KEYS = ("id", "case_id", "variable", "name", "key", "role")
"""What tells the entries of a list from each other, where they have it."""


def _same_entries(before: Any, after: Any) -> bool:
    """Whether two lists hold mappings that stand for the same things, one by one."""
    both = isinstance(before, list | tuple) and isinstance(after, list | tuple) and type(before) is type(after)
    return (
        both
        and len(before) == len(after)
        and all(
            isinstance(one, Mapping) and isinstance(other, Mapping) and all(one.get(k) == other.get(k) for k in _KEYS)
            for one, other in zip(before, after, strict=True)
        )
    )


def _without_selection(node: Node) -> dict[str, Any]:
    return {k: v for k, v in node.data.items() if k != "selected"}


def diff(before: Workflow, after: Workflow) -> WorkflowDiff:
    """What has to be done to `before` to get `after`; where the canvas was looked at does not count."""
    old, new = before.graph, after.graph
    moved, changed = [], {}
    for node_id, node in new.nodes.items():
        earlier = old.nodes.get(node_id)
        if earlier is None:
            continue
        found = tuple(changes(_without_selection(earlier), _without_selection(node)))
        if found or earlier.parent != node.parent:
            changed[node_id] = found
        elif (earlier.x, earlier.y, earlier.width, earlier.height) != (node.x, node.y, node.width, node.height):
            moved.append(node_id)
    return WorkflowDiff(
        tuple(n for n in new.nodes if n not in old.nodes),
        tuple(n for n in old.nodes if n not in new.nodes),
        tuple(moved),
        changed,
        tuple(e for e in new.edges if e not in old.edges),
        tuple(e for e in old.edges if e not in new.edges),
        tuple(changes(before.app.to_config(), after.app.to_config())),
        tuple(changes(before.features, after.features)),
        tuple(changes(_variables(before), _variables(after))),
        tuple(e for e, edge in new.edges.items() if e in old.edges and _ends(edge) != _ends(old.edges[e])),
    )


def _ends(edge: Edge) -> tuple[str, str, str, str]:
    return (edge.source, edge.source_handle, edge.target, edge.target_handle)


def _variables(workflow: Workflow) -> dict[str, dict[str, dict[str, Any]]]:
    """Variables by list and name; a secret shows whether it differs, never what it is."""
    lists = {
        "environment": workflow.environment_variables,
        "conversation": workflow.conversation_variables,
    }
    return {
        kind: {
            v.name: {
                "value_type": v.value_type,
                "value": _Hidden(v.value) if v.is_secret else v.value,
                "description": v.description,
            }
            for v in found
        }
        for kind, found in lists.items()
    }


@dataclass(frozen=True)
class _Hidden:
    """A secret value that can be compared and is shown as dots."""

    value: Any

    def __repr__(self) -> str:
        return "••••••"

    __str__ = __repr__
