"""What the variables of a loop were after each of its rounds, for the record: as they are while that is not much, and
cut short from then on, so that a long loop with large values holds no more than a short one (engine spec 5.3, 6.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.run.limits import Limits
from engine.run.variables.truncation import Truncator, size

SHORT: Final = 240
"""Characters of a round's values, roughly, once the whole has become large."""


class RoundMap:
    """Round number, as text, to name and value; `is_cut` when values were shortened."""

    def __init__(self, limits: Limits) -> None:
        self.rounds: dict[str, dict[str, Any]] = {}
        self.is_cut = False
        self._left = limits.record_max_size
        self._short = Truncator(replace(limits, record_max_size=SHORT))

    def add(self, index: int, values: dict[str, Any]) -> None:
        """Keep the values after one round; plain JSON data."""
        cost = size(values)
        if cost > self._left:
            cut = self._short.truncate_mapping(values)
            values, self.is_cut = cut.value, self.is_cut or cut.truncated
        else:
            self._left -= cost
        self.rounds[str(index)] = values

    def load(self, rounds: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self.rounds, self.is_cut = {}, False
        for index, values in rounds.items():
            self.add(int(index), dict(values))
