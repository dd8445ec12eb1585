"""Earlier turns of a conversation for nodes with a memory (the `ChatMemory` door)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.ports.memory import StoredTurn

if TYPE_CHECKING:
    from engine.store.debug import DebugStore


class StoredMemory:
    """Reads the log of conversations; the turn that is being answered now counts as the newest row."""

    def __init__(self, store: DebugStore) -> None:
        self._store = store

    async def turns(self, conversation_id: str, limit: int) -> Sequence[StoredTurn]:
        """The newest rows, newest first."""
        rows = await asyncio.to_thread(self._store.history, conversation_id, max(0, limit - 1))
        found: list[StoredTurn] = []
        parent: str | None = None
        for row in rows:
            found.append(StoredTurn(row["id"], row["query"], row["answer"], parent))
            parent = row["id"]
        found.append(StoredTurn("current", "", "", parent))
        return found[::-1]
