"""The list operator (nodes-logic spec, section 8): filter, take one, order, cut; in that order, each if switched on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, field_validator

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.conditions import dotted, file_attribute, read_expected, read_operator
from engine.run.variables.files import File
from engine.run.variables.segments import build_with_type
from engine.run.variables.templates import references, render

LIST_TYPES: Final = ("array[string]", "array[number]", "array[boolean]", "array[file]")
TEXT_KEYS: Final = ("name", "extension", "mime_type", "url", "related_id")
CHOICE_KEYS: Final = ("type", "transfer_method")


class ListProblem(Exception):
    """A setting that does not suit the list: the node fails without naming a type."""


class FilterCondition(NodeConfig):
    """What an item must satisfy; `key` is a file attribute."""

    key: str = ""
    comparison_operator: str = "contains"
    value: str | list[str] | bool = ""

    _operator = field_validator("comparison_operator", mode="before")(read_operator)

    @field_validator("value", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return "" if value is None else read_expected(value)

    @field_validator("key", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return "" if value is None else value


class FilterBy(NodeConfig):
    enabled: bool = False
    conditions: list[FilterCondition] = Field(default_factory=list)


class ExtractBy(NodeConfig):
    enabled: bool = False
    serial: str = "1"

    _text = field_validator("serial", mode="before")(read_expected)


class OrderBy(NodeConfig):
    enabled: bool = False
    key: str = ""
    value: Literal["asc", "desc"] = "asc"

    @field_validator("key", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return "" if value is None else value


class Limit(NodeConfig):
    """`size` may be left out, then nothing is cut; a negative one counts from the end."""

    enabled: bool = False
    size: int = -1


class ListOperatorConfig(NodeConfig):
    """Steps that are not there are off."""

    variable: list[str] = Field(default_factory=list)
    filter_by: FilterBy = Field(default_factory=FilterBy)
    extract_by: ExtractBy = Field(default_factory=ExtractBy)
    order_by: OrderBy = Field(default_factory=OrderBy)
    limit: Limit = Field(default_factory=Limit)

    @field_validator("variable", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return [] if value is None else value


class ListOperatorNode(Node[ListOperatorConfig]):
    """Gives the list after all steps, its first and its last item."""

    node_type: ClassVar[str] = "list-operator"
    config_model: ClassVar[type[NodeConfig]] = ListOperatorConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        found = ctx.pool.get(config.variable)
        if found is None:
            return NodeResult.failed(f"The variable {'.'.join(config.variable) or '(none)'} was not found.")
        if not found.value:
            record: dict[str, Any] = {"variable": []}
            empty: Any = found if found.type in LIST_TYPES else []
            outputs = {"result": empty, "first_record": None, "last_record": None}
            return NodeResult(inputs=record, process_data=dict(record), outputs=outputs)
        record = {"variable": found.value}
        if found.type not in LIST_TYPES:
            return NodeResult.failed(
                f"A list of texts, numbers, booleans or files is needed, not {found.type}.",
                inputs=record,
                process_data=dict(record),
            )
        try:
            items = self._steps(list(found.value), found.type, ctx)
        except ListProblem as problem:
            return NodeResult.failed(str(problem), inputs=record, process_data=dict(record))
        return NodeResult(
            inputs=record,
            process_data=dict(record),
            outputs={
                "result": items or build_with_type(found.type, []),
                "first_record": items[0] if items else None,
                "last_record": items[-1] if items else None,
            },
        )

    def _steps(self, items: list[Any], kind: str, ctx: NodeContext) -> list[Any]:
        config = self.config
        if config.filter_by.enabled:
            strict = bool(ctx.run.get("strict_upstream"))
            for condition in config.filter_by.conditions:
                value = condition.value
                expected = render(value, ctx.pool).text if isinstance(value, str) else value
                keep = _filter(kind, condition.key, condition.comparison_operator, expected, strict=strict)
                items = [item for item in items if keep(item)]
        if config.extract_by.enabled:
            items = [_extract(items, render(config.extract_by.serial, ctx.pool).text)]
        if config.order_by.enabled:
            items = _ordered(items, kind, config.order_by.key, descending=config.order_by.value == "desc")
        if config.limit.enabled and "size" in config.limit.model_fields_set:
            items = items[: config.limit.size]
        return items

    def variable_mapping(self) -> dict[str, Selector]:
        """The list, and the variables inside filter values and the position."""
        config = self.config
        found: list[Selector] = [tuple(config.variable)] if config.variable else []
        texts = [c.value for c in config.filter_by.conditions if isinstance(c.value, str)]
        for text in (*texts, config.extract_by.serial):
            found += references(text)
        return {f"{self.node_id}.#{'.'.join(selector)}#": selector for selector in found}


# -- filter ------------------------------------------------------------------------------------------------------------

Keep = Callable[[Any], bool]
_TEXT: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda a, e: e in a,
    "not contains": lambda a, e: e not in a,
    "start with": str.startswith,
    "end with": str.endswith,
    "is": lambda a, e: a == e,
    "is not": lambda a, e: a != e,
    "in": lambda a, e: a in e,
    "not in": lambda a, e: a not in e,
    "empty": lambda a, _: not a,
    "not empty": lambda a, _: bool(a),
}
_NUMBER: Final[dict[str, Callable[[float, float], bool]]] = {
    "=": lambda a, e: a == e,
    "≠": lambda a, e: a != e,
    "<": lambda a, e: a < e,
    ">": lambda a, e: a > e,
    "≤": lambda a, e: a <= e,
    "≥": lambda a, e: a >= e,
}


def _filter(kind: str, key: str, operator: str, expected: Any, *, strict: bool) -> Keep:
    """The test of one condition. Raises ListProblem, or ValueError for a value that cannot be read."""
    match kind:
        case "array[string]":
            return _text_test(operator, expected)
        case "array[number]":
            return _number_test(operator, expected)
        case "array[boolean]":
            return _boolean_test(operator, expected)
    if isinstance(expected, bool):
        raise ValueError("Files cannot be compared with true or false.")
    # What does not suit is said only when there is a file to test.
    return lambda file: _file_test(key, operator, expected, strict=strict)(file)


def _text_test(operator: str, expected: Any) -> Keep:
    if not isinstance(expected, str):
        raise ListProblem(f"Texts are compared with text, not with {expected!r}.")
    if operator not in _TEXT:
        raise _unsuitable(operator, "texts")
    test = _TEXT[operator]
    return lambda item: test(item or "", expected)


def _number_test(operator: str, expected: Any) -> Keep:
    if not isinstance(expected, str):
        raise ListProblem(f"Numbers are compared with a number as text, not with {expected!r}.")
    if operator in ("empty", "not empty"):
        return lambda item: (not item) is (operator == "empty")
    if operator not in _NUMBER:
        raise _unsuitable(operator, "numbers")
    test, wanted = _NUMBER[operator], float(expected)
    return lambda item: test(item, wanted)


def _boolean_test(operator: str, expected: Any) -> Keep:
    if not isinstance(expected, bool):
        raise ValueError(f"Booleans are compared with true or false, not with {expected!r}.")
    if operator not in ("is", "is not"):
        raise _unsuitable(operator, "booleans")
    return lambda item: (item == expected) is (operator == "is")


def _file_test(key: str, operator: str, expected: Any, *, strict: bool) -> Keep:
    if key in TEXT_KEYS and isinstance(expected, str):
        if key == "extension" and operator in ("is", "is not") and not strict:
            expected = dotted(expected)
        test = _text_test(operator, expected)
        return lambda file: test(_attribute(file, key, strict=strict))
    if key in CHOICE_KEYS:
        if operator not in ("in", "not in"):
            raise _unsuitable(operator, f"the {key} of files")
        return lambda file: (getattr(file, key) in expected) is (operator == "in")
    if key == "size":
        test = _number_test(operator, expected)
        return lambda file: test(file.size)
    raise ListProblem(f"Files cannot be filtered by {key!r} with {expected!r}.")


def _unsuitable(operator: str, what: str) -> ListProblem:
    return ListProblem(f"The operator {operator!r} does not suit {what}.")


def _attribute(file: File, key: str, *, strict: bool = False) -> str:
    value = file.extension if strict and key == "extension" else file_attribute(file, key)
    return "" if value is None else str(value)


# -- the other steps ---------------------------------------------------------------------------------------------------


def _extract(items: Sequence[Any], serial: str) -> Any:
    """The item at a position that counts from 1. Raises ValueError for no position, ListProblem beyond the list."""
    position = int(serial)
    if position < 1:
        raise ValueError(f"Positions count from 1, not {position}.")
    if position > len(items):
        raise ListProblem(f"There is no item {position} in a list of {len(items)}.")
    return items[position - 1]


def _ordered(items: list[Any], kind: str, key: str, *, descending: bool) -> list[Any]:
    if kind != "array[file]":
        return sorted(items, reverse=descending)
    if key == "size":
        return sorted(items, key=lambda file: file.size, reverse=descending)
    if key not in (*TEXT_KEYS, *CHOICE_KEYS):
        raise ListProblem(f"Files cannot be ordered by {key!r}.")
    return sorted(items, key=lambda file: _attribute(file, key), reverse=descending)
