"""From prompt settings to messages (nodes-ai spec 5.3-5.8). Only configured text is a template: what is filled into
it, be it context, a question or a document, is never rendered again (AI-24)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.nodes.base import NodeContext
from engine.nodes.inputs import NamedInput
from engine.nodes.llm_config import AiProblem, PromptMessage
from engine.nodes.llm_files import content_of, files_in
from engine.ports.models import ContentPart, Message
from engine.run.variables import templates
from engine.run.variables.files import File
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import Segment, plain

CONTEXT_MARK = "{{#context#}}"
HISTORY_MARKS = ("{{#histories#}}", "#histories#")
_JINJA_CONTEXT = "penstock_context"
ROLES = ("system", "user", "assistant")
KNOWLEDGE_FIELDS = (
    "position dataset_id dataset_name document_id document_name data_source_type segment_id retriever_from score"
    " segment_position page doc_metadata"
)


@dataclass
class Draft:
    """A message before its files are read: text, then files (or the files first)."""

    role: str
    text: str = ""
    files: list[File] = field(default_factory=list)


@dataclass
class Context:
    """The context text, the resources it names (None = say nothing about them), and images that belong to it."""

    text: str = ""
    resources: list[dict[str, Any]] | None = None
    files: list[File] = field(default_factory=list)


# -- variables -------------------------------------------------------------------------------------------------------


def template_inputs(texts: Sequence[str], pool: VariablePool, *, skip_null: bool = False) -> dict[str, Any]:
    """Every reference of the texts for the inputs record. Raises AiProblem for one that reaches nothing."""
    found: dict[str, Any] = {}
    for text in texts:
        for selector in templates.references(text):
            name = f"#{'.'.join(selector)}#"
            segment = pool.get(selector)
            if segment is None:
                raise AiProblem("VariableNotFoundError", f"Variable {name} not found")
            if segment.type == "none":
                if not skip_null:
                    found[name] = ""
            else:
                found[name] = plain(segment)
    return found


def jinja_inputs(variables: Sequence[NamedInput], pool: VariablePool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values for the templates, and how the inputs record shows them. Raises AiProblem for a missing one."""
    values: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    for item in variables:
        segment = pool.get(item.value_selector)
        if segment is None:
            raise AiProblem("VariableNotFoundError", f"Variable {item.variable} not found")
        values[item.variable] = segment.value if isinstance(segment.value, str) else plain(segment.value)
        shown[item.variable] = _shown(segment)
    return values, shown


def _shown(segment: Segment) -> Any:
    value = segment.value
    if isinstance(value, list):
        return "\n".join(_line(item) for item in value)
    if isinstance(value, Mapping):
        return segment.text
    return plain(segment)


def _line(item: Any) -> str:
    if isinstance(item, Mapping):
        metadata = item.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get("_source") == "knowledge":
            return str(item.get("content") or "")
        import json

        return json.dumps(plain(item), ensure_ascii=False)
    return str(plain(item))


# -- context ---------------------------------------------------------------------------------------------------------


def read_context(segment: Segment | None) -> Context:
    """The context of a variable (section 5.5). Raises AiProblem for an item without content."""
    if segment is None:
        return Context()
    if segment.type in ("string", "secret"):
        return Context(str(segment.value), [])
    if not isinstance(segment.value, list):
        return Context()
    text: list[str] = []
    found: list[dict[str, Any]] = []
    files: list[File] = []
    for item in segment.value:
        if isinstance(item, str):
            text.append(item + "\n")
            continue
        if not isinstance(item, Mapping) or "content" not in item:
            raise AiProblem("InvalidContextStructureError", f"Invalid context structure: {plain(item)}")
        if item.get("summary"):
            text.append(f"{item['summary']}\n")
        text.append(f"{item['content']}\n")
        metadata = item.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get("_source") == "knowledge":
            found.append(_resource(item, metadata))
            attached = item.get("files")
            files.extend(f for f in attached or () if isinstance(f, File) and f.type == "image")
    return Context("".join(text).strip(), found, files)


def _resource(item: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    resource = {name: metadata.get(name) for name in KNOWLEDGE_FIELDS.split()}
    return {
        **resource,
        "hit_count": metadata.get("segment_hit_count"),
        "word_count": metadata.get("segment_word_count"),
        "index_node_hash": metadata.get("segment_index_node_hash"),
        "content": item.get("content"),
        "files": plain(item.get("files")),
        "summary": item.get("summary"),
    }


# -- messages --------------------------------------------------------------------------------------------------------


def fill(text: str, pool: VariablePool, marks: Mapping[str, str]) -> tuple[str, list[File]]:
    """A configured text with references and marks filled in, each once, and the files that it names."""
    out: list[str] = []
    files: list[File] = []
    for part in templates.split_template(text):
        if isinstance(part, templates.TextSegment):
            out.append(_replace(part.text, marks))
            continue
        segment = pool.get(part.selector)
        if segment is None:
            out.append(".".join(part.selector))
            continue
        found = files_in(segment)
        files.extend(found)
        out.append("" if found else segment.text)
    return "".join(out), files


def _replace(text: str, marks: Mapping[str, str]) -> str:
    """Marks replaced in one pass, so that a value that looks like a mark stays as it is."""
    if not any(mark in text for mark in marks):
        return text
    out: list[str] = []
    position = 0
    while position < len(text):
        hits = [(text.find(mark, position), -len(mark), mark) for mark in marks]
        hits = [hit for hit in hits if hit[0] >= 0]
        if not hits:
            break
        start, _, mark = min(hits)
        out += [text[position:start], marks[mark]]
        position = start + len(mark)
    return "".join(out) + text[position:]


async def render_message(
    message: PromptMessage, ctx: NodeContext, marks: Mapping[str, str], values: Mapping[str, Any]
) -> Draft:
    """One configured message. Raises AiProblem for a template that cannot be rendered."""
    if message.is_jinja:
        return Draft(message.role, await render_jinja(message.source, ctx, marks.get(CONTEXT_MARK, ""), values))
    text, files = fill(message.text, ctx.pool, marks)
    return Draft(message.role, text, files)


async def render_jinja(text: str, ctx: NodeContext, context: str, values: Mapping[str, Any]) -> str:
    """A Jinja message; the context mark becomes a variable, for `{{#` is no Jinja (AI-27)."""
    if not text:
        return ""
    from engine.nodes.jinja_sandbox import TemplateProblem, render, repeats

    text = text.replace(CONTEXT_MARK, "{{ " + _JINJA_CONTEXT + " }}")
    given = {**values, _JINJA_CONTEXT: context}
    limits = ctx.limits
    try:
        if repeats(text):
            return await asyncio.to_thread(
                render, text, given, limits.template_max_length, limits.template_seconds, ctx.is_cancelled
            )
        return render(text, given, limits.template_max_length, limits.template_seconds)
    except TemplateProblem as problem:
        raise AiProblem("TemplateRenderError", str(problem)) from problem


def role_of(role: str) -> str:
    """A role that prompts may have. Raises NotImplementedError for others."""
    if role not in ROLES:
        raise NotImplementedError(f"Role {role} is not supported")
    return role


def messages_of(draft: Draft) -> list[Draft]:
    """Text and files as two messages of one role; what is empty is left out."""
    found = []
    if draft.text:
        found.append(Draft(draft.role, draft.text))
    if draft.files:
        found.append(Draft(draft.role, "", draft.files))
    return found


async def loaded(drafts: Sequence[Draft], ctx: NodeContext, detail: str, wanted: frozenset[str]) -> list[Message]:
    """The messages with their files read; files of kinds that are not wanted are not even read."""
    found = []
    for draft in drafts:
        parts: list[ContentPart] = []
        readable = [f for f in draft.files if f.type in wanted or f.type == "custom"]
        parts.extend([await content_of(f, ctx.ports, detail) for f in readable])
        if draft.text and not parts:
            found.append(Message(draft.role, draft.text))  # type: ignore[arg-type]
        elif parts or draft.files:
            text = (ContentPart("text", draft.text),) if draft.text else ()
            found.append(Message(draft.role, (*parts, *text)))  # type: ignore[arg-type]
    return found
