"""Typed values (engine spec 6.2, 6.3). A segment never changes, and neither may the value inside it: nodes that
alter a list or an object build a new one, so that pools can share values without copying them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from engine.run.variables.files import File, is_file_mapping, revive

FileValue = File

ARRAY_TYPES: Final = (
    "array[any]",
    "array[string]",
    "array[number]",
    "array[object]",
    "array[file]",
    "array[boolean]",
)


class SegmentProblem(ValueError):
    """A value that no segment can hold, or that is not of the wanted type."""


class Segment:
    """A typed value with three renderings: `text` for prompts and code, `markdown` for people, `log` for records."""

    __slots__ = ("value",)
    type: ClassVar[str] = "none"

    def __init__(self, value: Any = None) -> None:
        self.value = value

    @property
    def text(self) -> str:
        return str(self.value)

    @property
    def markdown(self) -> str:
        return self.text

    @property
    def log(self) -> str:
        return self.text

    @property
    def size(self) -> int:
        """Rough size in bytes, for limits on single variables."""
        return len(self.text.encode("utf-8", "surrogatepass"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Segment) and self.type == other.type and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.type} {self.log[:60]!r}>"


class NoneSegment(Segment):
    """A value that is there and is null."""

    __slots__ = ()
    type = "none"

    @property
    def text(self) -> str:
        return ""


class StringSegment(Segment):
    """Text."""

    __slots__ = ()
    type = "string"

    @property
    def text(self) -> str:
        return str(self.value)


class IntegerSegment(Segment):
    """A whole number."""

    __slots__ = ()
    type = "integer"


class FloatSegment(Segment):
    """A number with a fraction."""

    __slots__ = ()
    type = "float"


class BooleanSegment(Segment):
    """True or false; shown as `True` and `False`."""

    __slots__ = ()
    type = "boolean"


class ObjectSegment(Segment):
    """A mapping."""

    __slots__ = ()
    type = "object"

    @property
    def text(self) -> str:
        return json.dumps(plain(self.value), ensure_ascii=False)

    @property
    def markdown(self) -> str:
        return json.dumps(plain(self.value), ensure_ascii=False, indent=2)

    @property
    def log(self) -> str:
        return self.markdown


class SecretSegment(Segment):
    """A declared secret: clear for nodes, hidden in records."""

    __slots__ = ()
    type = "secret"

    @property
    def log(self) -> str:
        return obfuscate(self.value)


class FileSegment(Segment):
    """One file; its text is empty on purpose."""

    __slots__ = ()
    type = "file"

    @property
    def text(self) -> str:
        return ""

    @property
    def markdown(self) -> str:
        return str(self.value.markdown)


class ArraySegment(Segment):
    """A list of anything."""

    __slots__ = ()
    type = "array[any]"

    @property
    def text(self) -> str:
        return str(plain(self.value)) if self.value else ""

    @property
    def markdown(self) -> str:
        return "\n".join(f"- {item}" for item in plain(self.value))

    @property
    def log(self) -> str:
        return str(plain(self.value))


class ArrayAnySegment(ArraySegment):
    """A list of mixed things, or an empty one whose kind is not known."""

    __slots__ = ()


class ArrayStringSegment(ArraySegment):
    """A list of texts."""

    __slots__ = ()
    type = "array[string]"

    @property
    def text(self) -> str:
        return json.dumps(self.value, ensure_ascii=False) if self.value else ""


class ArrayNumberSegment(ArraySegment):
    """A list of numbers."""

    __slots__ = ()
    type = "array[number]"


class ArrayObjectSegment(ArraySegment):
    """A list of mappings."""

    __slots__ = ()
    type = "array[object]"


class ArrayBooleanSegment(ArraySegment):
    """A list of booleans."""

    __slots__ = ()
    type = "array[boolean]"


class ArrayFileSegment(ArraySegment):
    """A list of files; its text is empty on purpose."""

    __slots__ = ()
    type = "array[file]"

    @property
    def text(self) -> str:
        return ""

    @property
    def markdown(self) -> str:
        return "\n".join(item.markdown for item in self.value)

    @property
    def log(self) -> str:
        return ""


_BY_TYPE: dict[str, type[Segment]] = {
    kind.type: kind
    for kind in (
        NoneSegment,
        StringSegment,
        IntegerSegment,
        FloatSegment,
        BooleanSegment,
        ObjectSegment,
        SecretSegment,
        FileSegment,
        ArrayAnySegment,
        ArrayStringSegment,
        ArrayNumberSegment,
        ArrayObjectSegment,
        ArrayBooleanSegment,
        ArrayFileSegment,
    )
}
NONE: Final = NoneSegment(None)


def obfuscate(secret: str) -> str:
    """A secret as records show it: nothing for nothing, 20 stars when short, else its two ends."""
    if not secret:
        return ""
    if len(secret) <= 8:
        return "*" * 20
    return secret[:6] + "*" * 12 + secret[-2:]


def _array(value: Any) -> Segment:
    items = list(value) if type(value) is not list else value
    if not items:
        return ArrayAnySegment(items)
    kinds = {type(item) for item in items}
    if len(kinds) == 1:
        kind = kinds.pop()
        found = _ELEMENTS.get(kind)
        if found is not None:
            return found(items)
        return _array_of_subclasses(items)
    if kinds == {int, float}:
        return ArrayNumberSegment(items)
    return _array_of_subclasses(items)


def _array_of_subclasses(items: list[Any]) -> Segment:
    segments = [build_segment(item) for item in items]
    kinds = {segment.type for segment in segments}
    if kinds <= {"integer", "float"}:
        return ArrayNumberSegment(items)
    if len(kinds) == 1:
        found = _ELEMENTS_BY_SEGMENT.get(kinds.pop())
        if found is not None:
            return found(items)
    return ArrayAnySegment(items)


_ELEMENTS: dict[type, type[Segment]] = {
    str: ArrayStringSegment,
    dict: ArrayObjectSegment,
    File: ArrayFileSegment,
    bool: ArrayBooleanSegment,
    int: ArrayNumberSegment,
    float: ArrayNumberSegment,
}
_ELEMENTS_BY_SEGMENT: dict[str, type[Segment]] = {
    "string": ArrayStringSegment,
    "object": ArrayObjectSegment,
    "file": ArrayFileSegment,
    "boolean": ArrayBooleanSegment,
}

_EXACT: dict[type, Callable[[Any], Segment]] = {
    str: StringSegment,
    int: IntegerSegment,
    float: FloatSegment,
    bool: BooleanSegment,
    dict: ObjectSegment,
    list: _array,
    tuple: _array,
    File: FileSegment,
    type(None): lambda _: NONE,
}


def build_segment(value: Any) -> Segment:
    """The segment of a plain value, its type inferred (table of section 6.2); a segment is given back as it is.

    Raises SegmentProblem for a value of a kind that workflows do not have.
    """
    build = _EXACT.get(type(value))
    if build is not None:
        return build(value)
    if isinstance(value, Segment):
        return value
    if isinstance(value, bool):
        return BooleanSegment(value)
    if isinstance(value, str):
        return StringSegment(str(value))
    if isinstance(value, int):
        return IntegerSegment(int(value))
    if isinstance(value, float):
        return FloatSegment(float(value))
    if isinstance(value, Decimal):
        return FloatSegment(float(value))
    if isinstance(value, Mapping):
        return ObjectSegment(dict(value))
    if isinstance(value, (list, tuple)):
        return _array(value)
    raise SegmentProblem(f"not supported value {type(value).__name__}: {str(value)[:100]}")


def build_with_type(type_name: str, value: Any) -> Segment:
    """A segment of exactly that type. Raises SegmentProblem when the value is of another (section 6.2)."""
    if type_name == "secret" and isinstance(value, str):
        return SecretSegment(value)
    if value is None:
        if type_name == "none":
            return NONE
        raise SegmentProblem(f"Type mismatch: expected {type_name}, but got none")
    if isinstance(value, (list, tuple)) and not value:
        if type_name in ARRAY_TYPES:
            return _BY_TYPE[type_name]([])
        raise SegmentProblem(f"Type mismatch: expected {type_name}, but got an empty array")
    found = build_segment(value)
    if found.type == type_name or (type_name == "number" and found.type in ("integer", "float")):
        return found
    if type_name == "array[any]" and isinstance(found, ArraySegment):
        return ArrayAnySegment(found.value)
    raise SegmentProblem(f"Type mismatch: expected {type_name}, but got {found.type}")


def restore_segment(type_name: str, value: Any) -> Segment:
    """A segment from its dumped type and value; used for snapshots, so nothing is refused that was once accepted."""
    value = revive(value)
    kind = _BY_TYPE.get(type_name)
    if kind is None or (kind is NoneSegment) != (value is None):
        return build_segment(value)
    return NONE if kind is NoneSegment else kind(value)


def shown_type(type_name: str) -> str:
    """The type as users see it: integers and floats are numbers."""
    return "number" if type_name in ("integer", "float") else type_name


def is_valid(type_name: str, value: Any) -> bool:
    """May `value` stand where a declared `type_name` is wanted (section 6.2, last paragraph)?"""
    if type_name in ("number", "integer", "float"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if type_name in ("string", "secret"):
        return isinstance(value, str)
    if type_name == "boolean":
        return isinstance(value, bool)
    if type_name == "object":
        return isinstance(value, Mapping)
    if type_name == "file":
        return isinstance(value, File)
    if type_name == "none":
        return value is None
    if type_name == "array[any]":
        return isinstance(value, list)
    if type_name.startswith("array["):
        return isinstance(value, list) and all(is_valid(type_name[6:-1], item) for item in value)
    return False


def zero_value(type_name: str) -> Segment:
    """What "clear" writes. Raises SegmentProblem for types that have no zero value."""
    if type_name in ARRAY_TYPES and type_name != "array[file]":
        return _BY_TYPE[type_name]([])
    zeros: dict[str, Any] = {"string": "", "number": 0, "integer": 0, "float": 0.0, "boolean": False, "object": {}}
    if type_name not in zeros:
        raise SegmentProblem(f"There is no zero value of type {type_name}")
    return build_segment(zeros[type_name])


def plain(value: Any) -> Any:
    """`value` as JSON data (section 6.8): files as mappings, secrets hidden, decimals as floats, at any depth.

    What needs no change is given back as it is, not copied.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or kind is float or value is None:
        return value
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or plain(item) is not item:
                return {str(k): plain(v) for k, v in value.items()}
        return value
    if kind is list:
        for item in value:
            if plain(item) is not item:
                return [plain(v) for v in value]
        return value
    return _plain_other(value)


def _plain_other(value: Any) -> Any:
    if isinstance(value, Segment):
        return value.log if isinstance(value, SecretSegment) else plain(value.value)
    if isinstance(value, File):
        return value.to_dict()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, (str, int, float)):
        return value
    dump = getattr(value, "model_dump", None) or getattr(value, "to_json", None)
    if callable(dump):
        return plain(dump())
    return str(value)


__all__ = [
    "ARRAY_TYPES",
    "NONE",
    "ArraySegment",
    "BooleanSegment",
    "FileSegment",
    "FileValue",
    "FloatSegment",
    "IntegerSegment",
    "NoneSegment",
    "ObjectSegment",
    "SecretSegment",
    "Segment",
    "SegmentProblem",
    "StringSegment",
    "build_segment",
    "build_with_type",
    "is_file_mapping",
    "is_valid",
    "obfuscate",
    "plain",
    "restore_segment",
    "shown_type",
    "zero_value",
]
