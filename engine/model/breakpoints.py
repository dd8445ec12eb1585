"""Breakpoints: what a person says about where a run is to be held. What holds it is `engine.run.debug`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where a run is held: before a node begins, or with `on_failure` after it failed for good.

    `condition` is an expression (`debug_condition.py`); an empty one is always met. Of the times that it is met, `hits`
    holds from that one on (`from`), at that one alone (`at`) or at every so many (`every`); 0 = at each.
    """

    node_id: str
    condition: str = ""
    hits: int = 0
    hit_mode: Literal["from", "at", "every"] = "from"
    on_failure: bool = False

    def counts(self, count: int) -> bool:
        """Does the `count`-th time hold?"""
        if not self.hits:
            return True
        if self.hit_mode == "every":
            return count % self.hits == 0
        return count == self.hits if self.hit_mode == "at" else count >= self.hits

    @property
    def is_plain(self) -> bool:
        """Does it hold always?"""
        return not (self.condition or self.hits or self.on_failure)

    def to_json(self) -> str | dict[str, Any]:
        """JSON data, a plain one as its node's id; `of` reads both."""
        return self.node_id if self.is_plain else asdict(self)

    @classmethod
    def of(cls, data: Breakpoint | str | Mapping[str, Any]) -> Breakpoint:
        """The inverse of `to_json`."""
        if isinstance(data, cls):
            return data
        return cls(data) if isinstance(data, str) else cls(**data)  # type: ignore[arg-type]
