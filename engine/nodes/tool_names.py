"""Parameters of a tool that means another one here: the file's names under the names that the other tool has.

The table is the workspace's (`tools.aliases`); the file and the node stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.nodes.base import NodeContext
from engine.nodes.tool_values import ToolInput, wrapped
from engine.ports.outside import ToolIdentity, ToolParameter


def names_of(ctx: NodeContext, identity: ToolIdentity) -> Mapping[str, str]:
    """The file's names of parameters and what they are called here; empty where nothing is renamed."""
    find = ctx.ports.extras.get("tool_names")
    found: Mapping[str, str] = find(identity) if find is not None else {}
    return found


def renamed(stored: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A node's values under the names of here. What stands under its own name wins over what is renamed to it."""
    found = {names[name]: value for name, value in stored.items() if name in names}
    return found | {name: value for name, value in stored.items() if name not in names}


def placed(
    given: Mapping[str, ToolInput], settings: Mapping[str, Any], declared: Sequence[ToolParameter]
) -> tuple[dict[str, ToolInput], dict[str, Any]]:
    """The same values where the tool of here has them: what was a setting of the file's tool may be an input here."""
    inputs, fixed = dict(given), dict(settings)
    for parameter in declared:
        name = parameter.name
        if parameter.form != "form" and name in fixed and name not in inputs:
            item = wrapped(fixed.pop(name))
            if item is not None:
                inputs[name] = item
    return inputs, fixed
