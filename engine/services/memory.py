"""Earlier turns of a conversation for nodes with a memory (the `ChatMemory` door)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.ports.memory import StoredTurn

if TYPE_CHECKING:
    from engine.store.debug import DebugStore


class StoredMemory:
    """Reads the log of conversations; the turn that is being answered now counts as the newest row."""

    def __init__(self, store: DebugStore) -> None:
        self._store = store
        self._following: dict[str, str] = {}

    def follow(self, conversation_id: str, parent_id: str | None) -> None:
        """Say which message the turn that begins now comes after: None = the newest, empty = none."""
        if parent_id is None:
            self._following.pop(conversation_id, None)
        else:
            self._following[conversation_id] = parent_id

    async def turns(self, conversation_id: str, limit: int) -> Sequence[StoredTurn]:
        """The newest rows, newest first."""
        rows = await asyncio.to_thread(self._store.history, conversation_id, max(0, limit - 1))
        found: list[StoredTurn] = []
        parent: str | None = None
        for row in rows:
            about = row["metadata"]
            # A turn that was asked for once more follows what the first try followed.
            parent = about.get("parent_message_id", parent)
            files = tuple(f for f in about.get("files") or () if isinstance(f, Mapping))
            found.append(StoredTurn(row["id"], row["query"], row["answer"], parent, files))
            parent = row["id"]
        found.append(StoredTurn("current", "", "", self._following.get(conversation_id, parent)))
        return found[::-1]
