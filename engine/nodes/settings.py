"""Settings of a node that cannot be read: which field, and what it must be, in words that checklist and run share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from engine.nodes import registry

HEAD: Final = "The settings of the node cannot be read: "
BLOCK: Final = HEAD + "{field}: must be a block of keys and values"
# By the kind of a validation error: the sentence, and is the shape wrong (else it is a value)?
_WANTED: Final = (
    ("missing", HEAD + "{field}: is missing", False),
    ("dict_type", BLOCK, True),
    ("mapping_type", BLOCK, True),
    ("model", BLOCK, True),
    ("list_type", HEAD + "{field}: must be a list", True),
    ("tuple_type", HEAD + "{field}: must be a list", True),
    ("string_type", HEAD + "{field}: must be a text", True),
    ("int_", HEAD + "{field}: must be a whole number", True),
    ("float_", HEAD + "{field}: must be a number", True),
    ("bool_", HEAD + "{field}: must be true or false", True),
    ("union_tag_invalid", HEAD + "{field}: must be one of {choices}, not {value}", True),
    ("literal_error", HEAD + "{field}: must be one of {choices}", True),
)
_OTHER: Final = HEAD + "{field}: {fault}"
_KEPT: Final = 5_000


@dataclass(frozen=True)
class Fault:
    """One setting that cannot be read. `field` is a dotted path into the node's data; `is_shape`: it is of another
    kind altogether, not only a value that is not allowed. `template` filled with `values` is the sentence."""

    field: str
    template: str
    values: Mapping[str, Any]
    is_shape: bool

    @property
    def sentence(self) -> str:
        return self.template.format(**self.values)


def faults_in(problem: ValidationError) -> Iterator[Fault]:
    """What is wrong, a field at a time."""
    seen = set()
    for error in problem.errors():
        field, kind = ".".join(map(str, error["loc"])), str(error["type"])
        template, is_shape = next(
            ((t, shape) for start, t, shape in _WANTED if kind.startswith(start)), (_OTHER, False)
        )
        context = error.get("ctx") or {}
        values = {
            "field": field or "data",
            "choices": str(context.get("expected_tags") or context.get("expected") or ""),
            "value": repr(context.get("tag", "")),
            "fault": str(error["msg"]).removeprefix("Value error, "),
        }
        fault = Fault(field, template, {k: v for k, v in values.items() if f"{{{k}}}" in template}, is_shape)
        if fault.sentence not in seen:
            seen.add(fault.sentence)
            yield fault


def in_words(problem: ValidationError) -> str:
    """All of it in one sentence, for the error of a run."""
    return HEAD + "; ".join(fault.sentence.removeprefix(HEAD) for fault in faults_in(problem))


_read: dict[int, tuple[Any, tuple[Fault, ...]]] = {}


def unreadable(data: Mapping[str, Any]) -> tuple[Fault, ...]:
    """The settings of a node that its type cannot read; of an unknown type nothing is asked. What was read before is
    remembered: data of nodes are never changed in place."""
    kept = _read.get(id(data))
    if kept is not None and kept[0] is data:
        return kept[1]
    kind = str(data.get("type") or "")
    found: tuple[Fault, ...] = ()
    if registry.spec(kind) is not None:
        try:
            registry.node_class(kind, str(data.get("version") or "1")).config_model.model_validate(dict(data))
        except ValidationError as problem:
            found = tuple(faults_in(problem))
    if len(_read) >= _KEPT:
        _read.clear()
    _read[id(data)] = (data, found)
    return found


__all__ = ["Fault", "faults_in", "in_words", "unreadable"]
