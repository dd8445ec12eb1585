"""Conditions of if-else and of a loop's end (nodes-logic spec 2.1, 2.3, 2.4): what they are and when they hold.

A kind of value that an operator cannot judge raises TypeError; a missing variable or an unusable expected value
raises ValueError. The loop tells these apart before its first round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, field_validator

from engine.errors import UserError
from engine.nodes.base import NodeConfig, Selector
from engine.run.variables.files import File
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import Segment
from engine.run.variables.templates import references, render

OPERATORS: Final = (
    "contains",
    "not contains",
    "start with",
    "end with",
    "is",
    "is not",
    "empty",
    "not empty",
    "in",
    "not in",
    "all of",
    "=",
    "≠",
    ">",
    "<",
    "≥",
    "≤",
    "null",
    "not null",
    "exists",
    "not exists",
)
# Spellings of hand-written files and of the editor's own table (nodes-logic 2.3 and 18.2).
SPELLINGS: Final[Mapping[str, str]] = {
    "is null": "null",
    "is not null": "not null",
    "starts_with": "start with",
    "ends_with": "end with",
    "not_contains": "not contains",
    "is_not": "is not",
    "is_empty": "empty",
    "is_not_empty": "not empty",
    "not_empty": "not empty",
    ">=": "≥",
    "<=": "≤",
    "!=": "≠",
    "==": "=",
}
VALUELESS: Final = frozenset({"empty", "not empty", "null", "not null", "exists", "not exists"})
FILE_LIST_OPERATORS: Final = frozenset({"contains", "not contains", "all of"})


def read_operator(value: Any) -> Any:
    """An operator in its present spelling; anything unknown is given back for the model to refuse."""
    return SPELLINGS.get(value, value) if isinstance(value, str) else value


def read_expected(value: Any) -> Any:
    """An expected value with numbers as text: a YAML number stands for the text that people typed."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [read_expected(item) for item in value]
    return value


def _known(value: str) -> str:
    if value not in OPERATORS:
        raise ValueError(f"{value!r} is not a comparison operator")
    return value


class SubCondition(NodeConfig):
    """A test of one attribute of the files of a list; its value is never a template."""

    key: str = ""
    comparison_operator: str
    value: str | list[str] | bool | None = None

    _operator = field_validator("comparison_operator", mode="before")(read_operator)
    _value = field_validator("value", mode="before")(read_expected)
    _known_operator = field_validator("comparison_operator")(_known)


class SubGroup(NodeConfig):
    """Tests of files, joined."""

    logical_operator: Literal["and", "or"] = "and"
    conditions: list[SubCondition] = Field(default_factory=list)

    @field_validator("logical_operator", mode="before")
    @classmethod
    def _plain_operator(cls, value: Any) -> Any:
        return value or "and"

    @field_validator("conditions", mode="before")
    @classmethod
    def _plain_conditions(cls, value: Any) -> Any:
        return [] if value is None else value


class Condition(NodeConfig):
    """One comparison of a variable with a value that is text (a template), a list (literal), a boolean or nothing."""

    variable_selector: list[str]
    comparison_operator: str
    value: str | list[str | bool] | bool | None = None
    sub_variable_condition: SubGroup | None = None

    _operator = field_validator("comparison_operator", mode="before")(read_operator)
    _value = field_validator("value", mode="before")(read_expected)
    _known_operator = field_validator("comparison_operator")(_known)


@dataclass(slots=True)
class Verdict:
    """How a group of conditions came out: what each evaluated one gave, and what is recorded of them."""

    holds: bool
    results: list[bool] = field(default_factory=list)
    recorded: list[dict[str, Any]] = field(default_factory=list)


def judge(conditions: Iterable[Condition], logical_operator: str, pool: VariablePool) -> Verdict:
    """Evaluate in order and stop as soon as the answer is known; no conditions hold for `and`, not for `or`.

    Raises ValueError or TypeError, see above.
    """
    wanted = logical_operator == "or"
    verdict = Verdict(not wanted)
    for condition in conditions:
        result = _judge_one(condition, pool, verdict.recorded)
        verdict.results.append(result)
        if result is wanted:
            verdict.holds = wanted
            break
    return verdict


def conditions_hold(conditions: Sequence[Mapping[str, Any]], logical_operator: str, pool: VariablePool) -> bool:
    """The same for conditions as they stand in a file. Raises UserError when they are no conditions at all."""
    try:
        read = [Condition.model_validate(dict(condition)) for condition in conditions]
    except ValidationError as problem:
        raise UserError(f"A condition cannot be read: {problem}", code="node.bad_condition") from None
    return judge(read, logical_operator, pool).holds


def condition_references(conditions: Iterable[Condition]) -> dict[str, Selector]:
    """What conditions read, keyed for a single-step run (nodes-logic 1.9)."""
    found: dict[str, Selector] = {}
    for condition in conditions:
        selector = tuple(condition.variable_selector)
        found[f"#{'.'.join(selector)}#"] = selector
        if isinstance(condition.value, str):
            found.update({f"#{'.'.join(used)}#": used for used in references(condition.value)})
    return found


def _judge_one(condition: Condition, pool: VariablePool, recorded: list[dict[str, Any]]) -> bool:
    found = pool.get(condition.variable_selector)
    if found is None:
        raise ValueError(f"The variable {'.'.join(condition.variable_selector)} was not found.")
    operator = condition.comparison_operator
    if operator in ("exists", "not exists"):
        return (found.value is None) is (operator == "not exists")
    if found.type == "array[file]" and operator in FILE_LIST_OPERATORS:
        if condition.sub_variable_condition is None:
            raise ValueError(f"The operator {operator!r} on a list of files needs conditions on its files.")
        # Dify: the outer operator plays no part (graphon utils/condition, nodes-logic 2.4).
        return _judge_files(condition.sub_variable_condition, found.value)
    if found.type == "array[file]" and operator not in VALUELESS:
        raise TypeError(f"The operator {operator!r} does not suit a list of files.")
    expected = _expected(condition, found, pool)
    result = compare(operator, found.value, expected)
    recorded.append({"actual_value": found.value, "expected_value": expected, "comparison_operator": operator})
    return result


def _expected(condition: Condition, found: Segment, pool: VariablePool) -> Any:
    value: Any = condition.value
    if isinstance(value, str):
        value = render(value, pool).text
    if found.type not in ("boolean", "array[boolean]") or condition.comparison_operator in VALUELESS:
        return value
    return [_boolean(item) for item in value] if isinstance(value, list) else _boolean(value)


def _boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    try:
        read = json.loads(value)
    except ValueError:
        read = None
    if not isinstance(read, (bool, int, float)):
        raise ValueError(f"{value!r} is neither true nor false.")
    return bool(read)


# -- files of a list ---------------------------------------------------------------------------------------------------


def _judge_files(group: SubGroup, files: Sequence[File]) -> bool:
    results = (_judge_attribute(sub, files) for sub in group.conditions)
    return all(results) if group.logical_operator == "and" else any(results)


def _judge_attribute(sub: SubCondition, files: Sequence[File]) -> bool:
    expected: Any = sub.value
    if sub.key == "extension":
        if not isinstance(expected, str):
            raise TypeError("The extension of files is compared with text.")
        expected = dotted(expected)
    results = [compare(sub.comparison_operator, file_attribute(file, sub.key), expected) for file in files]
    # Dify: a negative operator must hold for every file, any other for one of them.
    return all(results) if "not" in sub.comparison_operator else any(results)


def dotted(extension: str) -> str:
    """An extension with its dot."""
    return extension if not extension or extension.startswith(".") else "." + extension


def file_attribute(file: File, key: str) -> Any:
    """What conditions and filters compare. Raises ValueError for a name that files do not have."""
    match key:
        case "name":
            return file.filename
        case "extension":
            return dotted(file.extension or "")
        case "url":
            return file.remote_url
        case "type" | "size" | "mime_type" | "transfer_method" | "related_id":
            return getattr(file, key)
    raise ValueError(f"Files have no attribute {key!r}.")


# -- operators ---------------------------------------------------------------------------------------------------------


def compare(operator: str, actual: Any, expected: Any) -> bool:
    """Does `actual <operator> expected` hold (table of section 2.4)? Raises TypeError or ValueError."""
    return _COMPARE[operator](actual, expected)


def _wrong(what: str, value: Any) -> TypeError:
    return TypeError(f"{what}, not {type(value).__name__}.")


def _contains(actual: Any, expected: Any) -> bool:
    if not actual:
        return False
    if isinstance(actual, str):
        return str(expected) in actual
    if isinstance(actual, list):
        return expected in actual
    raise _wrong("'contains' looks into text or a list", actual)


def _edge(actual: Any, expected: Any, test: Callable[[str, str], bool], name: str) -> bool:
    if not actual:
        return False
    if not isinstance(actual, str):
        raise _wrong(f"{name!r} needs text", actual)
    if not isinstance(expected, str):
        raise _wrong(f"{name!r} compares with text", expected)
    return test(actual, expected)


def _is(actual: Any, expected: Any, *, same: bool) -> bool:
    if actual is None:
        return False
    if not isinstance(actual, (str, bool)):
        raise _wrong("'is' compares text and booleans", actual)
    return (actual == expected) is same


def _equal(actual: Any, expected: Any, *, same: bool) -> bool:
    if actual is None:
        return False
    if isinstance(actual, bool):
        return (actual == bool(expected)) is same
    if not isinstance(actual, (int, float)):
        raise _wrong("'=' compares numbers", actual)
    wanted = _number(expected, int if isinstance(actual, int) else float)
    return (actual == wanted) is same


def _order(actual: Any, expected: Any, test: Callable[[float, float], bool], sign: str) -> bool:
    if actual is None:
        return False
    if not isinstance(actual, (int, float)):
        raise _wrong(f"{sign!r} compares numbers", actual)
    return test(actual, _number(expected, float))


_KIND_NAMES: Final[Mapping[Any, str]] = {int: "whole number", float: "number"}


def _number(value: Any, kind: Callable[[Any], float]) -> float:
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not a {_KIND_NAMES[kind]}.") from None


def _in(actual: Any, expected: Any) -> bool:
    if not actual:
        return False
    if not isinstance(expected, list):
        raise _wrong("'in' needs a list to look into", expected)
    return actual in expected


def _not_in(actual: Any, expected: Any) -> bool:
    if not actual:
        return True
    return not _in(actual, expected)


def _all_of(actual: Any, expected: Any) -> bool:
    kinds = {type(item) for item in expected} if isinstance(expected, list) else {type(expected), None}
    if len(kinds) > 1 or not kinds <= {str, bool}:
        raise _wrong("'all of' needs a list of texts or of booleans", expected)
    if not actual:
        return False
    if isinstance(actual, (list, str)):
        return all(item in actual for item in expected)
    return False


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "contains": _contains,
    "not contains": lambda a, e: not _contains(a, e),
    "start with": lambda a, e: _edge(a, e, str.startswith, "start with"),
    "end with": lambda a, e: _edge(a, e, str.endswith, "end with"),
    "is": lambda a, e: _is(a, e, same=True),
    "is not": lambda a, e: _is(a, e, same=False),
    "=": lambda a, e: _equal(a, e, same=True),
    "≠": lambda a, e: _equal(a, e, same=False),
    ">": lambda a, e: _order(a, e, lambda x, y: x > y, ">"),
    "<": lambda a, e: _order(a, e, lambda x, y: x < y, "<"),
    "≥": lambda a, e: _order(a, e, lambda x, y: x >= y, "≥"),
    "≤": lambda a, e: _order(a, e, lambda x, y: x <= y, "≤"),
    "empty": lambda a, _: not a,
    "not empty": lambda a, _: bool(a),
    "null": lambda a, _: a is None,
    "not null": lambda a, _: a is not None,
    "in": _in,
    "not in": _not_in,
    "all of": _all_of,
    "exists": lambda a, _: a is not None,
    "not exists": lambda a, _: a is None,
}
