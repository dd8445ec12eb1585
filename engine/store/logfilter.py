"""Which runs of the log are wanted, and in which order: plain data that can be kept as a saved filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

SORTS: Final = ("started", "elapsed", "tokens", "price", "status", "workflow", "version", "trigger")
STATUSES: Final = ("succeeded", "partial-succeeded", "failed", "stopped", "running", "paused", "scheduled")

Cursor = tuple[Any, str, str]
"""Where the next page begins: the sorted value, the start and the id of the last row before."""


@dataclass(frozen=True)
class RunFilter:
    """Every condition that is given must hold. Times are UTC texts; `keyword` is looked for in inputs, outputs, errors
    and names of steps, `node` is the id of a step or a part of its title, `error` a part of the error's text."""

    app_id: str = ""
    statuses: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    keyword: str = ""
    version: str = ""
    node: str = ""
    error: str = ""
    trigger: str = ""
    conversation_id: str = ""
    pinned: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Does it let everything through?"""
        return self == RunFilter()

    def to_json(self) -> dict[str, Any]:
        """What is not at its default."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunFilter:
        """The inverse of `to_json`; what is not known is left out."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
        return cls(**values)
