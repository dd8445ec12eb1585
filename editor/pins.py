"""Pinned results: outputs that the next runs of the draft take over instead of running a step.

A pin holds whole outputs, as a run gave them or as a person wrote them. It is stale when the step was changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from editor.kept import KeptWithApp
from engine.model.hashing import canonical

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from engine.model.graph import Node

COSMETIC = ("title", "desc", "selected", "width", "height")
MASK = "*" * 12


@dataclass(frozen=True, slots=True)
class Pin:
    """Outputs of one step; `essence` is what the step's settings were."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    edited: bool = False
    pinned_at: str = ""
    essence: str = ""


def essence_of(node: Node) -> str:
    """A number for the settings of a node that change what it gives."""
    kept = {k: v for k, v in node.data.items() if k not in COSMETIC and not k.startswith("_")}
    return hashlib.sha256(canonical(kept)).hexdigest()[:16]


def has_mask(value: Any) -> bool:
    """Whether a secret was masked somewhere in a value: what stands there now is not what the step gave."""
    if isinstance(value, str):
        return MASK in value
    if isinstance(value, Mapping):
        return any(has_mask(v) for v in value.values())
    return isinstance(value, list) and any(has_mask(v) for v in value)


class Pins(KeptWithApp):
    """The pins of one workflow, by node."""

    def __init__(self, session: WorkflowSession) -> None:
        super().__init__(session, "pins")
        self.pins: dict[str, Pin] = {}
        self._dropped: set[str] = set()
        self.load()

    def to_json(self) -> dict[str, Any]:
        return {"pins": {node_id: asdict(pin) for node_id, pin in self.pins.items()}}

    def take(self, kept: Mapping[str, Any]) -> None:
        found = {}
        for node_id, data in kept.get("pins", {}).items():
            try:
                found[node_id] = Pin(**data)
            except TypeError:
                continue  # kept by another version of the program
        self.pins = {**{i: p for i, p in found.items() if i not in self._dropped}, **self.pins}

    def pin(self, node_id: str, outputs: Mapping[str, Any], *, edited: bool = False) -> None:
        """The next runs take `outputs` instead of running the node."""
        node = self._session.document.graph.nodes[node_id]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.pins[node_id] = Pin(dict(outputs), edited, now, essence_of(node))
        self.keep()

    def unpin(self, node_id: str) -> None:
        """The node runs again."""
        self._dropped.add(node_id)
        if self.pins.pop(node_id, None) is not None:
            self.keep()

    def unpin_all(self) -> None:
        """All nodes run again."""
        self._dropped |= set(self.pins)
        self.pins.clear()
        self.keep()

    def is_stale(self, node_id: str) -> bool:
        """Whether the settings of a pinned node are other than when it was pinned."""
        pin, node = self.pins.get(node_id), self._session.document.graph.nodes.get(node_id)
        return pin is not None and node is not None and pin.essence != essence_of(node)

    def present(self) -> dict[str, Pin]:
        """The pins of nodes that are in the graph, in its order."""
        return {i: self.pins[i] for i in self._session.document.graph.nodes if i in self.pins}

    def settings(self) -> dict[str, Any] | None:
        """What a run of the whole workflow is started with."""
        return {node_id: dict(pin.outputs) for node_id, pin in self.present().items()} or None
