"""The conversation so far, as messages or as text (nodes-ai spec 1.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.nodes.base import NodeContext
from engine.nodes.llm_config import MemoryConfig
from engine.nodes.llm_files import content_of
from engine.ports.models import ContentPart, Message, ModelInfo
from engine.run.variables.files import file_from_mapping

if TYPE_CHECKING:
    from engine.ports.memory import ChatMemory, StoredTurn

MOST_TURNS = 500
NULL_PARENT = "00000000-0000-0000-0000-000000000000"
UNKNOWN_CONTEXT_LIMIT = 2000


async def history(
    ctx: NodeContext, memory: MemoryConfig, info: ModelInfo, *, max_tokens: int, used_tokens: int, always: bool
) -> list[Message]:
    """Earlier messages, oldest first, cut to the window and to the tokens that are free.

    `always`: the window's size counts whether it is switched on or not. Without a stored conversation: nothing.
    """
    store: ChatMemory | None = ctx.ports.extras.get("memory")
    conversation = str(ctx.run.get("conversation_id") or "")
    if store is None or not conversation:
        return []
    size = memory.window_size if (memory.window_enabled or always) else None
    limit = min(size, MOST_TURNS) if size and size > 0 else MOST_TURNS
    turns = thread(await store.turns(conversation, limit))
    messages: list[Message] = []
    for turn in reversed(turns):
        messages.append(await _message(ctx, "user", turn.query, turn.query_files))
        messages.append(await _message(ctx, "assistant", turn.answer, turn.answer_files))
    messages = [m for m in messages if m.content]
    free = UNKNOWN_CONTEXT_LIMIT
    if info.context_size is not None:
        free = max(0, info.context_size - max_tokens - used_tokens)
    return await _fitted(ctx, info, messages, free)


def thread(turns: Sequence[StoredTurn]) -> list[StoredTurn]:
    """The rows (newest first) that lead to the newest one; regenerated siblings and the open turn are left out."""
    found: list[StoredTurn] = []
    wanted: str | None = None
    for turn in turns:
        if found and turn.id != wanted:
            continue
        found.append(turn)
        wanted = turn.parent_id
        if not wanted or wanted == NULL_PARENT:
            break
    if found and not found[0].answer:
        found = found[1:]
    return found


async def _message(ctx: NodeContext, role: str, text: str, files: Sequence[object]) -> Message:
    said: str | tuple[ContentPart, ...] = text
    if files:
        contents = [await content_of(file_from_mapping(f), ctx.ports) for f in files]  # type: ignore[arg-type]
        said = (*contents, *((ContentPart("text", text),) if text else ()))
    return Message("user" if role == "user" else "assistant", said)


async def _fitted(ctx: NodeContext, info: ModelInfo, messages: list[Message], free: int) -> list[Message]:
    """Without the oldest messages that do not fit; at least one stays."""
    models = ctx.ports.models
    if models is None or not messages:
        return messages
    # Counting may ask a local model's tokenizer, which is short but blocking.
    total = await asyncio.to_thread(models.count_tokens, info.ref, messages)
    if total <= free:
        return messages
    costs = await asyncio.to_thread(lambda: [models.count_tokens(info.ref, [m]) for m in messages])
    while total > free and len(messages) > 1:
        total -= costs.pop(0)
        messages = messages[1:]
    return messages


def as_text(messages: Sequence[Message], user: str = "Human", assistant: str = "Assistant") -> str:
    """History for models that take one text: a line a message, images as a mark."""
    lines = []
    for message in messages:
        if message.role not in ("user", "assistant"):
            continue
        text = message.text
        if not isinstance(message.content, str):
            marks = ["[image]" for part in message.content if part.kind == "image"]
            text = "\n".join([*([text] if text else []), *marks])
        lines.append(f"{user if message.role == 'user' else assistant}: {text}")
    return "\n".join(lines)
