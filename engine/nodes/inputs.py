"""Named inputs from variables, as code and template nodes take them (nodes-logic spec 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from engine.nodes.base import NodeConfig
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import ArrayFileSegment, plain


class NamedInput(NodeConfig):
    """One input: its name and where its value comes from."""

    variable: str = ""
    value_selector: list[str] = Field(default_factory=list)

    @field_validator("value_selector", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return [str(v) for v in value] if isinstance(value, list | tuple) else []

    @field_validator("variable", mode="before")
    @classmethod
    def _name(cls, value: Any) -> Any:
        return "" if value is None else str(value)


def named_inputs(value: Any) -> Any:
    """A list of inputs as files have it; a bare selector is named by its last part (nodes-logic spec 18.2). What is no
    list stays for the model to refuse."""
    if value and not isinstance(value, list | tuple):
        return value
    found: list[Any] = []
    for item in value or []:
        if isinstance(item, list | tuple) and len(item) >= 2:
            found.append({"variable": str(item[-1]), "value_selector": list(item)})
        elif isinstance(item, dict):
            found.append(item)
    return found


def collect(inputs: Sequence[NamedInput], pool: VariablePool, *, empty_files_as_null: bool) -> dict[str, Any]:
    """The inputs as plain JSON data; a variable that does not exist is null."""
    values: dict[str, Any] = {}
    for item in inputs:
        segment = pool.get(item.value_selector) if len(item.value_selector) >= 2 else None
        if segment is None or (empty_files_as_null and isinstance(segment, ArrayFileSegment) and not segment.value):
            values[item.variable] = None
        else:
            values[item.variable] = _clear(segment)
    return values


def _clear(segment: Any) -> Any:
    """The value itself; secrets in clear, since the code needs them (records mask them)."""
    return segment.value if isinstance(segment.value, str) else plain(segment.value)
