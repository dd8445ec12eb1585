"""Answers that must fit a JSON schema: the schema checked, asked for, and the answer checked (nodes-ai spec 5.9)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.nodes.llm_booleans import real
from engine.nodes.llm_config import AiProblem
from engine.nodes.llm_reasoning import without_thinking
from engine.nodes.loose_json import repaired_object, strict_object
from engine.ports.models import ContentPart, Message, ModelInfo

INSTRUCTION = (
    "Answer with one JSON object and nothing else: no explanation, no code fence. The object must be valid against"
    " this JSON schema:\n{schema}"
)


def checked_schema(structured: Any) -> dict[str, Any]:
    """The schema of the settings. Raises AiProblem `LLMNodeError` (stage=schema) when it is none."""
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import SchemaError

    schema = structured.get("schema") if isinstance(structured, Mapping) else None
    if not isinstance(schema, Mapping):
        raise _schema_problem("$", "schema must be an object")
    try:
        Draft7Validator.check_schema(dict(schema))
    except SchemaError as problem:
        raise _schema_problem(_path(problem.absolute_path), problem.message) from problem
    return dict(schema)


def is_native(info: ModelInfo) -> bool:
    """Does the model itself keep to a schema?"""
    if info.features is not None:
        return "structured-output" in info.features
    return any(rule.get("name") == "json_schema" for rule in info.parameter_rules)


def with_instruction(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    """The messages with the schema in words before the first system message's text; the others stay (AI-04)."""
    words = INSTRUCTION.format(schema=json.dumps(schema, ensure_ascii=False, indent=2))
    found = list(messages)
    for position, message in enumerate(found):
        if message.role == "system":
            if isinstance(message.content, str):
                found[position] = replace(message, content=f"{words}\n\n{message.content}")
            else:
                found[position] = replace(message, content=(ContentPart("text", words + "\n\n"), *message.content))
            return found
    return [Message("system", words), *found]


def json_format(info: ModelInfo) -> str:
    """The JSON mode that the model offers, or nothing."""
    for rule in info.parameter_rules:
        if rule.get("name") == "response_format":
            options = [str(o) for o in rule.get("options") or ()]
            return next((o for o in ("JSON", "json_object") if o in options), "")
    return ""


def read_answer(text: str, schema: Mapping[str, Any], *, texts: bool = False) -> tuple[dict[str, Any], bool]:
    """The object that an answer holds, and whether it had to be repaired; `texts` says that it was asked for texts
    in the place of booleans. Raises AiProblem (stage=result)."""
    found = strict_object(text)
    was_repaired = found is None
    if found is None:
        found = repaired_object(without_thinking(text))
    if found is None:
        shown = text if len(text) <= 200 else text[:200] + "..."
        raise AiProblem(
            "LLMNodeError",
            f"Failed to parse structured output (stage=result, path=$): no JSON object in the answer: {shown!r}",
        )
    if texts:
        found = real(found, schema)
    validate(found, schema)
    return found, was_repaired


def validate(value: Any, schema: Mapping[str, Any]) -> None:
    """Raise AiProblem (stage=result) unless `value` fits; references outside the schema are not followed."""
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        problem = best_match(Draft7Validator(dict(schema), registry=Registry()).iter_errors(value))
    except Unresolvable as missing:
        raise _schema_problem("$", f"unresolvable reference: {missing}") from missing
    if problem is not None:
        raise AiProblem(
            "LLMNodeError",
            f"Structured output validation failed (stage=result, path={_path(problem.absolute_path)}):"
            f" {problem.message}",
        )


def _path(parts: Any) -> str:
    return "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts)


def _schema_problem(path: str, message: str) -> AiProblem:
    return AiProblem("LLMNodeError", f"Invalid structured output schema (stage=schema, path={path}): {message}")
