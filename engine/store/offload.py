"""Which part of a step's data stays in its row and which goes to a file, with a preview left behind (storage spec,
section 6). Reading and writing the files is the blob store's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from engine.run.limits import Limits
from engine.run.variables.truncation import Truncator
from engine.store.jsontext import dumps

Policy = Literal["never", "always", "selective", "sync_only"]
LARGE_BYTES = 64 * 1024
PREVIEW_BYTES = 8 * 1024
SHORT_PREVIEW_BYTES = 2 * 1024
WAITED_FOR = ("debugging", "single-step", "rag-pipeline-debugging")
"""What starts runs that a person looks at while they go on; chats are another."""


def policy_of(setting: Any) -> Policy:
    """The policy that a setting names; the default for a word that is none."""
    return cast(Policy, setting) if setting in get_args(Policy) else "selective"


@dataclass(frozen=True, slots=True)
class Offload:
    """The policy in force for one run."""

    policy: Policy = "selective"
    waited_for: bool = True

    def split(self, value: Mapping[str, Any], text: str) -> tuple[str, str | None]:
        """What the row keeps of a part, and what goes to a file (None: nothing). `text` is the part's JSON."""
        if self.policy == "never" or (self.policy == "sync_only" and not self.waited_for):
            return text, None
        if self.policy == "always":
            return (preview(value, text, SHORT_PREVIEW_BYTES), text) if value else (text, None)
        # Every character has one byte at least, so that most texts need no counting.
        if len(text) <= LARGE_BYTES // 4 or len(text.encode()) <= LARGE_BYTES:
            return text, None
        return preview(value, text, PREVIEW_BYTES), text


def preview(value: Mapping[str, Any], text: str, most: int) -> str:
    """JSON of the same shape in at most `most` bytes, texts and lists cut short."""
    if len(text) <= most // 4 or len(text.encode()) <= most:
        return text
    room = most
    while room > 16:
        limits = replace(Limits(), record_max_size=room, record_string_length=room, record_array_items=100)
        cut = dumps(Truncator(limits).truncate_mapping(value).value)
        if len(cut.encode()) <= most:
            return cut
        room //= 2
    return "{}"
