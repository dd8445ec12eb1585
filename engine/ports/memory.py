"""Earlier turns of a conversation, as nodes with a memory read them (nodes-ai spec 1.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class StoredTurn:
    """One message row: what the person asked and what was answered, with files in their stored form.

    `parent_id` None or empty = the first of its thread. `answer` is empty while the turn is being answered.
    """

    id: str
    query: str
    answer: str
    parent_id: str | None = None
    query_files: tuple[Mapping[str, Any], ...] = ()
    answer_files: tuple[Mapping[str, Any], ...] = ()


class ChatMemory(Protocol):
    """The stored conversations; `Ports.extras["memory"]`."""

    async def turns(self, conversation_id: str, limit: int) -> Sequence[StoredTurn]:
        """The newest `limit` rows, newest first, the current unanswered one included; none for an unknown id."""
        ...
