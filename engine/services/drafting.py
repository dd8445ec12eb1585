"""Prompts, code and shapes of answers written by a model from a person's words (editor-ux spec, P6, P7 and P10).

A draft is made by a small workflow of its own: start, model, end. So it streams, stops, waits and fails as every other
run does, in the engine's process and with the models of the workspace; it is not recorded. What people wrote goes in as
inputs, never into the text of a template, so that references in it stay what they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from engine.errors import UserError
from engine.model.graph import Edge, Graph, Node
from engine.model.problems import Sentence
from engine.model.types import VALUE_TYPES
from engine.model.workflow import AppInfo, Workflow
from engine.ports.models import ModelRef
from engine.services.runs import StartRun
from engine.services.syntax import syntax_fault

Kind = Literal["prompt", "code", "schema"]
MODEL_NODE: Final = "draft"
LONGEST: Final = 40_000
"""Characters of one part of what a model is told; a last run may hold much more."""
MOST_TOKENS: Final = 2048
NO_MAIN: Final = Sentence.of("It has no function main.")
_REFERENCE: Final = re.compile(r"\{\{#([^#{}\s]+)#\}\}")
_FENCE: Final = re.compile(r"```[\w+-]*[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_RULES: Final[Mapping[Kind, str]] = {
    "prompt": (
        "You write prompts for language models. Write the prompt that the person asks for, ready to be used: who the "
        "model is, what it has to do step by step, what it must not do, and the form of its answer. Write in the "
        "language of the request. Where a value of the workflow belongs, put its reference exactly as it is listed, "
        "with its braces; use no other references. Answer with the prompt alone, without any remark."
    ),
    "code": (
        "You write the code of one step of a workflow in {language}. It defines one function `main` that takes the "
        "inputs listed below under their names and returns {container} with the outputs listed below. Use the standard "
        "library only, no network and no files. Answer with the whole code alone, in one code block, without any "
        "remark."
    ),
    "schema": (
        "You design the shape of an answer as a list of fields: a short name in snake_case, a type, a description in "
        "the language of the request, and whether the field is required. Fields of an object, or of the objects of a "
        "list, go into its children. Leave out what nobody asked for."
    ),
}


def _field(*, deeper: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "name": {"type": "string"},
        "type": {
            "type": "string",
            "enum": list(VALUE_TYPES if deeper else [t for t in VALUE_TYPES if "object" not in t]),
        },
        "description": {"type": "string"},
        "required": {"type": "boolean"},
    }
    needed = list(properties)
    if deeper:
        properties["children"] = {"type": "array", "items": _field(deeper=False)}
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


FIELDS: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"fields": {"type": "array", "items": _field(deeper=True)}},
    "required": ["fields"],
    "additionalProperties": False,
}
"""What a model answers when it is asked for a schema: flat enough that small models can keep to it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have written. `current` is what is there now, to be changed; `values` are references of a
    prompt or inputs of code as (name, words about it), `outputs` those of code; `last_run` is text of the last run."""

    kind: Kind
    words: str
    current: str = ""
    language: str = "python3"
    values: Sequence[tuple[str, str]] = ()
    outputs: Sequence[tuple[str, str]] = ()
    last_run: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model wrote: `text`, or `schema` as a JSON schema with its text; `doubts` say what to look at."""

    text: str
    schema: Mapping[str, Any] | None = None
    doubts: Sequence[str] = field(default=())


def run_for(wish: Wish, model: ModelRef) -> StartRun:
    """The run that writes the draft. Raises UserError when nothing is wished for or no model is named."""
    if not wish.words.strip():
        raise UserError("Say in words what is to be written.", code="draft.no_words")
    if not model.name:
        raise UserError("Choose the model that is to write.", code="draft.no_model")
    inputs = {"rules": _rules(wish), "wish": _told(wish)}
    variables = [
        {"variable": name, "label": name, "type": "paragraph", "required": True, "max_length": 10 * LONGEST}
        for name in inputs
    ]
    settings: dict[str, Any] = {
        "type": "llm",
        "title": "Draft",
        "model": {
            "provider": model.provider,
            "name": model.name,
            "mode": model.mode,
            "completion_params": {"max_tokens": MOST_TOKENS},
        },
        "prompt_template": [
            {"role": "system", "text": "{{#begin.rules#}}"},
            {"role": "user", "text": "{{#begin.wish#}}"},
        ],
        "reasoning_format": "separated",
        "context": {"enabled": False, "variable_selector": []},
        "vision": {"enabled": False},
    }
    if wish.kind == "schema":
        settings.update(structured_output_enabled=True, structured_output={"schema": FIELDS})
    nodes = (
        Node("begin", {"type": "start", "title": "Start", "variables": variables}),
        Node(MODEL_NODE, settings),
        Node("end", {"type": "end", "title": "End", "outputs": _ends(wish.kind)}),
    )
    edges = (Edge("1", "begin", MODEL_NODE), Edge("2", MODEL_NODE, "end"))
    workflow = Workflow(
        app=AppInfo("Draft", "workflow"), graph=Graph({n.id: n for n in nodes}, {e.id: e for e in edges})
    )
    return StartRun(workflow, inputs=inputs, record=False)


def _ends(kind: Kind) -> list[dict[str, Any]]:
    names = ("text", "structured_output") if kind == "schema" else ("text",)
    return [{"variable": name, "value_selector": [MODEL_NODE, name]} for name in names]


def _rules(wish: Wish) -> str:
    python = wish.language != "javascript"
    return _RULES[wish.kind].format_map(
        {"language": "Python 3" if python else "JavaScript", "container": "a dict" if python else "an object"}
    )


def _told(wish: Wish) -> str:
    """The request and all that belongs to it, each part with a heading."""
    names = {"prompt": "References to values", "code": "Inputs", "schema": "Values"}
    parts = [
        ("What is there now, to be changed as asked", wish.current),
        (names[wish.kind], _listed(wish.values)),
        ("Outputs", _listed(wish.outputs)),
        ("The last run of this step", wish.last_run),
        ("The request", wish.words),
    ]
    return "\n\n".join(f"# {title}\n{text.strip()[:LONGEST]}" for title, text in parts if text.strip())


def _listed(values: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {words}" if words else f"- {name}" for name, words in values)


def draft_of(wish: Wish, outputs: Mapping[str, Any]) -> Draft:
    """What the outputs of the run hold. Raises UserError `draft.empty` when that is nothing that can be used."""
    if wish.kind == "schema":
        return _schema(outputs)
    text = str(outputs.get("text") or "").strip()
    found = _FENCE.search(text)
    if found is not None and (wish.kind == "code" or found.group(0).strip() == text):
        text = found.group(1).strip()
    if not text:
        raise _nothing()
    if wish.kind == "code":
        return Draft(text + "\n", doubts=_of_code(text, wish))
    return Draft(text, doubts=_of_prompt(text, wish))


def _of_prompt(text: str, wish: Wish) -> list[str]:
    known = {found for name, _ in wish.values for found in _REFERENCE.findall(name)}
    known.update(_REFERENCE.findall(wish.current))
    strange = [name for name in dict.fromkeys(_REFERENCE.findall(text)) if name not in known]
    return (
        [Sentence.of("It refers to values that are not there: {names}.", names=", ".join(strange))] if strange else []
    )


def _of_code(text: str, wish: Wish) -> list[str]:
    script = wish.language == "javascript"
    if fault := syntax_fault(wish.language, text):
        line, what = fault.line, fault.what
        if script:
            return [Sentence.of("It is no valid JavaScript: line {line}, {what}.", line=line, what=what)]
        return [Sentence.of("It is no valid Python: line {line}, {what}.", line=line, what=what)]
    if script:
        return [] if re.search(r"\bmain\b", text) else [NO_MAIN]
    tree = ast.parse(text)
    main = next(
        (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == "main"), None
    )
    if main is None:
        return [NO_MAIN]
    taken = {a.arg for a in (*main.args.posonlyargs, *main.args.args, *main.args.kwonlyargs)}
    missing = [name for name, _ in wish.values if name not in taken and main.args.kwarg is None]
    return [Sentence.of("Its function main does not take: {names}.", names=", ".join(missing))] if missing else []


def _schema(outputs: Mapping[str, Any]) -> Draft:
    import json

    answer = outputs.get("structured_output")
    rows = answer.get("fields") if isinstance(answer, Mapping) else None
    schema = _object(rows if isinstance(rows, list) else [])
    if not schema["properties"]:
        raise _nothing()
    return Draft(json.dumps(schema, ensure_ascii=False, indent=2), schema)


def _object(rows: Sequence[Any]) -> dict[str, Any]:
    """An object of the format (additional properties off) from a model's rows; rows without a usable name are left."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        name = "_".join(_NAME.findall(str(row.get("name") or "")))
        if not name or name in properties:
            continue
        properties[name] = _of_row(row)
        if row.get("required"):
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    kind = row.get("type") if row.get("type") in VALUE_TYPES else "string"
    children = row.get("children") if isinstance(row.get("children"), list) else []
    inner = _object(children or [])
    described = {"description": str(row["description"])} if row.get("description") else {}
    if kind == "object":
        return {**inner, **described}
    if isinstance(kind, str) and kind.startswith("array["):
        items = inner if kind == "array[object]" else {"type": kind.removeprefix("array[").removesuffix("]")}
        return {"type": "array", "items": items, **described}
    return {"type": kind, **described}


def _nothing() -> UserError:
    return UserError(
        "The model wrote nothing that can be used.",
        code="draft.empty",
        hint="Say it in other words, or choose a larger model.",
    )
