"""The llm node: builds a prompt, asks a model, streams its answer (nodes-ai spec, section 5)."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from engine.nodes import llm_call as call
from engine.nodes import llm_prompt as prompt
from engine.nodes import llm_structured as structured
from engine.nodes.base import Node, NodeConfig, NodeContext, NodeResult, Selector
from engine.nodes.inputs import NamedInput, named_inputs
from engine.nodes.llm_booleans import refuses_booleans, textual
from engine.nodes.llm_config import (
    SYS_FILES,
    AiProblem,
    MemoryConfig,
    ModelConfig,
    PromptMessage,
    VisionConfig,
    selector_of,
)
from engine.nodes.llm_files import MEDIA, new_files, saved_file, vision_files
from engine.nodes.llm_memory import as_text, history
from engine.nodes.llm_polling import poll, poller_of
from engine.nodes.llm_reasoning import ThinkFilter, separate
from engine.ports.models import ChatDelta, ChatRequest, ContentPart, Message, ModelError, ModelInfo
from engine.run.variables import templates
from engine.run.variables.files import File


class ContextConfig(NodeConfig):
    """Whether and from where the context comes."""

    enabled: bool = False
    variable_selector: tuple[str, ...] = ()

    @field_validator("variable_selector", mode="before")
    @classmethod
    def _selector(cls, value: Any) -> Any:
        return selector_of(value)


class LlmConfig(NodeConfig):
    """Settings of an llm node; older shapes are brought up to date (section 5.2)."""

    model: ModelConfig = Field(default_factory=ModelConfig)
    prompt_template: list[PromptMessage] | PromptMessage = Field(default_factory=list)
    jinja2_variables: list[NamedInput] = Field(default_factory=list)
    memory: MemoryConfig | None = None
    context: ContextConfig = Field(default_factory=ContextConfig)
    vision: VisionConfig = Field(default_factory=VisionConfig)
    structured_output: Any = None
    structured_output_switch_on: bool = False
    reasoning_format: str = "tagged"

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, value: Any) -> Any:
        data = dict(value) if isinstance(value, Mapping) else {}
        config = data.get("prompt_config")
        listed = config.get("jinja2_variables") if isinstance(config, Mapping) else None
        data["jinja2_variables"] = named_inputs(listed if isinstance(listed, list) else [])
        if data.get("structured_output_switch_on") is None:
            data["structured_output_switch_on"] = bool(data.get("structured_output_enabled"))
        for key in ("model", "context", "vision"):
            if data.get(key) is None:
                data.pop(key, None)
        template = data.get("prompt_template")
        if template is None:
            data["prompt_template"] = []
        elif isinstance(template, list):
            data["prompt_template"] = [m for m in template if isinstance(m, Mapping)]
        if data.get("reasoning_format") not in ("tagged", "separated"):
            data["reasoning_format"] = "tagged"
        return data

    @property
    def messages(self) -> list[PromptMessage]:
        """The configured messages; a completion prompt is one user message."""
        template = self.prompt_template
        return list(template) if isinstance(template, list) else [template]

    @property
    def is_completion(self) -> bool:
        """Is the prompt one text? The shape in the file decides, not the model's mode."""
        return not isinstance(self.prompt_template, list)

    @property
    def wants_object(self) -> bool:
        return self.structured_output_switch_on and self.structured_output is not None


class LlmNode(Node[LlmConfig]):
    """Asks a model once an attempt. What is known of inputs and prompts is recorded even when the call fails."""

    node_type: ClassVar[str] = "llm"
    supports_retry: ClassVar[bool] = True
    config_model: ClassVar[type[NodeConfig]] = LlmConfig

    async def run(self, ctx: NodeContext) -> NodeResult:
        attempt = _Attempt(self.config, ctx)
        try:
            return await attempt.run()
        except call.EXPECTED as problem:
            return call.failure(problem, attempt.inputs, {**attempt.process, **attempt.notices})

    def variable_mapping(self) -> dict[str, Selector]:
        config = self.config
        texts = [m.text for m in config.messages if not m.is_jinja]
        if config.memory is not None and config.memory.query_prompt_template:
            texts.append(config.memory.query_prompt_template)
        found: dict[str, Selector] = {}
        for text in texts:
            for selector in templates.references(text):
                found[f"{self.node_id}.#{'.'.join(selector)}#"] = selector
        if config.context.enabled and config.context.variable_selector:
            found[f"{self.node_id}.#context#"] = config.context.variable_selector
        if config.vision.enabled and config.vision.selector:
            found[f"{self.node_id}.#files#"] = config.vision.selector
        if any(m.is_jinja for m in config.messages):
            for item in config.jinja2_variables:
                found[f"{self.node_id}.{item.variable}"] = tuple(item.value_selector)
        return found


class _Attempt:
    """One attempt, its inputs and process data growing as it goes (section 5.3)."""

    def __init__(self, config: LlmConfig, ctx: NodeContext) -> None:
        self.config = config
        self.ctx = ctx
        self.inputs: dict[str, Any] = {}
        self.process: dict[str, Any] = {}
        self.notices: dict[str, Any] = {}
        """What was done to the answer behind the person's back; in the record and in the event's metadata."""
        self._texts_for_booleans = False
        self._reasoning = ThinkFilter() if config.reasoning_format == "separated" else None

    async def run(self) -> NodeResult:
        config, ctx = self.config, self.ctx
        pool = ctx.pool
        memory = config.memory
        self.inputs.update(prompt.template_inputs([m.source for m in config.messages], pool))
        if memory is not None and memory.query_prompt_template:
            self.inputs.update(prompt.template_inputs([memory.query_prompt_template], pool, skip_null=True))
        values, shown = prompt.jinja_inputs(config.jinja2_variables, pool)
        self.inputs.update(shown)
        files = vision_files(config.vision, pool)
        if files:
            self.inputs["#files#"] = [f.to_dict() for f in files]
        context = self._context()
        parameters, stop = call.parameters_of(config.model.completion_params, pool)
        schema = structured.checked_schema(config.structured_output) if config.wants_object else None
        self.inputs["model_provider"] = config.model.provider
        self.inputs["model_name"] = config.model.name
        info = call.find_model(ctx, config.model)
        drafts = await self._drafts(context, values, info, parameters)
        if config.vision.enabled:
            self._attach(drafts, [*files, *context.files])
        messages = await self._messages(drafts, info)
        native = schema is not None and structured.is_native(info)
        if schema is not None and not native:
            messages = structured.with_instruction(messages, schema)
            mode = structured.json_format(info)
            if mode:
                parameters["response_format"] = mode
        self.process.update(
            model_mode=config.model.mode,
            prompts=call.recorded_prompts(messages, "completion" if config.is_completion else "chat"),
            model_provider=config.model.provider,
            model_name=config.model.name,
        )
        request = ChatRequest(
            call.ref_of(config.model),
            messages,
            parameters,
            stop,
            schema=schema if native else None,
            user=str(ctx.run.get("user_id") or ""),
        )
        return await self._ask(request, schema)

    def _context(self) -> prompt.Context:
        config = self.config.context
        if not config.enabled or len(config.variable_selector) < 2:
            return prompt.Context()
        context = prompt.read_context(self.ctx.pool.get(config.variable_selector))
        if context.text:
            self.inputs["#context#"] = context.text
        if context.files:
            self.inputs["#context_files#"] = [f.to_dict() for f in context.files]
        if context.resources is not None:
            fields = {"retriever_resources": context.resources, "context": context.text}
            self.ctx.emit("NodeRunRetrieverResource", fields)
        return context

    # -- messages ------------------------------------------------------------------------------------------------------

    async def _drafts(
        self, context: prompt.Context, values: Mapping[str, Any], info: ModelInfo, parameters: Mapping[str, Any]
    ) -> list[prompt.Draft | Message]:
        config, ctx = self.config, self.ctx
        marks = {prompt.CONTEXT_MARK: context.text}
        if config.is_completion:
            return await self._completion(marks, values, info, parameters)
        drafts: list[prompt.Draft | Message] = []
        for message in config.messages:
            prompt.role_of(message.role)
            drafts.extend(prompt.messages_of(await prompt.render_message(message, ctx, marks, values)))
        if config.memory is not None:
            drafts.extend(await self._history(info, parameters))
            drafts.extend(prompt.messages_of(self._query()))
        return drafts

    async def _history(self, info: ModelInfo, parameters: Mapping[str, Any]) -> list[Message]:
        assert self.config.memory is not None
        return await history(
            self.ctx,
            self.config.memory,
            info,
            max_tokens=call.max_tokens_of(parameters, info),
            used_tokens=0,
            always=False,
        )

    def _query(self) -> prompt.Draft:
        """The memory's question: its template, or the user's words as they are (section 5.6)."""
        memory, pool = self.config.memory, self.ctx.pool
        assert memory is not None
        if memory.query_prompt_template:
            text, files = prompt.fill(memory.query_prompt_template, pool, {})
            return prompt.Draft("user", text, files)
        segment = pool.get(("sys", "query"))
        return prompt.Draft("user", segment.text if segment is not None else "")

    async def _completion(
        self, marks: dict[str, str], values: Mapping[str, Any], info: ModelInfo, parameters: Mapping[str, Any]
    ) -> list[prompt.Draft | Message]:
        config = self.config
        message, memory = config.messages[0], config.memory
        said = ""
        if memory is not None:
            if memory.role_prefix is None:
                raise AiProblem("MemoryRolePrefixRequiredError", "Memory role prefix is required for completion model.")
            earlier = await self._history(info, parameters)
            said = as_text(earlier, memory.role_prefix.user, memory.role_prefix.assistant)
        all_marks = {**marks, **dict.fromkeys(prompt.HISTORY_MARKS, said)}
        draft = await prompt.render_message(message, self.ctx, all_marks, values)
        draft.role = "user"
        if memory is not None:
            query = self._query()
            placed = any(mark in message.source for mark in prompt.HISTORY_MARKS)
            draft.text = query.text + (draft.text if placed else f"{said}\n{draft.text}")
            draft.files = [*query.files, *draft.files]
        return list(prompt.messages_of(draft))

    @staticmethod
    def _attach(drafts: list[prompt.Draft | Message], files: list[File]) -> None:
        """Put vision and context files before the last user message's contents, each file once (section 5.7)."""
        seen = [f for d in drafts if isinstance(d, prompt.Draft) for f in d.files]
        fresh = new_files(files, seen)
        if not fresh:
            return
        last = drafts[-1] if drafts else None
        if isinstance(last, prompt.Draft) and last.role == "user":
            last.files = [*fresh, *last.files]
        else:
            drafts.append(prompt.Draft("user", "", fresh))

    async def _messages(self, drafts: list[prompt.Draft | Message], info: ModelInfo) -> list[Message]:
        features = info.features or frozenset()
        wanted = frozenset(kind for kind in MEDIA if call.FEATURE_OF[kind] in features)
        found: list[Message] = []
        left_out = [f for d in drafts if isinstance(d, prompt.Draft) for f in d.files if f.type in set(MEDIA) - wanted]
        if left_out:
            self._warn(
                f"{self.config.model.name} does not take {f.type} files: {f.filename or f.remote_url} was left out."
                for f in left_out
            )
        for draft in drafts:
            if isinstance(draft, Message):
                found.append(draft)
            else:
                found.extend(await prompt.loaded([draft], self.ctx, self.config.vision.detail, wanted))
        return call.supported(found, info.features)

    def _warn(self, texts: Iterable[str]) -> None:
        self.notices["warnings"] = [*self.notices.get("warnings", ()), *texts]

    # -- the call ------------------------------------------------------------------------------------------------------

    async def _ask(self, request: ChatRequest, schema: Mapping[str, Any] | None) -> NodeResult:
        ctx = self.ctx
        models = call.models_of(ctx)
        poller = poller_of(models, request.model)
        if poller is not None:
            answer = await poll(poller, request, ctx)
        else:
            answer = await self._answer(request)
        made, links = await self._media(answer.parts)
        answer.text += links
        self._close()
        usage = answer.usage
        self.process.update(usage=usage.to_json(), finish_reason=answer.finish_reason)
        short = call.cut_off(answer, request.parameters)
        if short:
            self._warn([short])
        elif not answer.text.strip():
            self._warn(["The model gave an empty answer."])
        text, reasoning = answer.text, ""
        if self._reasoning is not None:
            text, reasoning = separate(answer.text)
        outputs: dict[str, Any] = {
            "text": text,
            "reasoning_content": reasoning,
            "usage": usage.to_json(),
            "finish_reason": answer.finish_reason,
        }
        if schema is not None:
            try:
                value, repaired = structured.read_answer(text, schema, texts=self._texts_for_booleans)
            except AiProblem as problem:
                if short:
                    problem = AiProblem(problem.error_type, f"{problem} {short}")
                more = {"usage": usage, "metadata": {**call.usage_metadata(usage), **self.notices}}
                return call.failure(problem, self.inputs, {**self.process, **self.notices}, **more)
            outputs["structured_output"] = value
            if repaired:
                self.notices["structured_output_repaired"] = True
        if made:
            outputs["files"] = made
        return NodeResult(
            inputs=self.inputs,
            process_data={**self.process, **self.notices},
            outputs=outputs,
            metadata={**call.usage_metadata(usage), **self.notices},
            usage=usage,
        )

    async def _answer(self, request: ChatRequest) -> call.Answer:
        """Ask; a provider that refuses booleans in a schema is asked again with texts in their place (AI-21)."""
        try:
            return await call.ask(self.ctx, request, self._delta)
        except ModelError as problem:
            if not refuses_booleans(problem, request.schema):
                raise
        self._texts_for_booleans = True
        self.notices["structured_output_booleans"] = "text"
        return await call.ask(self.ctx, replace(request, schema=textual(request.schema)), self._delta)

    def _delta(self, delta: ChatDelta) -> None:
        if not delta.text:
            return
        if self._reasoning is None:
            self.ctx.stream_text(delta.text)
        else:
            self._say(self._reasoning.feed(delta.text))

    def _say(self, pieces: list[tuple[Any, str]]) -> None:
        for kind, text in pieces:
            if kind == "text":
                self.ctx.stream_text(text)
            else:
                self.ctx.emit("NodeRunReasoningChunk", self._thought(text, is_final=False))

    def _thought(self, text: str, *, is_final: bool) -> dict[str, Any]:
        return {"selector": [self.ctx.node_id, "reasoning_content"], "chunk": text, "is_final": is_final}

    def _close(self) -> None:
        """The last events of the stream: the rest of the reasoning, its end, and the end of the text."""
        if self._reasoning is not None:
            rest = self._reasoning.finish()
            self._say([piece for piece in rest if piece[0] == "text"])
            if self._reasoning.reasoned:
                held = "".join(text for kind, text in rest if kind == "reasoning")
                self.ctx.emit("NodeRunReasoningChunk", self._thought(held, is_final=True))
        self.ctx.stream_text("", is_final=True)

    async def _media(self, parts: list[ContentPart]) -> tuple[list[File], str]:
        """Media that the model made, kept as files, and the Markdown that shows them in the answer."""
        files: list[File] = []
        links: list[str] = []
        for number, part in enumerate(parts, 1):
            extension = mimetypes.guess_extension(part.mime_type) or ""
            name = part.filename or f"{part.kind}-{number}{extension}"
            if part.data:
                file = await saved_file(base64.b64decode(part.data), name, part.mime_type, self.ctx.ports)
            else:
                file = File(part.kind, "remote_url", part.url, filename=name, mime_type=part.mime_type)
            files.append(file)
            url = (self.ctx.ports.files.url(file.reference) if self.ctx.ports.files and file.reference else None) or (
                file.remote_url or ""
            )
            link = f"![]({url})" if part.kind == "image" else f"[{name}]({url})"
            links.append(link)
            self.ctx.stream_text(link)
        return files, "".join(links)


__all__ = ["SYS_FILES", "LlmConfig", "LlmNode"]
