"""Names of blocks that can be added: a node type, `tool:` and the settings of a tool node as JSON, or `snippet:` and
the id of a snippet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TOOL = "tool:"
SNIPPET = "snippet:"


def tool_block(settings: Mapping[str, Any]) -> str:
    """The block name of a tool."""
    return TOOL + json.dumps(settings, ensure_ascii=False)


def snippet_block(snippet_id: str) -> str:
    """The block name of a snippet."""
    return SNIPPET + snippet_id


def snippet_of(block: str) -> str:
    """The id of the snippet that a block is; an empty text for other blocks."""
    return block.removeprefix(SNIPPET) if block.startswith(SNIPPET) else ""


def type_of(block: str) -> str:
    """The node type that a block makes."""
    return "tool" if block.startswith(TOOL) else block


def settings_of(block: str) -> dict[str, Any]:
    """What the node of a block has beyond the defaults of its type."""
    if not block.startswith(TOOL):
        return {}
    found = json.loads(block.removeprefix(TOOL))
    return found if isinstance(found, dict) else {}


def title_of(block: str) -> str:
    """What a block is called by itself; an empty text for a bare type."""
    return str(settings_of(block).get("tool_label") or "")
