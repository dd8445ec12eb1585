"""Cutting large values for records and draft variables, never in the running pool (engine spec 6.10)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.run.limits import Limits
from engine.run.variables.files import is_file_mapping
from engine.run.variables.segments import plain

MARK = "..."
SMALL_COUNT, SMALL_LENGTH = 16, 1_000
_SCALARS = frozenset({int, float, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Cut:
    """A value small enough for a row, and whether anything was left out."""

    value: Any
    truncated: bool


class Truncator:
    """Cuts JSON data to the sizes of the limit table. Sizes are estimates of the JSON text's length."""

    def __init__(self, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.max_size = limits.record_max_size
        self.string_length = limits.record_string_length
        self.array_items = limits.record_array_items

    def is_small(self, values: Mapping[str, Any]) -> bool:
        """Whether nothing of these values can have to be cut: a few short ones. Cheap; False only means to look."""
        if not values:
            return True
        if len(values) > SMALL_COUNT or self.max_size < SMALL_COUNT * SMALL_LENGTH * 2:
            return False
        for key, value in values.items():
            kind = type(value)
            if kind is str:
                if len(value) + len(key) > SMALL_LENGTH:
                    return False
            elif (value and kind not in _SCALARS) or len(key) > SMALL_LENGTH:
                return False
        return True

    def truncate(self, value: Any) -> Cut:
        """One variable's value."""
        value = plain(value)
        target = self.string_length if isinstance(value, str) else self.max_size
        cut, _, truncated = self._cut(value, target)
        if truncated and not isinstance(cut, str) and size(cut) > self.max_size:
            text = json.dumps(cut, ensure_ascii=False, sort_keys=True)
            return Cut(text[: self.max_size] + MARK, True)
        return Cut(cut, truncated)

    def truncate_mapping(self, values: Mapping[str, Any]) -> Cut:
        """Inputs, outputs or process data: each key an equal share of what is left, `...` beyond the budget."""
        if not values:
            return Cut({}, False)
        values = plain(values if type(values) is dict else dict(values))
        if size(values) <= self.max_size and not self._has_long_lists(values):
            return Cut(values, False)
        left = self.max_size
        done: dict[str, Any] = {}
        truncated = False
        for number, (key, value) in enumerate(values.items()):
            left -= len(key) + 4
            if left <= 0:
                done[key], truncated = MARK, True
                continue
            share = left // (len(values) - number)
            cut, used, changed = self._cut(value, share)
            done[key] = cut
            left -= used
            truncated = truncated or changed
        return Cut(done, truncated)

    def _has_long_lists(self, value: Any) -> bool:
        if isinstance(value, list):
            return len(value) > self.array_items or any(self._has_long_lists(item) for item in value)
        if isinstance(value, dict):
            return any(self._has_long_lists(item) for item in value.values())
        return False

    def _cut(self, value: Any, target: int) -> tuple[Any, int, bool]:
        if isinstance(value, str):
            return self._cut_string(value, target)
        if _never_cut(value):
            return value, size(value), False
        if isinstance(value, list):
            return self._cut_list(value, target)
        if isinstance(value, dict):
            return self._cut_object(value, target)
        return value, size(value), False

    def _cut_string(self, value: str, target: int) -> tuple[str, int, bool]:
        if len(value) + 2 < target:
            return value, len(value) + 2, False
        if target < 5:
            return MARK, 5, True
        cut = value[: min(self.string_length, target - 5)] + MARK
        return cut, len(cut) + 2, True

    def _cut_list(self, value: list[Any], target: int) -> tuple[list[Any], int, bool]:
        done: list[Any] = []
        used, truncated = 2, len(value) > self.array_items
        for item in value[: self.array_items]:
            if used >= target:
                truncated = True
                break
            comma = 1 if done else 0
            cut, cost, changed = self._cut(item, target - used - comma)
            done.append(cut)
            used += cost + comma
            truncated = truncated or changed
        return done, used, truncated

    def _cut_object(self, value: dict[str, Any], target: int) -> tuple[dict[str, Any], int, bool]:
        done: dict[str, Any] = {}
        used, truncated = 2, False
        keys = sorted(value)
        for number, key in enumerate(keys):
            room = target - used - len(key) - 4
            if room <= 0:
                truncated = True
                break
            cut, cost, changed = self._cut(value[key], room // (len(keys) - number))
            done[key] = cut
            used += len(key) + 4 + cost
            truncated = truncated or changed
        return done, used, truncated


def _never_cut(value: Any) -> bool:
    if value is None or isinstance(value, (int, float)):
        return True
    return is_file_mapping(value) or (isinstance(value, list) and bool(value) and is_file_mapping(value[0]))


def size(value: Any) -> int:
    """Rough length of the JSON text of `value`."""
    kind = type(value)
    if kind is str:
        return len(value) + 2
    if kind is dict:
        return 2 + sum([len(k) + 4 + size(v) for k, v in value.items()])
    if kind is list:
        return 2 + len(value) + sum(map(size, value))
    if value is None:
        return 4
    if isinstance(value, bool):
        return 4 if value else 5
    if isinstance(value, (int, float)):
        return len(str(value))
    return len(str(value)) + 2
