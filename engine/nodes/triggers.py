"""The triggers' nodes (nodes-logic spec, sections 13 to 15): what they hand on. Receiving requests, keeping time and
listening for events are services of their own; they put what came in into the run's inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult
from engine.run.variables.files import is_file_input, is_file_mapping
from engine.run.variables.segments import plain

RAW = "_webhook_raw"
INJECTED = ("webhook_data", "webhook_headers", "webhook_query_params", "webhook_body")
TEXT_TYPES = ("text/plain", "application/octet-stream")


def header_output(name: str) -> str:
    """The variable that a header's value is stored in."""
    return name.replace("-", "_")


def _system_copies(ctx: NodeContext) -> dict[str, Any]:
    return {f"sys.{name}": segment for name, segment in ctx.pool.node("sys").items()}


# -- webhook -----------------------------------------------------------------------------------------------------------


class WebhookHeader(NodeConfig):
    name: str
    type: Literal["string"] = "string"
    required: bool = False


class WebhookParam(NodeConfig):
    name: str
    type: Literal["string", "number", "boolean"] = "string"
    required: bool = False


class WebhookField(NodeConfig):
    """One declared field of the body; the older type `array` is a list of texts."""

    name: str
    type: Literal[
        "string",
        "number",
        "boolean",
        "object",
        "array[string]",
        "array[number]",
        "array[boolean]",
        "array[object]",
        "file",
    ] = "string"
    required: bool = False

    @field_validator("type", mode="before")
    @classmethod
    def _older_type(cls, value: Any) -> Any:
        return "array[string]" if value == "array" else value


class WebhookConfig(NodeConfig):
    """What a request must look like and what is answered."""

    method: Literal["get", "post", "head", "patch", "put", "delete"] = "get"
    content_type: Literal[
        "application/json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/octet-stream",
    ] = "application/json"
    headers: list[WebhookHeader] = Field(default_factory=list)
    params: list[WebhookParam] = Field(default_factory=list)
    body: list[WebhookField] = Field(default_factory=list)
    status_code: int = 200
    response_body: str = ""

    @field_validator("method", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("headers", "params", "body", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return [] if value is None else value

    @model_validator(mode="after")
    def _one_name_each(self) -> WebhookConfig:
        names = [header_output(header.name) for header in self.headers]
        names += [item.name for item in self.params] + [item.name for item in self.body]
        for name in names:
            if not name.isidentifier() or name == RAW:
                raise ValueError(f"{name!r} cannot be the name of a variable")
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is declared more than once")
        return self


class WebhookTriggerNode(Node[WebhookConfig]):
    """Hands on a request. It is read from `webhook_data` of the run's inputs, a mapping with `method`, `headers`,
    `query_params`, `body` and `files`; a run by hand may give the outputs' values themselves."""

    node_type: ClassVar[str] = "trigger-webhook"
    execution_type: ClassVar[ExecutionType] = ExecutionType.ROOT
    config_model: ClassVar[type[NodeConfig]] = WebhookConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        given = ctx.pool.values(ctx.node_id)
        data = given.get("webhook_data")
        request: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        headers = _mapping(request.get("headers", given.get("webhook_headers")))
        params = _mapping(request.get("query_params", given.get("webhook_query_params")))
        sent = request.get("body", given.get("webhook_body"))
        body = _mapping(sent)
        files = _mapping(request.get("files"))
        outputs: dict[str, Any] = {}
        for header in self.config.headers:
            name = header_output(header.name)
            outputs[name] = find_header(headers, header.name, given.get(name))
        for param in self.config.params:
            outputs[param.name] = params.get(param.name, given.get(param.name))
        for field in self.config.body:
            value = self._field(field, body, files)
            outputs[field.name] = given.get(field.name) if value is None else value
        outputs[RAW] = {
            "method": str(request.get("method") or self.config.method).upper(),
            "headers": dict(headers),
            "query_params": dict(params),
            "body": dict(body) if isinstance(sent, Mapping) or sent is None else sent,
            "files": dict(files),
        }
        inputs = {name: given[name] for name in INJECTED if name in given} or plain(given)
        return NodeResult(inputs=inputs, outputs={**outputs, **_system_copies(ctx)})

    def _field(self, field: WebhookField, body: Mapping[str, Any], files: Mapping[str, Any]) -> Any:
        if self.config.content_type == "text/plain":
            return body.get("raw", "")
        if self.config.content_type == "application/octet-stream":
            return _file(body.get("raw", files.get("raw")))
        if field.type == "file":
            # Only an upload is a file: a mapping in a JSON body may not name one of the workspace.
            found = _file(files.get(field.name))
            return None if isinstance(found, Mapping) else found
        return body.get(field.name)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _file(value: Any) -> Any:
    if is_file_mapping(value) or is_file_input(value):
        from engine.run.variables.files import file_from_mapping

        return file_from_mapping(value)
    return value


def find_header(headers: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """A header's value by its exact name, then with - and _ exchanged, then both in any letter case."""
    spellings = [name, name.replace("-", "_"), name.replace("_", "-")]
    for spelling in spellings:
        if spelling in headers:
            return headers[spelling]
    lower = {key.lower(): value for key, value in headers.items()}
    return next((lower[s.lower()] for s in spellings if s.lower() in lower), default)


# -- schedule ----------------------------------------------------------------------------------------------------------


class ScheduleConfig(NodeConfig):
    """Kept as it is: when it fires is read by `engine.nodes.schedule`, and what is wrong with it is said there."""


class ScheduleTriggerNode(Node[ScheduleConfig]):
    """Hands on the system variables, the time of the run among them."""

    node_type: ClassVar[str] = "trigger-schedule"
    execution_type: ClassVar[ExecutionType] = ExecutionType.ROOT
    config_model: ClassVar[type[NodeConfig]] = ScheduleConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        copies = _system_copies(ctx)
        return NodeResult(inputs=plain(copies), outputs=copies)


# -- plugin ------------------------------------------------------------------------------------------------------------


class EventParameter(NodeConfig):
    """A setting of the event. Only constants can be used by a run."""

    type: Literal["constant", "mixed", "variable"] = "constant"
    value: Any = None

    @model_validator(mode="after")
    def _fits(self) -> EventParameter:
        if self.type == "mixed" and not isinstance(self.value, str):
            raise ValueError("a mixed value must be text")
        if self.type == "variable" and not (
            isinstance(self.value, list) and all(isinstance(part, str) for part in self.value)
        ):
            raise ValueError("a variable must be a list of texts")
        return self


class PluginTriggerConfig(NodeConfig):
    """Which event of which plugin."""

    plugin_id: str = ""
    provider_id: str = ""
    event_name: str = ""
    subscription_id: str = ""
    plugin_unique_identifier: str = ""
    event_parameters: dict[str, EventParameter] = Field(default_factory=dict)

    @field_validator("event_parameters", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return {} if value is None else value

    def parameters(self, declared: list[str]) -> dict[str, Any]:
        """The values of the declared parameters, null where there is none. Raises ValueError for a kind that is no
        constant."""
        found: dict[str, Any] = {}
        for name in declared:
            parameter = self.event_parameters.get(name)
            if parameter is not None and parameter.type != "constant":
                raise ValueError(f"The event parameter {name} must be a constant, not {parameter.type}.")
            found[name] = parameter.value if parameter is not None else None
        return found


class PluginTriggerNode(Node[PluginTriggerConfig]):
    """Hands on an event's variables."""

    node_type: ClassVar[str] = "trigger-plugin"
    execution_type: ClassVar[ExecutionType] = ExecutionType.ROOT
    config_model: ClassVar[type[NodeConfig]] = PluginTriggerConfig

    def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        values = {**ctx.pool.node(ctx.node_id), **_system_copies(ctx)}
        info = {
            "provider_id": config.provider_id,
            "event_name": config.event_name,
            "plugin_unique_identifier": config.plugin_unique_identifier,
        }
        return NodeResult(inputs=plain(dict(values)), outputs=values, metadata={"trigger_info": info})


__all__ = [
    "PluginTriggerNode",
    "ScheduleTriggerNode",
    "WebhookConfig",
    "WebhookTriggerNode",
    "find_header",
    "header_output",
]
