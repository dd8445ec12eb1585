"""Finds node types: their description at once, their behaviour when a run first needs it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.nodes.spec import NodeSpec
from engine.nodes.specs import ai, boundary, logic

if TYPE_CHECKING:
    from engine.nodes.base import Node

SPECS: Mapping[str, NodeSpec] = MappingProxyType(
    {entry.type: entry for entry in (*boundary.SPECS, *ai.SPECS, *logic.SPECS)}
)

# Older and pre-release names of the same types; files keep the name they came with (nodes-logic spec 1.1).
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "variable-assigner": "variable-aggregator",
        "doc-extractor": "document-extractor",
        "list-filter": "list-operator",
    }
)


def canonical(node_type: str) -> str:
    """The present name of a node type."""
    return ALIASES.get(node_type, node_type)


def spec(node_type: str) -> NodeSpec | None:
    """The description of a node type under any of its names, or None."""
    return SPECS.get(canonical(node_type))


@lru_cache(maxsize=256)
def node_class(node_type: str, version: str = "1") -> type[Node[Any]]:
    """The behaviour of a node type; an unknown version takes the newest there is (engine spec 3.1).

    Raises UserError `node.unknown_type`.
    """
    found = spec(node_type)
    if found is None:
        raise UserError(
            f"Penstock does not know the node type {node_type!r}.",
            code="node.unknown_type",
            hint="The node is kept in the file; remove it or take it off the path to run the rest.",
        )
    module, name = found.behaviour.split(":")
    loaded: Any = getattr(import_module(module), name)
    choose = getattr(loaded, "for_version", None)
    chosen: type[Node[Any]] = choose(version) if choose else loaded
    return chosen
