"""The parameter-extractor node: a model finds named values in a text (nodes-ai spec, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from engine.nodes import llm_call as call
from engine.nodes import llm_prompt as prompt
from engine.nodes import parameter_extractor_prompts as prompts
from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.llm_config import AiProblem, MemoryConfig, ModelConfig, VisionConfig, selector_of, text_of
from engine.nodes.llm_files import vision_files
from engine.nodes.llm_memory import as_text, history
from engine.nodes.llm_reasoning import without_thinking
from engine.nodes.llm_structured import is_native
from engine.nodes.loose_json import balanced_object
from engine.ports.models import ChatRequest, Message, ModelError, ModelInfo, ToolSpec
from engine.run.variables import templates
from engine.run.variables.segments import build_with_type, is_valid

RESERVED = ("__reason", "__is_success", "__usage")
TYPES = ("string", "number", "boolean", "array[string]", "array[number]", "array[object]", "array[boolean]")
LEGACY = {"bool": "boolean", "select": "string"}
TOKEN_MARGIN = 1000
NOT_FOUND = "Failed to extract result from function call or text response, using empty result."


class Parameter(NodeConfig):
    """One value to find."""

    name: str
    type: str
    description: str = ""
    required: bool = False
    options: list[str] = Field(default_factory=list)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not value:
            raise ValueError("Parameter name is required")
        if value in RESERVED:
            raise ValueError("Invalid parameter name, __reason and __is_success are reserved")
        return value

    @field_validator("type")
    @classmethod
    def _type(cls, value: str) -> str:
        value = LEGACY.get(value, value)
        if value not in TYPES:
            raise ValueError(f"Invalid parameter type {value!r}")
        return value

    @field_validator("description", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)

    @field_validator("options", mode="before")
    @classmethod
    def _options(cls, value: Any) -> Any:
        return [str(v) for v in value] if isinstance(value, list) else []

    @property
    def schema_(self) -> dict[str, Any]:
        """The JSON schema of this value."""
        found: dict[str, Any] = {"description": self.description, "type": self.type}
        if self.type.startswith("array"):
            found["type"], found["items"] = "array", {"type": self.type[6:-1]}
        if self.options:
            found["enum"] = list(self.options)
        return found

    @property
    def empty(self) -> Any:
        """What stands for a value that could not be found."""
        if self.type.startswith("array"):
            return build_with_type(self.type, [])
        return {"string": "", "number": 0, "boolean": False}[self.type]


class ExtractorConfig(NodeConfig):
    query: tuple[str, ...] = ()
    model: ModelConfig = Field(default_factory=ModelConfig)
    parameters: list[Parameter] = Field(default_factory=list)
    reasoning_mode: Literal["function_call", "prompt"] = "function_call"
    instruction: str = ""
    memory: MemoryConfig | None = None
    vision: VisionConfig = Field(default_factory=VisionConfig)

    @field_validator("query", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return selector_of(value)

    @field_validator("reasoning_mode", mode="before")
    @classmethod
    def _mode(cls, value: Any) -> Any:
        return value or "function_call"

    @field_validator("instruction", mode="before")
    @classmethod
    def _instruction(cls, value: Any) -> str:
        return text_of(value)

    @field_validator("model", "vision", mode="before")
    @classmethod
    def _block(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("parameters", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return [] if value is None else value

    @property
    def schema_(self) -> dict[str, Any]:
        """The JSON schema of all values."""
        return {
            "type": "object",
            "properties": {p.name: p.schema_ for p in self.parameters},
            "required": [p.name for p in self.parameters if p.required],
        }


class ParameterExtractorNode(Node[ExtractorConfig]):
    """Succeeds even when nothing was found: `__is_success` and `__reason` say how it went."""

    node_type: ClassVar[str] = "parameter-extractor"
    config_model: ClassVar[type[NodeConfig]] = ExtractorConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        inputs: dict[str, Any] = {}
        process: dict[str, Any] = {}
        try:
            segment = ctx.pool.get(config.query)
            query = segment.text if segment is not None else ""
            files = vision_files(config.vision, ctx.pool)
            inputs = {
                "query": segment.log if segment is not None and segment.type == "secret" else query,
                "files": [f.to_dict() for f in files],
                "parameters": [p.model_dump() for p in config.parameters],
                "instruction": config.instruction,
                "model_provider": config.model.provider,
                "model_name": config.model.name,
            }
            info = call.find_model(ctx, config.model)
            tool = self._tool(info)
            request = await self._request(ctx, info, query, files, tool)
            process = {
                "model_mode": config.model.mode,
                "prompts": call.recorded_prompts(request.messages, config.model.mode),
                "usage": None,
                "function": {} if tool is None else _tool_json(tool),
                "tool_call": None,
                "llm_text": "",
                "model_provider": config.model.provider,
                "model_name": config.model.name,
            }
        except call.EXPECTED as problem:
            outputs = {"__is_success": 0, "__reason": str(problem)}
            return call.failure(problem, inputs, process, outputs=outputs)
        try:
            answer = await call.ask(ctx, request)
        except ModelError as problem:
            text = str(problem)
            failed = {"__is_success": 0, "__reason": "Failed to invoke model", "__error": text}
            return call.failure(problem, inputs, process, outputs=failed)
        short = call.cut_off(answer, request.parameters)
        return self._result(answer, inputs, process, {"warnings": [short]} if short else {})

    def _tool(self, info: ModelInfo) -> ToolSpec | None:
        """The function to offer, when the model can call functions and the settings want it (section 7.2)."""
        features = info.features or frozenset()
        if self.config.reasoning_mode != "function_call" or not features & {"tool-call", "multi-tool-call"}:
            return None
        if self.config.model.mode != "chat":
            raise AiProblem("InvalidModelModeError", f"Model mode {self.config.model.mode} does not call functions.")
        return ToolSpec(prompts.FUNCTION, prompts.FUNCTION_DESCRIPTION, self.config.schema_)

    async def _request(
        self, ctx: NodeContext, info: ModelInfo, query: str, files: list[Any], tool: ToolSpec | None
    ) -> ChatRequest:
        config = self.config
        instruction = templates.render(config.instruction, ctx.pool).text
        parameters, stop = call.parameters_of(config.model.completion_params, ctx.pool)
        build = prompts.builder(config.model.mode, with_tool=tool is not None)
        said = ""
        if config.memory is not None:
            used = call.models_of(ctx).count_tokens(info.ref, build("", instruction, config.schema_, query))
            earlier = await history(
                ctx,
                config.memory,
                info,
                max_tokens=call.max_tokens_of(parameters, info),
                used_tokens=used + TOKEN_MARGIN,
                always=True,
            )
            said = as_text(earlier)
        messages = build(said, instruction, config.schema_, query)
        if files:
            messages = await self._with_files(ctx, info, messages, files)
        messages = call.supported(messages, info.features)
        # A model that keeps to a schema is held to it where it is not held by a function.
        held = tool is None and config.model.mode == "chat" and is_native(info)
        return ChatRequest(
            call.ref_of(config.model),
            messages,
            parameters,
            stop,
            tools=(tool,) if tool else (),
            schema=config.schema_ if held else None,
            stream=False,
        )

    async def _with_files(
        self, ctx: NodeContext, info: ModelInfo, messages: list[Message], files: list[Any]
    ) -> list[Message]:
        features = info.features or frozenset()
        wanted = frozenset(kind for kind, feature in call.FEATURE_OF.items() if feature in features)
        draft = prompt.Draft("user", messages[-1].text, files)
        return [*messages[:-1], *await prompt.loaded([draft], ctx, self.config.vision.detail, wanted)]

    def _result(
        self, answer: call.Answer, inputs: Mapping[str, Any], process: dict[str, Any], notices: Mapping[str, Any]
    ) -> NodeResult:
        usage = answer.usage
        process.update(notices)
        first = answer.tool_calls[0] if answer.tool_calls else None
        process.update(usage=usage.to_json(), llm_text=answer.text, finish_reason=answer.finish_reason)
        if first is not None:
            process["tool_call"] = {
                "id": first.id,
                "type": "function",
                "function": {"name": first.name, "arguments": first.arguments},
            }
        reason: str | None = None
        if first is not None:
            found = balanced_object(first.arguments) or {}
        else:
            found = balanced_object(without_thinking(answer.text)) or {}
            if not found:
                reason = NOT_FOUND
                found = {p.name: p.empty for p in self.config.parameters if not p.type.startswith("array")}
        problem = check(found, self.config.parameters)
        reason = problem or reason
        outputs: dict[str, Any] = {
            "__is_success": 0 if reason else 1,
            "__reason": reason,
            "__usage": usage.to_json(),
            **{p.name: transform(found.get(p.name), p) for p in self.config.parameters},
        }
        metadata = {**call.usage_metadata(usage), **notices}
        return NodeResult(inputs=inputs, process_data=process, outputs=outputs, metadata=metadata, usage=usage)

    def variable_mapping(self) -> dict[str, Selector]:
        found: dict[str, Selector] = {f"{self.node_id}.query": self.config.query}
        for selector in templates.references(self.config.instruction):
            found[f"{self.node_id}.#{'.'.join(selector)}#"] = selector
        return found


def _tool_json(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


# -- the answer's values -----------------------------------------------------------------------------------------------


def check(found: Mapping[str, Any], parameters: list[Parameter]) -> str | None:
    """The first thing that is wrong with the values, or None (section 7.3, step 3)."""
    if len(found) != len(parameters):
        return "Invalid number of parameters"
    for parameter in parameters:
        name = parameter.name
        if name not in found:
            if parameter.required:
                return f"Parameter {name} is required"
            continue
        value = found[name]
        if not is_valid(parameter.type, value):
            return f"Invalid value for parameter {name}, expected segment type: {parameter.type}"
        if parameter.options and value not in parameter.options:
            return f"Invalid `select` value for parameter {name}"
    return None


def transform(value: Any, parameter: Parameter) -> Any:
    """`value` as the parameter's type, or the type's empty value (section 7.3, step 4)."""
    kind = parameter.type
    if kind == "number":
        number = as_number(value)
        return parameter.empty if number is None else number
    if kind == "boolean":
        return bool(value) if isinstance(value, bool | int) else parameter.empty
    if kind == "string":
        return value if isinstance(value, str) else parameter.empty
    if not isinstance(value, list):
        return parameter.empty
    items = [fitted for item in value if (fitted := _item(item, kind[6:-1])) is not None]
    return build_with_type(kind, items)


def _item(item: Any, kind: str) -> Any:
    if kind == "number":
        return as_number(item)
    fits = {"string": str, "object": dict, "boolean": bool}[kind]
    return item if isinstance(item, fits) else None


def as_number(value: Any) -> int | float | None:
    """A number from what models write, or None."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return None
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return None
