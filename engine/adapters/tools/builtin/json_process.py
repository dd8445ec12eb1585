"""Reading and changing JSON by path. Faults are answers, not failures, as in the original."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from engine.adapters.tools.declare import BuiltinProvider, BuiltinTool, ToolCall, asked, fixed
from engine.adapters.tools.jsonpath import Match, PathProblem, find, parse

Change = Callable[[ToolCall, Any, list[Match]], Any]
_CONTENT = asked("content", "JSON content", "JSON content to be processed", required=True)
_QUERY = asked("query", "Query", "JSONPath of the element", required=True)
_ASCII = fixed("ensure_ascii", "Ensure ASCII", "Write other characters as escapes", "boolean", default=True)


def _shown(value: Any, call: ToolCall) -> str:
    ascii_only = call.values.get("ensure_ascii") is None or call.flag("ensure_ascii")
    return json.dumps(value, ensure_ascii=ascii_only)


async def parse_json(call: ToolCall) -> str:
    """The value at a path: one match as it is, several as a list."""
    content, path = call.text("content"), call.text("json_filter")
    if not content:
        return "Invalid parameter content"
    if not path:
        return "Invalid parameter json_filter"
    try:
        values = [m.value for m in find(path, json.loads(content))]
    except (ValueError, RecursionError) as problem:
        return str(problem)
    value = values[0] if len(values) == 1 else values
    return _shown(value, call) if isinstance(value, dict | list) else str(value)


async def _changed(call: ToolCall, change: Change, needed: tuple[str, ...]) -> str:
    for name in needed:
        if not call.text(name):
            return f"Invalid parameter {name}"
    try:
        document = json.loads(call.text("content"))
        document = change(call, document, find(call.text("query"), document))
        return _shown(document, call)
    except (ValueError, RecursionError) as problem:
        return str(problem)


def _new_value(call: ToolCall) -> Any:
    text = call.text("new_value")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _set(document: Any, match: Match, value: Any) -> Any:
    """Put a value where a match is; the document, which is a new one when the match is the root."""
    if match.container is None:
        return value
    match.container[match.key] = value
    return document


def _inserted(call: ToolCall, document: Any, matches: list[Match]) -> Any:
    value = _new_value(call)
    if not matches and call.flag("create_path"):
        _create(document, call.text("query"), value)
    index = call.values.get("index")
    for match in matches:
        if isinstance(match.value, dict):
            if not isinstance(value, dict):
                raise ValueError("Cannot insert non-dict value into dict")
            match.value.update(value)
        elif isinstance(match.value, list):
            match.value.insert(len(match.value) if index in (None, "") else call.integer("index"), value)
        else:
            document = _set(document, match, value)
    return document


def _create(document: Any, query: str, value: Any) -> None:
    """Make the way to a place that is not there. Raises PathProblem for paths with more than one place."""
    steps = parse(query)
    keys = [s.keys[0] for s in steps if len(s.keys) == 1 and not s.descend and isinstance(s.keys[0], str | int)]
    if len(keys) != len(steps) or not keys:
        raise PathProblem(f"The path {query!r} names no single place.")
    here = document
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        fresh: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(here, list) and isinstance(key, int) and 0 <= key <= len(here) + 1000:
            here.extend({} for _ in range(key + 1 - len(here)))
            if following is None or not isinstance(here[key], dict | list):
                here[key] = fresh
        elif isinstance(here, dict) and isinstance(key, str):
            if following is None or not isinstance(here.get(key), dict | list):
                here[key] = fresh
        else:
            raise PathProblem(f"{key!r} cannot be made there.")
        here = here[key]


def _replaced(call: ToolCall, document: Any, matches: list[Match]) -> Any:
    mode, value = call.text("replace_model") or "pattern", call.text("replace_value")
    for match in matches:
        if mode == "key":
            _rename(match, value)
        elif mode == "value":
            document = _set(document, match, value)
        elif isinstance(match.value, str):
            document = _set(document, match, match.value.replace(call.text("replace_pattern"), value))
        else:
            raise ValueError(f"{json.dumps(match.value)[:60]} is no text to replace in")
    return document


def _rename(match: Match, name: str) -> None:
    """Give a key another name at its place."""
    if not isinstance(match.container, dict):
        raise ValueError("Only keys of objects have a name.")
    items = [(name if k == match.key else k, v) for k, v in match.container.items()]
    match.container.clear()
    match.container.update(items)


def _deleted(_call: ToolCall, document: Any, matches: list[Match]) -> Any:
    for match in reversed(matches):
        if match.container is None:
            return None
        there = len(match.container) if isinstance(match.container, list) else match.container
        if match.key < there if isinstance(there, int) else match.key in there:
            del match.container[match.key]
    return document


async def insert(call: ToolCall) -> str:
    """Put a value into the objects and lists at a path."""
    return await _changed(call, _inserted, ("content", "query", "new_value"))


async def replace(call: ToolCall) -> str:
    """Replace keys, values or parts of texts at a path."""
    pattern = (call.text("replace_model") or "pattern") == "pattern"
    needed = ("content", "query", "replace_value", *(("replace_pattern",) if pattern else ()))
    return await _changed(call, _replaced, needed)


async def delete(call: ToolCall) -> str:
    """Remove what is at a path."""
    return await _changed(call, _deleted, ("content", "query"))


PROVIDER = BuiltinProvider(
    "json_process",
    "JSON",
    "Reads and changes JSON by path.",
    "braces",
    (
        BuiltinTool(
            "parse",
            "JSON parse",
            "A tool for extracting JSON objects",
            parse_json,
            (
                asked("content", "JSON content", "JSON data to be processed", required=True),
                asked("json_filter", "JSON path", "JSON fields to be parsed"),
                _ASCII,
            ),
        ),
        BuiltinTool(
            "json_insert",
            "JSON insert",
            "A tool for inserting JSON content",
            insert,
            (
                _CONTENT,
                _QUERY,
                asked("new_value", "New value", "New value to insert", required=True),
                asked("index", "Index", "Where to insert in a list", "number"),
                fixed(
                    "create_path",
                    "Create the path",
                    "When the path does not exist",
                    "select",
                    required=True,
                    default="False",
                    options=("True", "False"),
                ),
                _ASCII,
            ),
        ),
        BuiltinTool(
            "json_replace",
            "JSON replace",
            "A tool for replacing JSON content",
            replace,
            (
                _CONTENT,
                _QUERY,
                asked("replace_pattern", "Text to be replaced"),
                asked("replace_value", "Replacement", required=True),
                fixed(
                    "replace_model",
                    "What to replace",
                    kind="select",
                    required=True,
                    default="pattern",
                    options=("key", "value", "pattern"),
                ),
                _ASCII,
            ),
        ),
        BuiltinTool(
            "json_delete", "JSON delete", "A tool for deleting JSON content", delete, (_CONTENT, _QUERY, _ASCII)
        ),
    ),
)
