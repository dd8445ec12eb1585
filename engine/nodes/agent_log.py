"""The tree of what an agent did: rounds, thoughts and calls, told as events and kept for the record (nodes-ai 14.3)."""

from __future__ import annotations

from typing import Any

from engine.nodes.base import NodeContext
from engine.ports.models import Usage


class AgentLog:
    """Entries in the order of their start; an entry that ends is updated in place and told again."""

    def __init__(self, ctx: NodeContext) -> None:
        self._ctx = ctx
        self._clock = ctx.clock
        self._entries: dict[str, dict[str, Any]] = {}
        self._began: dict[str, float] = {}

    @property
    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries.values())

    def start(self, label: str, *, parent: str | None = None, data: Any = None, metadata: Any = None) -> str:
        """Begin an entry and give its id."""
        entry_id = self._ctx.ids.uuid()
        self._began[entry_id] = self._clock.monotonic()
        self._entries[entry_id] = {
            "id": entry_id,
            "parent_id": parent,
            "error": None,
            "status": "start",
            "data": data if data is not None else {},
            "label": label,
            "metadata": {"started_at": self._clock.monotonic(), **(metadata or {})},
            "node_id": self._ctx.node_id,
        }
        self._tell(entry_id)
        return entry_id

    def end(self, entry_id: str, data: Any, *, error: str = "", usage: Usage | None = None, provider: str = "") -> None:
        """End an entry, as an error when there is one."""
        entry = self._entries[entry_id]
        now = self._clock.monotonic()
        metadata = {
            **entry["metadata"],
            "finished_at": now,
            "elapsed_time": round(now - self._began[entry_id], 6),
        }
        if provider:
            metadata["provider"] = provider
        if usage is not None:
            metadata["total_price"] = f"{usage.total_price:f}"
            metadata["currency"] = usage.currency
            metadata["total_tokens"] = usage.total_tokens
        self._entries[entry_id] = {
            **entry,
            "status": "error" if error else "success",
            "error": error or None,
            "data": data,
            "metadata": metadata,
        }
        self._tell(entry_id)

    def _tell(self, entry_id: str) -> None:
        entry = self._entries[entry_id]
        self._ctx.emit(
            "NodeRunAgentLog",
            {
                "message_id": entry_id,
                "label": entry["label"],
                "node_execution_id": self._ctx.execution_id,
                "parent_id": entry["parent_id"],
                "error": entry["error"],
                "status": entry["status"],
                "data": entry["data"],
                "metadata": entry["metadata"],
            },
        )
