"""The few names that the whole model shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

NodeId = str
EdgeId = str
Json = Any
FieldPath = tuple[str | int, ...]


VALUE_TYPES: Final = (
    "string",
    "number",
    "boolean",
    "object",
    "array[string]",
    "array[number]",
    "array[object]",
    "array[boolean]",
)
"""What settings can declare a value to be: outputs of code, variables of loops and chats, fields of a schema."""


class Missing(Enum):
    """The absence of a value, told apart from null."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING


def whole(value: float) -> float:
    """A whole number without a point, as files have places and sizes; others as they are."""
    return int(value) if value == int(value) else value


def get_path(data: Any, path: FieldPath) -> Json | Missing:
    """The value below `data` at `path`, or MISSING when a step does not exist."""
    for step in path:
        if (isinstance(data, Mapping) and step in data) or (
            isinstance(data, Sequence) and not isinstance(data, str) and isinstance(step, int) and 0 <= step < len(data)
        ):
            data = data[step]  # type: ignore[index, unused-ignore]
        else:
            return MISSING
    return data


def set_path(data: Any, path: FieldPath, value: Json | Missing) -> Any:
    """A copy of `data` with `value` at `path`; MISSING removes the key. Mappings on the way are made where missing.

    A place just behind the end of a list appends. Raises TypeError when a step goes through something that is not a
    mapping or a list as the step wants it, IndexError for a place that a list does not have.
    """
    if not path:
        return value
    if value is MISSING and get_path(data, path) is MISSING:
        return data
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        if data is not None and (isinstance(data, str) or not isinstance(data, Sequence)):
            raise TypeError(f"cannot set place {step} of {type(data).__name__}")
        items = list(data or ())
        if not 0 <= step <= len(items):
            raise IndexError(f"there is no place {step}")
        if step == len(items):
            items.append(None)
        if rest:
            items[step] = set_path(items[step], rest, value)
        elif value is MISSING:
            del items[step]
        else:
            items[step] = value
        return items
    if data is not None and not isinstance(data, Mapping):
        raise TypeError(f"cannot set {step!r} inside {type(data).__name__}")
    mapping = dict(data or {})
    if rest:
        mapping[step] = set_path(mapping.get(step), rest, value)
    elif value is MISSING:
        mapping.pop(step, None)
    else:
        mapping[step] = value
    return mapping
