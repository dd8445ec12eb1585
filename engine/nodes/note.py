"""Things that only the canvas knows (nodes-logic spec, section 16). The engine leaves them out of every graph; asked
to run alone, they say what they are."""

from __future__ import annotations

from typing import ClassVar

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult


class NoteNode(Node[NodeConfig]):
    """A note. Its `data.type` is the empty text."""

    node_type: ClassVar[str] = ""

    def run(self, ctx: NodeContext) -> NodeResult:  # noqa: ARG002
        return NodeResult.failed("A note cannot be run.")


class PlaceholderNode(Node[NodeConfig]):
    """Stands where a start node or a data source is still to be chosen."""

    node_type: ClassVar[str] = "start-placeholder"

    def run(self, ctx: NodeContext) -> NodeResult:
        return NodeResult.failed(f"{ctx.title or 'The placeholder'} cannot be run: choose a start node in its place.")
