"""Version 2 of the assigner: a list of typed assignments that succeed or fail together (nodes-logic spec 7.2, 7.3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from engine.nodes.base import NodeConfig, Selector
from engine.run.variables.files import File
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import NoneSegment, Segment, build_with_type, zero_value

ARITHMETIC: Final = frozenset({"+=", "-=", "*=", "/="})
VALUELESS: Final = frozenset({"clear", "remove-first", "remove-last"})
NUMBERS: Final = frozenset({"number", "integer", "float"})
SCALARS: Final = frozenset({"string", "boolean", "object"})
_FOR_SCALARS: Final = frozenset({"over-write", "clear", "set"})
_FOR_NUMBERS: Final = _FOR_SCALARS | ARITHMETIC
_FOR_ARRAYS: Final = frozenset({"over-write", "clear", "append", "extend", "remove-first", "remove-last"})


class ItemProblem(ValueError):
    """An assignment that breaks a rule; nothing of the node is written then."""


class Item(NodeConfig):
    """One assignment. `value` is a selector or a literal, as `input_type` says; further keys are kept and ignored."""

    variable_selector: list[str]
    input_type: Literal["variable", "constant"]
    operation: Literal[
        "over-write", "clear", "append", "extend", "set", "+=", "-=", "*=", "/=", "remove-first", "remove-last"
    ]
    value: Any = None

    @property
    def source(self) -> list[str] | None:
        """The selector that is read, if any."""
        if self.input_type != "variable" or self.operation in VALUELESS or not isinstance(self.value, list):
            return None
        return [str(part) for part in self.value] or None


def apply_items(items: Sequence[Item], pool: VariablePool) -> dict[Selector, tuple[Any, str]]:
    """What is to be written, by target in the order of first touch, each with its type; `pool` is left as it is.

    Raises ItemProblem at the first assignment that breaks a rule.
    """
    working = pool.copy()
    changed: dict[Selector, tuple[Any, str]] = {}
    types: dict[Selector, str] = {}
    for item in items:
        target = tuple(item.variable_selector)
        before = working.get_variable(target)
        if before is None:
            raise ItemProblem(f"The variable {'.'.join(target)} to write to was not found.")
        kind = types.setdefault(target, before.type)
        _check_operation(item, kind)
        resolved = _resolve(item, kind, working)
        if resolved is SKIP:
            continue
        _check_value(item, kind, resolved)
        value = _result(item.operation, kind, before.value, resolved)
        changed[target] = (value, kind)
        working.add(target, _typed(kind, value))
    return changed


SKIP: Final = object()


def _check_operation(item: Item, kind: str) -> None:
    operation = item.operation
    if kind in SCALARS:
        allowed = _FOR_SCALARS
    elif kind in NUMBERS:
        allowed = _FOR_NUMBERS
    elif kind.startswith("array["):
        allowed = _FOR_ARRAYS
    else:
        allowed = frozenset()
    if operation not in allowed:
        raise ItemProblem(f"The operation {operation!r} does not suit a variable of type {kind}.")
    if operation in VALUELESS:
        return  # both kinds of input, since there is none (18.1, number 19)
    if item.input_type == "variable":
        refused = operation == "set" or operation in ARITHMETIC
    else:
        refused = kind.startswith("array[")
    if refused:
        raise ItemProblem(f"The operation {operation!r} on type {kind} takes no {item.input_type} as its input.")


def _resolve(item: Item, kind: str, pool: VariablePool) -> Any:
    if item.operation in VALUELESS:
        return None
    if item.input_type == "variable":
        if item.value is None:
            return None
        found: Segment | None = pool.get(item.source) if item.source else None
        if found is None:
            name = ".".join(map(str, item.value)) if isinstance(item.value, list) else repr(item.value)
            raise ItemProblem(f"The variable {name} to read from was not found.")
        return SKIP if isinstance(found, NoneSegment) else found.value
    if item.operation == "set" and kind == "object" and isinstance(item.value, str):
        try:
            return json.loads(item.value)
        except ValueError:
            raise ItemProblem(f"The value {item.value!r} is not valid JSON.") from None
    return item.value


def _check_value(item: Item, kind: str, value: Any) -> None:
    operation = item.operation
    if operation in VALUELESS:
        return
    if operation == "append":
        good = _fits(kind, value)
    elif kind.startswith("array["):
        good = isinstance(value, list) and all(_fits(kind, part) for part in value)
    elif kind in NUMBERS:
        good = isinstance(value, (int, float)) and not (operation == "/=" and value == 0)
    else:
        good = {"string": isinstance(value, str), "boolean": isinstance(value, bool)}.get(
            kind, isinstance(value, Mapping)
        )
    if not good:
        raise ItemProblem(f"The value {value!r} is invalid for {operation!r} on a variable of type {kind}.")


_ITEM_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "array[string]": (str,),
    "array[number]": (int, float),
    "array[object]": (Mapping,),
    "array[boolean]": (bool,),
    "array[any]": (str, int, float, Mapping),
    "array[file]": (File,),
}


def _fits(array_kind: str, value: Any) -> bool:
    return isinstance(value, _ITEM_KINDS.get(array_kind, ()))


_SUMS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+=": lambda a, b: a + b,
    "-=": lambda a, b: a - b,
    "*=": lambda a, b: a * b,
    "/=": lambda a, b: a / b,
}


def _result(operation: str, kind: str, before: Any, value: Any) -> Any:
    match operation:
        case "clear":
            return [] if kind == "array[file]" else zero_value(kind).value
        case "append":
            return [*before, value]
        case "extend":
            return [*before, *value]
        case "remove-first":
            return before[1:]
        case "remove-last":
            return before[:-1]
    return _SUMS[operation](before, value) if operation in _SUMS else value


def _typed(kind: str, value: Any) -> Any:
    """Lists keep their declared kind while the node works, so that an emptied one still knows what it holds."""
    if kind.startswith("array[") and not value:
        return build_with_type(kind, value)
    return value


__all__ = ["ARITHMETIC", "VALUELESS", "Item", "ItemProblem", "apply_items"]
