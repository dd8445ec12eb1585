"""The start node, and the check of a run's inputs against what it asks for (nodes-ai spec, section 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, ValidationError, field_validator

from engine.errors import NodePlace, UserError
from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult
from engine.run.variables.files import FileProblem, file_from_input, is_file_mapping
from engine.run.variables.segments import plain

TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
FALSE_WORDS = frozenset({"false", "0", "no", "off"})
TEXT_TYPES = frozenset({"text-input", "paragraph", "select", "url", "external_data_tool"})
FILE_LISTS = frozenset({"file-list", "files"})
OBJECT_TYPES = frozenset({"json_object", "json"})


class StartVariable(NodeConfig):
    """One input that a run asks for."""

    variable: str
    label: str = ""
    type: str = "text-input"
    required: bool = False
    default: Any = None
    max_length: int | None = None
    options: list[str] = Field(default_factory=list)
    allowed_file_types: list[str] = Field(default_factory=list)
    allowed_file_extensions: list[str] = Field(default_factory=list)
    allowed_file_upload_methods: list[str] = Field(default_factory=list)
    json_schema: dict[str, Any] | None = None

    @field_validator(
        "options",
        "allowed_file_types",
        "allowed_file_extensions",
        "allowed_file_upload_methods",
        mode="before",
    )
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return [str(v) for v in value] if isinstance(value, list) else []

    @field_validator("label", mode="before")
    @classmethod
    def _label(cls, value: Any) -> Any:
        return "" if value is None else str(value)

    @field_validator("variable", "type", mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        """YAML reads a name such as 1 as a number."""
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("required", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return False if value is None else value

    @field_validator("max_length", mode="before")
    @classmethod
    def _length(cls, value: Any) -> Any:
        try:
            return int(value) if value not in (None, "") else None
        except (TypeError, ValueError):
            return None

    @field_validator("json_schema", mode="before")
    @classmethod
    def _schema(cls, value: Any) -> Any:
        if isinstance(value, str):
            if not value.strip():
                return None
            try:
                value = json.loads(value, parse_constant=_no_constant)
            except ValueError as error:
                raise ValueError(f"The JSON schema is not valid JSON: {error}") from error
        return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not allowed")


class StartConfig(NodeConfig):
    variables: list[StartVariable] = Field(default_factory=list)

    @field_validator("variables", mode="before")
    @classmethod
    def _variables(cls, value: Any) -> Any:
        return [v for v in value if isinstance(v, Mapping) and v.get("variable")] if isinstance(value, list) else []


class StartNode(Node[StartConfig]):
    """Gives the inputs of the run."""

    node_type: ClassVar[str] = "start"
    execution_type: ClassVar[ExecutionType] = ExecutionType.ROOT
    config_model: ClassVar[type[NodeConfig]] = StartConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        values = ctx.pool.values(self.node_id)
        for variable in self.config.variables:
            if variable.type in OBJECT_TYPES:
                problem = object_problem(variable, values.get(variable.variable))
                if problem is not None:
                    return NodeResult.failed(str(problem), type(problem).__name__, inputs=plain(values))
        return NodeResult(inputs=plain(values), outputs=values)


def object_problem(variable: StartVariable, value: Any) -> Exception | None:
    name = variable.variable
    if value is None:
        return ValueError(f"{name} is required in input form") if variable.required else None
    if not value:
        return None
    if variable.type == "json" and isinstance(value, list):
        return None
    if not isinstance(value, Mapping):
        return TypeError(f"JSON object for '{name}' must be an object")
    if variable.json_schema:
        from jsonschema import Draft7Validator

        error = next(iter(Draft7Validator(variable.json_schema).iter_errors(dict(value))), None)
        if error is not None:
            return ValueError(f"JSON object for '{name}' does not match schema: {error.message}")
    return None


# -- the inputs of a run -----------------------------------------------------------------------------------------------


class InputProblem(UserError):
    """An input that does not fit; the place is the start node and the variable."""

    default_code = "run.input"


def check_inputs(node_id: str, declared: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a run for what the start node declares, in the order of the spec's section 2.2.

    Undeclared keys are dropped. Raises InputProblem for the first value that does not fit.
    """
    values: dict[str, Any] = {}
    for entity in declared:
        if not isinstance(entity, Mapping) or not entity.get("variable"):
            continue
        variable = _declared(node_id, entity)
        try:
            values[variable.variable] = _checked(variable, given.get(variable.variable))
        except (ValueError, TypeError, FileProblem) as error:
            raise InputProblem(str(error), where=NodePlace(node_id, f"variables.{variable.variable}")) from error
    return values


def _declared(node_id: str, entity: Mapping[str, Any]) -> StartVariable:
    """The input as a file declares it. Raises InputProblem for settings that cannot be read."""
    try:
        return StartVariable.model_validate(dict(entity))
    except ValidationError as error:
        first = error.errors()[0]
        name = entity["variable"] if isinstance(entity["variable"], str) else "?"
        said = f"The input {name} of the start node cannot be read: {first['loc'][0]}: {first['msg']}"
        raise InputProblem(said, where=NodePlace(node_id, f"variables.{name}")) from None


def _checked(variable: StartVariable, value: Any) -> Any:
    name, kind = variable.variable, variable.type
    if value is None:
        if variable.required:
            raise ValueError(f"{name} is required in input form")
        value = variable.default
        if value is None:
            return None
    if kind == "file" and value == "" and not variable.required:
        return None
    if kind in FILE_LISTS and value == "" and not variable.required:
        return None
    value = _typed(variable, value)
    if isinstance(value, str):
        value = value.replace("\x00", "")
    if kind == "file" and value is not None:
        return _file(variable, value)
    if kind in FILE_LISTS:
        return [_file(variable, item) for item in value or []]
    if isinstance(value, Mapping) and kind not in OBJECT_TYPES:
        raise ValueError(f"Invalid input type for ['{name}']")
    if isinstance(value, list) and any(isinstance(v, Mapping) for v in value) and kind not in OBJECT_TYPES:
        raise ValueError(f"Invalid input type for ['{name}']")
    return value


def _typed(variable: StartVariable, value: Any) -> Any:
    kind = variable.type
    if kind in TEXT_TYPES:
        return _text(variable, value)
    if kind == "number":
        return _number(variable.variable, value)
    if kind == "checkbox":
        return _truth(value)
    if kind == "file":
        if not isinstance(value, Mapping):
            raise ValueError(f"{variable.variable} in input form must be a file")
    elif kind in FILE_LISTS:
        if not isinstance(value, list) or not all(isinstance(v, Mapping) for v in value):
            raise ValueError(f"{variable.variable} in input form must be a list of files")
        if variable.max_length and len(value) > variable.max_length:
            raise ValueError(f"{variable.variable} in input form must be less than {variable.max_length} files")
    elif kind in OBJECT_TYPES:
        return _object(variable, value)
    return value


def _text(variable: StartVariable, value: Any) -> Any:
    name = variable.variable
    if not isinstance(value, str):
        raise ValueError(f"(type '{variable.type}') {name} in input form must be a string")
    if variable.type == "select" and value not in variable.options:
        raise ValueError(f"{name} in input form must be one of the following: {variable.options}")
    if variable.type in ("text-input", "paragraph") and variable.max_length and len(value) > variable.max_length:
        raise ValueError(f"{name} in input form must be less than {variable.max_length} characters")
    if variable.type == "url" and value and not value.lower().startswith(("http://", "https://")):
        raise ValueError(f"{name} in input form must be a valid url")
    return value


def _number(name: str, value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise TypeError(f"{name} in input form must be a valid number")
    if not value.strip():
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise ValueError(f"{name} in input form must be a valid number") from None


def _truth(value: Any) -> Any:
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in TRUE_WORDS else False if word in FALSE_WORDS else value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return value


def _object(variable: StartVariable, value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"{variable.variable} in input form must be a dict") from error
    if variable.type == "json" and isinstance(value, list):
        return value
    if value and not isinstance(value, Mapping):
        raise ValueError(f"{variable.variable} in input form must be a dict")
    return value or {}


def _file(variable: StartVariable, value: Any) -> Any:
    """The mapping of an allowed file; its kind is detected when it says none."""
    mapping = dict(value)
    if is_file_mapping(mapping):
        return mapping
    found = file_from_input(mapping)
    mapping["type"] = kind = mapping.get("type") or found.type
    if found.transfer_method == "tool_file":
        return mapping
    extension = (found.extension or "").lower().lstrip(".")
    listed = {e.lower().lstrip(".") for e in variable.allowed_file_extensions}
    allowed = variable.allowed_file_types
    named = kind != "custom" and kind in allowed
    fits = not allowed or named or ("custom" in allowed and extension in listed)
    methods = variable.allowed_file_upload_methods
    if not fits or (methods and found.transfer_method not in methods):
        raise ValueError(f"File validation failed for file: {found.filename or found.remote_url or ''}")
    return mapping
