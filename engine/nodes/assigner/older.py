"""Version 1 of the assigner: one target, three modes, no type check (nodes-logic spec 7.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import ArraySegment, zero_value


def write_value(pool: VariablePool, target: Sequence[str], mode: str, source: Sequence[str]) -> tuple[Any, str]:
    """The value to write and the target's type. Raises ValueError: target or input missing, append to no list,
    no zero value."""
    before = pool.get_variable(target)
    if before is None:
        raise ValueError(f"The variable {'.'.join(target)} to write to was not found.")
    if mode == "clear":
        return zero_value(before.type).value, before.type
    found = pool.get(source)
    if found is None:
        raise ValueError(f"The variable {'.'.join(source)} to read from was not found.")
    if mode == "over-write":
        return found.value, before.type
    if not isinstance(before, ArraySegment):
        raise ValueError(f"Nothing can be appended to {'.'.join(target)}, which is of type {before.type}.")
    return [*before.value, found.value], before.type
