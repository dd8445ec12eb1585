"""The question-classifier node: a model chooses the branch that fits a text (nodes-ai spec, section 6)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, field_validator

from engine.nodes import llm_call as call
from engine.nodes import llm_prompt as prompt
from engine.nodes.base import ExecutionType, Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.llm_config import AiProblem, MemoryConfig, ModelConfig, VisionConfig, selector_of, text_of
from engine.nodes.llm_files import vision_files
from engine.nodes.llm_memory import as_text, history
from engine.nodes.llm_reasoning import without_thinking
from engine.nodes.llm_structured import is_native
from engine.ports.models import ChatRequest, Message, ModelInfo
from engine.run.variables import templates

SYSTEM = """You are a text classifier. Your task is to put the text of the user into exactly one category, and to name \
the words of the text that led you there.

The user's message is an object with "input_text" (the text), "categories" (each with "category_id" and \
"category_name") and "classification_instructions" (what to mind; may be empty).

Answer with one JSON object with the keys "keywords", "category_id" and "category_name", and with nothing else: no \
explanation, no greeting, no other text. The category must be one of those given, spelled as given.

What was said before, if anything:
<histories>
{histories}
</histories>"""

EXAMPLES = (
    (
        {
            "input_text": ["The parcel came two days late and the box was torn."],
            "categories": [
                {"category_id": "5c1f1d6e-41f0-4b0e-9a52-2f6f7a0f5b11", "category_name": "Delivery"},
                {"category_id": "9b2f7c1e-6a3d-4f0c-8c55-1d0c6f0e7a22", "category_name": "Invoices"},
                {"category_id": "e07d3a54-2c18-4b7b-bb0f-3a8d92c4c933", "category_name": "Praise"},
            ],
            "classification_instructions": ["Decide by what the customer is unhappy about."],
        },
        {
            "keywords": ["parcel", "late", "box", "torn"],
            "category_id": "5c1f1d6e-41f0-4b0e-9a52-2f6f7a0f5b11",
            "category_name": "Delivery",
        },
    ),
    (
        {
            "input_text": ["Which trains run to the coast on Sunday?"],
            "categories": [
                {"category_id": "1f9e0d7a-77c4-4be2-a9f2-6f6d4a2e8c44", "category_name": "Cooking"},
                {"category_id": "7a4c2b90-0e5b-4d1f-92a7-5b7e1c3d9f55", "category_name": "Travel"},
            ],
            "classification_instructions": [],
        },
        {
            "keywords": ["trains", "coast", "Sunday"],
            "category_id": "7a4c2b90-0e5b-4d1f-92a7-5b7e1c3d9f55",
            "category_name": "Travel",
        },
    ),
)

# Where the JSON of an answer may begin and end, in order of preference (section 6.3).
_OPENERS = ("```json", "```", "``", "`", "{", "[")
_CLOSERS = ("```", "``", "`", "}", "]")


class ClassItem(NodeConfig):
    """One class; its id is the handle of its branch."""

    id: str = ""
    name: str = ""
    label: str = ""

    @field_validator("id", "name", "label", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return text_of(value)


class ClassifierConfig(NodeConfig):
    query_variable_selector: tuple[str, ...] = ()
    model: ModelConfig = Field(default_factory=ModelConfig)
    classes: list[ClassItem] = Field(default_factory=list)
    instruction: str = ""
    memory: MemoryConfig | None = None
    vision: VisionConfig = Field(default_factory=VisionConfig)

    @field_validator("query_variable_selector", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return selector_of(value)

    @field_validator("instruction", mode="before")
    @classmethod
    def _instruction(cls, value: Any) -> str:
        return text_of(value)

    @field_validator("model", "vision", mode="before")
    @classmethod
    def _block(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("classes", mode="before")
    @classmethod
    def _classes(cls, value: Any) -> Any:
        return [c for c in value if isinstance(c, Mapping)] if isinstance(value, list) else []


@dataclass(frozen=True)
class _Class:
    id: str
    name: str
    label: str


class QuestionClassifierNode(Node[ClassifierConfig]):
    """Chooses the handle whose name is the id of the class. No chunks are streamed."""

    node_type: ClassVar[str] = "question-classifier"
    execution_type: ClassVar[ExecutionType] = ExecutionType.BRANCH
    config_model: ClassVar[type[NodeConfig]] = ClassifierConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        config = self.config
        inputs: dict[str, Any] = {}
        process: dict[str, Any] = {}
        try:
            segment = ctx.pool.get(config.query_variable_selector)
            query = segment.text if segment is not None else ""
            inputs["query"] = None if segment is None else segment.log if segment.type == "secret" else query
            inputs["model_provider"], inputs["model_name"] = config.model.provider, config.model.name
            if not config.classes:
                raise IndexError("No classes are configured")
            classes = self._classes(ctx)
            info = call.find_model(ctx, config.model)
            messages, parameters, stop = await self._messages(ctx, info, query, classes)
            process.update(
                model_mode=config.model.mode,
                prompts=call.recorded_prompts(messages, config.model.mode),
                model_provider=config.model.provider,
                model_name=config.model.name,
            )
            schema = answer_schema(classes) if is_native(info) and config.model.mode == "chat" else None
            request = ChatRequest(call.ref_of(config.model), messages, parameters, stop, schema=schema)
            answer = await call.ask(ctx, request)
        except (*call.EXPECTED, IndexError) as problem:
            return call.failure(problem, inputs, process)
        usage = answer.usage
        process.update(usage=usage.to_json(), finish_reason=answer.finish_reason)
        metadata = call.usage_metadata(usage)
        try:
            chosen = choose(answer.text, classes)
        except ValueError as problem:
            short = call.cut_off(answer, parameters)
            told = AiProblem(getattr(problem, "error_type", "ValueError"), f"{problem} {short}") if short else problem
            return call.failure(told, inputs, process, metadata=metadata, usage=usage)
        outputs = {
            "class_name": chosen.name,
            "class_label": chosen.label,
            "class_id": chosen.id,
            "usage": usage.to_json(),
        }
        return NodeResult(
            inputs=inputs, process_data=process, outputs=outputs, metadata=metadata, usage=usage, handle=chosen.id
        )

    def _classes(self, ctx: NodeContext) -> list[_Class]:
        return [
            _Class(item.id, templates.render(item.name, ctx.pool).text, item.label or f"CLASS {number}")
            for number, item in enumerate(self.config.classes, 1)
        ]

    async def _messages(
        self, ctx: NodeContext, info: ModelInfo, query: str, classes: list[_Class]
    ) -> tuple[list[Message], dict[str, Any], list[str]]:
        config = self.config
        instruction = templates.render(config.instruction, ctx.pool).text
        parameters, stop = call.parameters_of(config.model.completion_params, ctx.pool)
        files = vision_files(config.vision, ctx.pool)
        question = _question(query, classes, instruction)
        said = ""
        if config.memory is not None:
            bare = [*_drafts("", question)]
            used = call.models_of(ctx).count_tokens(
                info.ref,
                [Message(d.role, d.text) for d in bare],  # type: ignore[arg-type]
            )
            earlier = await history(
                ctx,
                config.memory,
                info,
                max_tokens=call.max_tokens_of(parameters, info),
                used_tokens=used,
                always=True,
            )
            said = as_text(earlier)
        drafts = _drafts(said, question)
        if config.model.mode == "completion":
            drafts = [prompt.Draft("user", _as_one_text(drafts))]
        drafts[-1].files = list(files)
        features = info.features or frozenset()
        wanted = frozenset(kind for kind, feature in call.FEATURE_OF.items() if feature in features)
        loaded = await prompt.loaded(drafts, ctx, config.vision.detail, wanted)
        return call.supported(loaded, info.features), parameters, stop

    def variable_mapping(self) -> dict[str, Selector]:
        found: dict[str, Selector] = {f"{self.node_id}.query": self.config.query_variable_selector}
        for selector in templates.references(self.config.instruction):
            found[f"{self.node_id}.#{'.'.join(selector)}#"] = selector
        return found


def _question(query: str, classes: list[_Class], instruction: str) -> str:
    return json.dumps(
        {
            "input_text": [query],
            "categories": [{"category_id": c.id, "category_name": c.name} for c in classes],
            "classification_instructions": [instruction] if instruction else [],
        },
        ensure_ascii=False,
    )


def _drafts(histories: str, question: str) -> list[prompt.Draft]:
    drafts = [prompt.Draft("system", SYSTEM.format(histories=histories))]
    for asked, answered in EXAMPLES:
        drafts.append(prompt.Draft("user", json.dumps(asked)))
        drafts.append(prompt.Draft("assistant", f"```json\n{json.dumps(answered)}\n```"))
    drafts.append(prompt.Draft("user", question))
    return drafts


def _as_one_text(drafts: list[prompt.Draft]) -> str:
    names = {"system": "", "user": "User input:\n", "assistant": "Assistant output:\n"}
    return "\n\n".join(names[d.role] + d.text for d in drafts) + "\n\nAssistant output:\n"


# -- the answer --------------------------------------------------------------------------------------------------------


def answer_schema(classes: list[_Class]) -> dict[str, Any]:
    """What an answer must look like; only asked of models that keep to a schema, so that they cannot miss."""
    fields = {
        "category_id": {"type": "string", "enum": [c.id for c in classes]},
        "category_name": {"type": "string", "enum": list(dict.fromkeys(c.name for c in classes))},
    }
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def choose(text: str, classes: list[_Class]) -> _Class:
    """The class that an answer names; the first one when it names none that exists (section 6.3).

    Raises ValueError when there is no JSON, AiProblem `OutputParserError` when it cannot be read.
    """
    answer = _parse(without_thinking(text))
    if "category_id" not in answer or "category_name" not in answer:
        return classes[0]
    wanted = str(answer["category_id"])
    return next((c for c in classes if c.id == wanted), classes[0])


def _parse(text: str) -> Mapping[str, Any]:
    body = _json_part(text)
    try:
        value = json.loads(body)
    except ValueError as problem:
        raise AiProblem("OutputParserError", f"got invalid json object. error: {problem}") from problem
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        raise AiProblem("OutputParserError", f"got invalid return object. obj:{value}")
    return value


def _json_part(text: str) -> str:
    opener = next((mark for mark in _OPENERS if mark in text), None)
    if opener is None:
        raise ValueError("could not find json block in the output.")
    start = text.index(opener)
    inner = start if opener in "{[" else start + len(opener)
    # A fence ends with a fence, if it has an end; an object or list with its own bracket.
    if opener in "{[":
        closer = "}" if opener == "{" else "]"
        end = text.rfind(closer) + 1
    else:
        closer = next((mark for mark in _CLOSERS if text.rfind(mark) >= inner), "")
        end = text.rfind(closer) + (1 if closer in ("}", "]") else 0) if closer else len(text)
    if end <= inner:
        end = len(text)
    return re.sub(r"^\s*json\s*", "", text[inner:end]).strip()
