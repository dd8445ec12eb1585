"""A JSON schema of objects as its editor changes it: pure functions, each answers a new schema.

A place is the way of keys to a schema: `()` the whole, `("properties", "a")` a field, `("properties", "a", "items")`
what its list holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Place = tuple[str, ...]
Schema = dict[str, Any]
MOST_ITEMS: Final = 200
DEEPEST: Final = 10
EMPTY: Final[Mapping[str, Any]] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def is_schema(value: Any) -> bool:
    """Whether a value is the schema of an object, which an answer is."""
    return isinstance(value, Mapping) and value.get("type") == "object"


def at(schema: Mapping[str, Any], place: Place) -> Schema:
    """The schema at a place; an empty one where there is none."""
    found: Any = schema
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def put(schema: Mapping[str, Any], place: Place, value: Any) -> Schema:
    """The schema with another one at a place."""
    if not place:
        return dict(value)
    inner = schema.get(place[0])
    return {**schema, place[0]: put(inner if isinstance(inner, Mapping) else {}, place[1:], value)}


def fields(schema: Mapping[str, Any]) -> dict[str, Schema]:
    """The fields of an object in their order."""
    found = schema.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return {str(name): dict(field) if isinstance(field, Mapping) else {} for name, field in found.items()}


def required(schema: Mapping[str, Any]) -> list[str]:
    """The fields of an object that must be there."""
    found = schema.get("required")
    return [str(name) for name in found] if isinstance(found, list) else []


def inside(field: Mapping[str, Any], place: Place) -> Place | None:
    """Where the fields of a field stand: its own, or those of what its list holds; None for plain values."""
    kind = type_of(field)
    return place if kind == "object" else (*place, "items") if kind == "array[object]" else None


def type_of(field: Mapping[str, Any]) -> str:
    """A field's type in the words of the format."""
    kind = field.get("type", "string")
    if not isinstance(kind, str):
        return str(kind)
    if kind != "array":
        return kind
    items = field.get("items")
    return f"array[{items.get('type', 'string')}]" if isinstance(items, Mapping) else "array[string]"


def with_type(kind: str, field: Mapping[str, Any]) -> Schema:
    """A field after its type changed: what it is called for stays, and its own fields where it still has some."""
    kept = {k: v for k, v in field.items() if k == "description"}
    if kind in ("string", "number") and type_of(field) == kind and "enum" in field:
        kept["enum"] = field["enum"]
    before = inside(field, ())
    own = at(field, before) if before is not None else dict(EMPTY)
    shape = {k: own.get(k, EMPTY[k]) for k in EMPTY}
    if kind == "array[object]":
        return {**kept, "type": "array", "items": shape}
    if kind.startswith("array["):
        return {**kept, "type": "array", "items": {"type": kind[6:-1]}}
    if kind == "object":
        return {**kept, **shape}
    return {**kept, "type": kind}


def added(schema: Mapping[str, Any], place: Place) -> tuple[Schema, str]:
    """One more field in the object at a place, and its name."""
    whole = at(schema, place)
    known = fields(whole)
    name = next(n for i in range(1, len(known) + 2) if (n := f"field{i}") not in known)
    whole = {**EMPTY, **whole, "properties": {**known, name: {"type": "string"}}}
    whole["required"] = [*required(whole), name]
    return put(schema, place, whole), name


def removed(schema: Mapping[str, Any], place: Place, name: str) -> Schema:
    """Without a field of the object at a place."""
    whole = at(schema, place)
    whole["properties"] = {k: v for k, v in fields(whole).items() if k != name}
    whole["required"] = [r for r in required(whole) if r != name]
    return put(schema, place, whole)


def renamed(schema: Mapping[str, Any], place: Place, old: str, new: str) -> Schema:
    """With another name for a field; its place in the order stays."""
    whole = at(schema, place)
    whole["properties"] = {(new if k == old else k): v for k, v in fields(whole).items()}
    whole["required"] = [new if r == old else r for r in required(whole)]
    return put(schema, place, whole)


def needed(schema: Mapping[str, Any], place: Place, name: str, *, on: bool) -> Schema:
    """With a field that must be there, or need not."""
    whole = at(schema, place)
    others = [r for r in required(whole) if r != name]
    whole["required"] = [n for n in fields(whole) if n in others or (on and n == name)]
    return put(schema, place, whole)


def from_sample(value: Any, depth: int = 0) -> Schema:
    """The schema of a value that somebody gives as an example: every field of it is needed."""
    if isinstance(value, Mapping):
        if depth >= DEEPEST:
            return {"type": "object"}
        names = [str(name) for name in value]
        inner = {str(name): from_sample(item, depth + 1) for name, item in value.items()}
        return {"type": "object", "properties": inner, "required": names, "additionalProperties": False}
    if isinstance(value, list):
        return {"type": "array", "items": _of_items(value[:MOST_ITEMS], depth)}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int | float):
        return {"type": "number"}
    return {"type": "string"}


def _of_items(items: list[Any], depth: int) -> Schema:
    """What a list holds: objects are laid over each other, and only what all of them have is needed."""
    found = [from_sample(item, depth + 1) for item in items]
    if not found:
        return {"type": "string"}
    if any(schema["type"] != found[0]["type"] for schema in found):
        return {"type": "string"}
    if found[0]["type"] != "object" or "properties" not in found[0]:
        return found[0]
    merged: dict[str, Any] = {}
    for schema in found:
        for name, field in schema.get("properties", {}).items():
            merged.setdefault(name, field)
    always = [name for name in merged if all(name in schema.get("properties", {}) for schema in found)]
    return {"type": "object", "properties": merged, "required": always, "additionalProperties": False}
