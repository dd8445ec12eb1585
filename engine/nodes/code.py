"""The code node: Python or JavaScript of the user, its inputs, and the strict check of what it gives back
(nodes-logic spec, section 3)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.inputs import NamedInput, collect, named_inputs
from engine.ports.outside import CodeRequest, PortError
from engine.run.limits import Limits

SCIENTIFIC = re.compile(r"-?\d+(?:\.\d+)?e[+-]\d+", re.IGNORECASE)


class CodeNodeError(ValueError):
    """The result has keys that were not declared."""


class OutputValidationError(ValueError):
    """A value of the result does not fit its declaration."""


class DepthLimitError(ValueError):
    """The result is nested too deep."""


class CodeOutput(NodeConfig):
    """A declared output; `children` describe an object, None = anything."""

    type: Literal[
        "string",
        "number",
        "object",
        "boolean",
        "array[string]",
        "array[number]",
        "array[object]",
        "array[boolean]",
    ]
    children: dict[str, CodeOutput] | None = None


class CodeConfig(NodeConfig):
    variables: list[NamedInput] = Field(default_factory=list)
    code_language: Literal["python3", "javascript"] = "python3"
    code: str = ""
    outputs: dict[str, CodeOutput] = Field(default_factory=dict)

    @field_validator("variables", mode="before")
    @classmethod
    def _variables(cls, value: Any) -> Any:
        return named_inputs(value)


class CodeNode(Node[CodeConfig]):
    """Hands the inputs to `main` in another process and checks the answer."""

    node_type: ClassVar[str] = "code"
    supports_retry: ClassVar[bool] = True
    config_model: ClassVar[type[NodeConfig]] = CodeConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        inputs = collect(self.config.variables, ctx.pool, empty_files_as_null=True)
        if ctx.ports.code is None:
            return NodeResult.failed("This installation runs no code.", "CodeExecutionError", inputs=inputs)
        request = CodeRequest(self.config.code_language, self.config.code, inputs)
        try:
            answer = await ctx.ports.code.run(request)
        except PortError as error:
            printed = getattr(error, "stdout", "")
            process = {"stdout": printed} if printed else {}
            return NodeResult.failed(error.message, error.error_type, inputs=inputs, process_data=process)
        process = {"stdout": answer.stdout} if answer.stdout else {}
        try:
            if not isinstance(answer.value, dict):
                kind = type(answer.value).__name__
                message = f"main must return an object, but it returned {kind}."
                return NodeResult.failed(message, "CodeExecutionError", inputs=inputs, process_data=process)
            result = as_upstream(answer.value) if ctx.run.get("strict_upstream") else answer.value
            outputs = check_outputs(result, self.config.outputs, ctx.limits)
        except (CodeNodeError, OutputValidationError, DepthLimitError) as error:
            return NodeResult.failed(str(error), type(error).__name__, inputs=inputs, process_data=process)
        return NodeResult(inputs=inputs, process_data=process, outputs=outputs)

    def variable_mapping(self) -> dict[str, Selector]:
        return {f"{self.node_id}.{v.variable}": tuple(v.value_selector) for v in self.config.variables}


def as_upstream(value: Any) -> Any:
    """Texts that look like `1e+5` as numbers at any depth, which Dify makes of every result (nodes-logic spec 3.3)."""
    if isinstance(value, str) and SCIENTIFIC.fullmatch(value):
        return float(value)
    if isinstance(value, dict):
        return {name: as_upstream(item) for name, item in value.items()}
    return [as_upstream(item) for item in value] if isinstance(value, list) else value


# -- the output check --------------------------------------------------------------------------------------------------


def check_outputs(
    result: Mapping[str, Any], declared: Mapping[str, CodeOutput], limits: Limits, path: str = "", depth: int = 1
) -> dict[str, Any]:
    """The result with each value checked and converted as declared (nodes-logic spec 3.4).

    Raises OutputValidationError, CodeNodeError or DepthLimitError with the path of the value.
    """
    _check_depth(depth, limits)
    checked: dict[str, Any] = {}
    for name, output in declared.items():
        where = f"{path}.{name}" if path else name
        if name not in result:
            raise OutputValidationError(f"Output {where} is missing.")
        checked[name] = _value(result[name], output, limits, where, depth)
    extra = [name for name in result if name not in declared]
    if extra:
        raise CodeNodeError(f"Some outputs are not validated: {', '.join(sorted(map(str, extra)))} not declared.")
    return checked


def _check_depth(depth: int, limits: Limits) -> None:
    if depth > limits.code_max_depth:
        raise DepthLimitError(f"The result is nested deeper than {limits.code_max_depth} levels.")


def _value(value: Any, output: CodeOutput, limits: Limits, where: str, depth: int) -> Any:
    kind = output.type
    if value is None:
        return None
    if kind == "string":
        return _string(value, limits, where).replace("\x00", "")
    if kind == "number":
        return _number(value, limits, where)
    if kind == "boolean":
        return value
    if kind == "object":
        return _object(value, output, limits, where, depth)
    return _array(value, kind, output, limits, where, depth)


def _string(value: Any, limits: Limits, where: str) -> str:
    if not isinstance(value, str):
        raise OutputValidationError(f"Output {where} must be a string, not {_kind(value)}.")
    if len(value) > limits.code_max_string_length:
        raise OutputValidationError(f"Output {where} must be less than {limits.code_max_string_length} characters.")
    return value


def _number(value: Any, limits: Limits, where: str) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and SCIENTIFIC.fullmatch(value):
        value = float(value)
    if not isinstance(value, int | float):
        raise OutputValidationError(f"Output {where} must be a number, not {_kind(value)}.")
    if isinstance(value, float) and math.isnan(value):
        return value
    if not limits.code_min_number <= value <= limits.code_max_number:
        raise OutputValidationError(
            f"Output {where} must be between {limits.code_min_number} and {limits.code_max_number}."
        )
    if isinstance(value, float):
        exponent = Decimal(str(value)).normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > limits.code_max_precision:
            raise OutputValidationError(f"Output {where} has more than {limits.code_max_precision} decimals.")
    return value


def _object(value: Any, output: CodeOutput, limits: Limits, where: str, depth: int) -> Any:
    if not isinstance(value, dict):
        raise OutputValidationError(f"Output {where} must be an object, not {_kind(value)}.")
    if output.children is None:
        _untyped(value, limits, where, depth + 1)
        return value
    return check_outputs(value, output.children, limits, where, depth + 1)


def _array(value: Any, kind: str, output: CodeOutput, limits: Limits, where: str, depth: int) -> Any:
    if not isinstance(value, list):
        raise OutputValidationError(f"Output {where} must be a list, not {_kind(value)}.")
    longest = {
        "array[string]": limits.code_max_string_array_items,
        "array[number]": limits.code_max_number_array_items,
        "array[object]": limits.code_max_object_array_items,
    }.get(kind)
    if longest is not None and len(value) > longest:
        raise OutputValidationError(f"Output {where} must have less than {longest} items.")
    items = []
    for index, item in enumerate(value):
        at = f"{where}[{index}]"
        if kind == "array[number]":
            items.append(_array_number(item, at))
        elif item is None:
            items.append(None)
        elif kind == "array[string]":
            items.append(_string(item, limits, at).replace("\x00", ""))
        elif kind == "array[boolean]":
            if not isinstance(item, bool):
                raise OutputValidationError(f"Output {at} must be a boolean, not {_kind(item)}.")
            items.append(item)
        else:
            items.append(_object(item, output, limits, at, depth))
    return items


def _array_number(item: Any, where: str) -> Any:
    if isinstance(item, bool):
        return int(item)
    if isinstance(item, str) and SCIENTIFIC.fullmatch(item):
        return float(item)
    if not isinstance(item, int | float):
        raise OutputValidationError(f"Output {where} must be a number, not {_kind(item)}.")
    return item


def _untyped(value: Any, limits: Limits, where: str, depth: int) -> None:
    """The rule for objects without a declaration: limits everywhere, lists of one kind."""
    _check_depth(depth, limits)
    for name, item in value.items():
        _untyped_item(item, limits, f"{where}.{name}", depth)


def _untyped_item(item: Any, limits: Limits, where: str, depth: int) -> None:
    if isinstance(item, dict):
        _untyped(item, limits, where, depth + 1)
    elif isinstance(item, bool) or item is None:
        return
    elif isinstance(item, int | float):
        _number(item, limits, where)
    elif isinstance(item, str):
        _string(item, limits, where)
    else:
        _untyped_list(item, limits, where, depth)


def _untyped_list(items: list[Any], limits: Limits, where: str, depth: int) -> None:
    if not items or items[0] is None:
        return
    first = _group(items[0])
    for index, item in enumerate(items):
        if item is not None and _group(item) != first:
            raise OutputValidationError(f"Output {where} must have items of one type.")
        if item is not None:
            _untyped_item(item, limits, f"{where}[{index}]", depth)


def _group(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return "number"
    return _kind(value)


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), json.dumps(None) if value is None else type(value).__name__)
