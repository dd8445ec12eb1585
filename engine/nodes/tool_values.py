"""Values for a tool's parameters: read from the pool, cast to the declared type, shown masked (nodes-ai 12.2, 12.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import model_validator

from engine.nodes.base import NodeConfig
from engine.nodes.llm_config import AiProblem, selector_of
from engine.ports.outside import ToolParameter
from engine.run.variables import templates
from engine.run.variables.files import File
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import obfuscate, plain

TRUE_WORDS = ("true", "yes", "y", "1")
FALSE_WORDS = ("false", "no", "n", "0")
MISSING: Any = object()


class ToolInput(NodeConfig):
    """A value as files store it: a template, a selector, or a constant."""

    type: Literal["mixed", "variable", "constant"]
    value: Any = None

    @model_validator(mode="after")
    def _fits(self) -> ToolInput:
        if self.type == "mixed" and not isinstance(self.value, str | None):
            raise ValueError("value must be a string for type mixed")
        parts = self.value if isinstance(self.value, list) else [None]
        if self.type == "variable" and self.value is not None and not all(isinstance(v, str | int) for v in parts):
            raise ValueError("value must be a list of strings for type variable")
        return self

    @property
    def selector(self) -> tuple[str, ...]:
        return selector_of(self.value)


def wrapped(value: Any) -> ToolInput | None:
    """A setting in either of its spellings: `{type, value}`, `{value}` or the bare value (AI-05, AI-07)."""
    if value is None:
        return None
    if isinstance(value, Mapping) and "type" in value and value.get("type") in ("mixed", "variable", "constant"):
        return ToolInput.model_validate(dict(value)) if value.get("value") is not None else None
    if isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "type", "auto"}:
        return wrapped(value["value"]) if value["value"] is not None else None
    return ToolInput(type="constant", value=value)


def read(item: ToolInput, pool: VariablePool) -> tuple[Any, Any]:
    """The value and how records show it; `MISSING` when the variable is not there."""
    if item.type == "variable":
        segment = pool.get(item.selector)
        if segment is None:
            return MISSING, None
        shown = obfuscate(segment.value) if segment.type == "secret" else plain(segment)
        return segment.value, shown
    return filled(item.value, pool)


def filled(value: Any, pool: VariablePool) -> tuple[Any, Any]:
    """Texts rendered, in lists and mappings too; other constants stay, the declared type casts them (AI-28)."""
    if isinstance(value, str):
        rendered = templates.render(value, pool)
        return rendered.text, rendered.log
    if isinstance(value, Mapping):
        pairs = {str(k): _inside(v, pool) for k, v in value.items()}
        return {k: v[0] for k, v in pairs.items()}, {k: v[1] for k, v in pairs.items()}
    if isinstance(value, list):
        items = [_inside(v, pool) for v in value]
        return [v[0] for v in items], [v[1] for v in items]
    return value, value


def _inside(value: Any, pool: VariablePool) -> tuple[Any, Any]:
    return filled(value, pool) if isinstance(value, str | Mapping | list) else (value, value)


def node_parameters(
    given: Mapping[str, ToolInput], declared: Sequence[ToolParameter], pool: VariablePool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values for the call and for the record. Raises AiProblem `ToolParameterError`."""
    known = {p.name: p for p in declared}
    values: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    for name, item in given.items():
        parameter = known.get(name)
        if parameter is None:
            values[name] = shown[name] = None
            continue
        value, masked = read(item, pool)
        if value is MISSING:
            if parameter.required:
                raise AiProblem("ToolParameterError", f"Variable {list(item.selector)} does not exist")
            continue
        values[name] = cast(value, parameter)
        shown[name] = masked
    return values, shown


def settings(
    stored: Mapping[str, Any], declared: Sequence[ToolParameter], pool: VariablePool, *, legacy: bool, given: set[str]
) -> dict[str, Any]:
    """The fixed settings of a call, defaults filled in (AI-06); `given` names come from the parameters instead.

    Raises AiProblem `ToolParameterError`.
    """
    found: dict[str, Any] = {}
    stored = _by_stem(stored, declared) if any("#" in name for name in stored) else stored
    for parameter in declared:
        name = parameter.name
        if parameter.form != "form" or name in given:
            continue
        value = _legacy(stored.get(name), parameter) if legacy else _current(stored.get(name), parameter, pool)
        if value is not MISSING:
            found[name] = value
    return found


def _by_stem(stored: Mapping[str, Any], declared: Sequence[ToolParameter]) -> Mapping[str, Any]:
    """Settings of one model each (`voice#provider#model`, section 13.2) belong to the parameter before the first #:
    that of the chosen model."""
    item = stored.get("model")
    model = item.get("value") if isinstance(item, Mapping) else item
    found = dict(stored)
    for parameter in declared:
        own = stored.get(f"{parameter.name}#{model}")
        if own is not None and found.get(parameter.name) is None:
            found[parameter.name] = own
    return found


def _legacy(value: Any, parameter: ToolParameter) -> Any:
    if isinstance(value, Mapping) and "value" in value:
        value = value["value"]
    if not value and value != 0:
        value = parameter.default
        if not value and value not in (0, False) and parameter.required:
            raise AiProblem("ToolParameterError", f"tool parameter {parameter.name} not found in tool config")
    if value is None:
        return MISSING
    if parameter.type == "select" and parameter.options and str(value) not in parameter.options:
        options = list(parameter.options)
        raise AiProblem("ToolParameterError", f"tool parameter {parameter.name} value {value} not in options {options}")
    return cast(value, parameter)


def _current(value: Any, parameter: ToolParameter, pool: VariablePool) -> Any:
    if parameter.type in ("model-selector", "app-selector") and isinstance(value, Mapping):
        inner = value.get("value")
        return dict(inner) if isinstance(inner, Mapping) else dict(value)
    item = wrapped(value)
    if item is None:
        return _default(parameter)
    found, _ = read(item, pool)
    if found is MISSING:
        raise AiProblem("ToolParameterError", f"Variable {list(item.selector)} does not exist")
    return cast(found, parameter)


def _default(parameter: ToolParameter) -> Any:
    if parameter.default is not None:
        return cast(parameter.default, parameter)
    if parameter.required:
        raise AiProblem("ToolParameterError", f"{parameter.label or parameter.name} is required")
    return MISSING


def cast(value: Any, parameter: ToolParameter) -> Any:
    """`value` as the declared type (section 12.3). Raises AiProblem `ToolParameterError`."""
    try:
        return _cast(value, parameter.type)
    except AiProblem:
        raise
    except (TypeError, ValueError) as problem:
        raise AiProblem(
            "ToolParameterError", f"The tool parameter value {value} is not in correct type of {parameter.type}."
        ) from problem


def _cast(value: Any, kind: str) -> Any:
    if kind == "boolean":
        return _truth(value)
    if kind == "number":
        return _number(value)
    if kind == "file":
        return _one_file(value)
    if kind in ("files", "system-files"):
        return value if isinstance(value, list) else [value] if value not in (None, "") else []
    if kind == "array":
        return _list(value)
    if kind == "object":
        return _mapping(value)
    if kind == "any":
        return value
    if kind in ("model-selector", "app-selector"):
        if not isinstance(value, Mapping):
            raise ValueError("a mapping is needed")
        return dict(value)
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in TRUE_WORDS else False if word in FALSE_WORDS else bool(value)
    return bool(value)


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and value.strip():
        return float(value) if "." in value or "e" in value.lower() else int(value)
    if value in (None, ""):
        return None
    raise ValueError("no number")


def _one_file(value: Any) -> Any:
    if isinstance(value, list):
        if len(value) != 1:
            raise AiProblem(
                "ToolParameterError",
                "This parameter only accepts one file but got multiple files while invoking.",
            )
        return value[0]
    if value is not None and not isinstance(value, File | Mapping):
        raise ValueError("no file")
    return value


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if isinstance(found, list):
            return found
    return [value]


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
    return {}
