"""The variable pool of a frame (engine spec 6.1, 6.4, 6.5): node id or prefix -> name -> typed value.

Owned by the scheduler; nodes read it. Copies are cheap: inner maps are shared until one side writes, and values are
never changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.run.variables.files import FILE_ATTRIBUTES, File
from engine.run.variables.segments import (
    NONE,
    SecretSegment,
    Segment,
    build_segment,
    plain,
    restore_segment,
)

RESERVED_PREFIXES: Final = ("sys", "env", "conversation", "rag")
Selector = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableMeta:
    """What a declared variable has beside its value."""

    id: str = ""
    name: str = ""
    description: str = ""


class SelectorProblem(ValueError):
    """A selector that cannot be written to."""


class VariablePool:
    """Values by selector. Reading never creates entries; writing needs a selector of exactly two parts."""

    __slots__ = ("_meta", "_owned", "_values")

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Segment]] = {}
        self._owned: set[str] = set()
        self._meta: dict[tuple[str, str], VariableMeta] = {}

    # -- reading -------------------------------------------------------------------------------------------------

    def get(self, selector: Sequence[str]) -> Segment | None:
        """The value that `selector` reaches, or None when there is nothing (a null that is there is a `none` segment).

        `[root id, "sys.x"]` reads `[sys, x]`, as editors write it.
        """
        if len(selector) < 2:
            return None
        names = self._values.get(selector[0])
        found = names.get(selector[1]) if names is not None else None
        if found is None:
            name = selector[1]
            if not name.startswith("sys.") or selector[0] in RESERVED_PREFIXES:
                return None
            return self.get(("sys", name[4:], *selector[2:]))
        if len(selector) == 2:
            return found
        return _walk(found, selector[2:])

    def get_value(self, selector: Sequence[str], default: Any = None) -> Any:
        """The plain value that `selector` reaches, or `default`."""
        found = self.get(selector)
        return default if found is None else found.value

    def get_variable(self, selector: Sequence[str]) -> Segment | None:
        """A whole variable: two parts, nothing walked."""
        if len(selector) != 2:
            return None
        return self._values.get(selector[0], {}).get(selector[1])

    def has(self, selector: Sequence[str]) -> bool:
        """Does `selector` reach anything?"""
        return self.get(selector) is not None

    def node(self, node_id: str) -> Mapping[str, Segment]:
        """Everything stored under a node id or prefix, by name."""
        return self._values.get(node_id, {})

    def values(self, node_id: str) -> dict[str, Any]:
        """Plain values under a node id or prefix, by name."""
        return {name: segment.value for name, segment in self._values.get(node_id, {}).items()}

    def meta(self, selector: Sequence[str]) -> VariableMeta | None:
        """Id, name and description of a declared variable."""
        return self._meta.get((selector[0], selector[1]))

    def secrets(self) -> set[str]:
        """The clear values of all secrets, for masking."""
        return {
            segment.value
            for names in self._values.values()
            for segment in names.values()
            if isinstance(segment, SecretSegment) and segment.value
        }

    def __iter__(self) -> Iterator[tuple[Selector, Segment]]:
        for node_id, names in self._values.items():
            for name, segment in names.items():
                yield (node_id, name), segment

    # -- writing -------------------------------------------------------------------------------------------------

    def add(self, selector: Sequence[str], value: Any, meta: VariableMeta | None = None) -> Segment:
        """Store a plain value (its type inferred) or a segment (as it is), and give the segment back.

        Raises SelectorProblem for a selector that has not exactly two parts, SegmentProblem for an unknown value.
        """
        if len(selector) != 2:
            raise SelectorProblem(f"A variable is written with two parts, not {list(selector)!r}")
        segment = build_segment(value)
        self._own(selector[0])[selector[1]] = segment
        if meta is not None:
            self._meta = {**self._meta, (selector[0], selector[1]): meta}
        return segment

    def add_outputs(self, node_id: str, outputs: Mapping[str, Any]) -> None:
        """Store every output of a node under its id. Raises SegmentProblem and then stores none."""
        built = {name: build_segment(value) for name, value in outputs.items()}
        present = self._values.get(node_id)
        if present:
            self._own(node_id).update(built)
        elif built:
            self._values[node_id] = built
            self._owned.add(node_id)

    def remove(self, selector: Sequence[str]) -> None:
        """Forget one variable (two parts) or everything of a node (one part); what is not there is no error."""
        if not selector or selector[0] not in self._values:
            return
        if len(selector) == 1:
            del self._values[selector[0]]
            self._owned.discard(selector[0])
        elif len(selector) == 2 and selector[1] in self._values[selector[0]]:
            del self._own(selector[0])[selector[1]]

    def _own(self, node_id: str) -> dict[str, Segment]:
        names = self._values.get(node_id)
        if names is None:
            names = self._values[node_id] = {}
            self._owned.add(node_id)
        elif node_id not in self._owned:
            names = self._values[node_id] = dict(names)
            self._owned.add(node_id)
        return names

    # -- copies and dumps ----------------------------------------------------------------------------------------

    def copy(self) -> VariablePool:
        """An independent pool with the same values; costs one step a node, not a value."""
        twin = VariablePool()
        twin._values = dict(self._values)
        twin._meta = self._meta
        self._owned = set()
        return twin

    def dump(self) -> dict[str, Any]:
        """JSON data of everything, secrets in clear: protect it like them (section 9.6)."""
        dictionary: dict[str, dict[str, Any]] = {}
        for node_id, names in self._values.items():
            dictionary[node_id] = {name: self._dump_one(node_id, name, s) for name, s in names.items()}
        return {"variable_dictionary": dictionary}

    def _dump_one(self, node_id: str, name: str, segment: Segment) -> dict[str, Any]:
        meta = self._meta.get((node_id, name))
        return {
            "value_type": segment.type,
            "value": segment.value if isinstance(segment, SecretSegment) else plain(segment.value),
            "id": meta.id if meta else "",
            "name": (meta.name if meta else "") or name,
            "description": meta.description if meta else "",
            "selector": [node_id, name],
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> VariablePool:
        """The pool of a dump."""
        pool = cls()
        for node_id, names in data.get("variable_dictionary", {}).items():
            for name, entry in names.items():
                meta = None
                if entry.get("id") or entry.get("description"):
                    meta = VariableMeta(entry.get("id", ""), entry.get("name", ""), entry.get("description", ""))
                pool.add((node_id, name), restore_segment(entry.get("value_type", "none"), entry.get("value")), meta)
        return pool


def _walk(segment: Segment, keys: Sequence[str]) -> Segment | None:
    value = segment.value
    for key in keys:
        if isinstance(value, File):
            # Parts behind a file attribute are ignored (section 6.4).
            return build_segment(value.attribute(key)) if key in FILE_ATTRIBUTES else None
        if isinstance(value, Mapping):
            if key not in value:
                return None
            value = value[key]
        elif isinstance(value, list):
            if not key.isdecimal() or int(key) >= len(value):
                return None
            value = value[int(key)]
        else:
            return None
    return NONE if value is None else build_segment(value)
