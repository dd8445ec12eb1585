"""Schemas for providers that refuse booleans: texts in their place, and the answer turned back (nodes-ai AI-21)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.ports.models import ModelError

WORDS = ("true", "false")
_ONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains")
_MANY = ("anyOf", "oneOf", "allOf")
_NAMED = ("properties", "patternProperties", "$defs", "definitions")
_DEEPEST_REFERENCE = 20


def refuses_booleans(problem: ModelError, schema: Mapping[str, Any] | None) -> bool:
    """Did the provider turn a request down, before any answer, because its schema has booleans?"""
    if schema is None or problem.error_type != "InvokeBadRequestError" or problem.usage is not None:
        return False
    return "bool" in problem.message.lower() and textual(schema) != schema


def textual(schema: Any) -> Any:
    """The schema with the texts "true" and "false" where it has booleans; what says yes or no itself stays."""
    if not isinstance(schema, Mapping):
        return schema
    found = dict(schema)
    kinds = _kinds(schema)
    if "boolean" in kinds:
        others = [k for k in kinds if k not in ("boolean", "string")]
        found["type"] = ["string", *others] if others else "string"
        if len(kinds) == 1 and "enum" not in found and "const" not in found:
            found["enum"] = list(WORDS)
    if isinstance(found.get("enum"), list):
        found["enum"] = [_word(v) for v in found["enum"]]
    for key in ("const", "default"):
        if key in found:
            found[key] = _word(found[key])
    for key in _ONE:
        if key in found:
            found[key] = [textual(s) for s in found[key]] if isinstance(found[key], list) else textual(found[key])
    for key in _MANY:
        if isinstance(found.get(key), list):
            found[key] = [textual(s) for s in found[key]]
    for key in _NAMED:
        if isinstance(found.get(key), Mapping):
            found[key] = {name: textual(s) for name, s in found[key].items()}
    return found


def real(value: Any, schema: Any) -> Any:
    """The answer to `textual(schema)` as the schema itself has it: booleans where it has booleans."""
    return _real(value, schema, schema)


def _real(value: Any, schema: Any, root: Any) -> Any:
    branches = list(_branches(schema, root))
    if isinstance(value, str):
        word = value.strip().lower()
        is_boolean = any(_says_boolean(b) for b in branches) and not any(_allows_text(b) for b in branches)
        return word == "true" if is_boolean and word in WORDS else value
    if isinstance(value, list):
        for branch in branches:
            items = branch.get("items")
            if isinstance(items, Mapping):
                value = [_real(item, items, root) for item in value]
        return value
    if isinstance(value, Mapping):
        found = dict(value)
        for branch in branches:
            named = branch.get("properties")
            properties: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
            for name, item in found.items():
                found[name] = _real(item, properties.get(name, branch.get("additionalProperties")), root)
        return found
    return value


def _branches(schema: Any, root: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The schema itself and everything that it puts in its place: alternatives, and what it refers to."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST_REFERENCE:
        return
    yield schema
    for key in _MANY:
        for part in schema.get(key) or ():
            yield from _branches(part, root, depth + 1)
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        yield from _branches(_at(root, reference), root, depth + 1)


def _at(root: Any, reference: str) -> Any:
    found = root
    for step in reference.lstrip("#").split("/"):
        if step:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type")
    return [str(k) for k in kind] if isinstance(kind, list) else [kind] if isinstance(kind, str) else []


def _says_boolean(schema: Mapping[str, Any]) -> bool:
    listed = schema.get("enum") or ()
    return "boolean" in _kinds(schema) or any(isinstance(v, bool) for v in (*listed, schema.get("const")))


def _allows_text(schema: Mapping[str, Any]) -> bool:
    listed = schema.get("enum") or ()
    return "string" in _kinds(schema) or any(isinstance(v, str) for v in (*listed, schema.get("const")))


def _word(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
