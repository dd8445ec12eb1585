"""Plans of the nodes that ask a model (see `forms`). Which model they ask is no part of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.model.types import VALUE_TYPES
from engine.services.generating.values import by, mapping, mark, marked, name, pick, reference, rows, text, yes

Settings = Mapping[str, Any]
QUERY: Final = "{{#sys.query#}}"
_FIELD_TYPES: Final = {"bool": "boolean", "integer": "number", "float": "number", "array": "array[string]",
                       "list": "array[string]"}  # fmt: skip
PARAMETERS: Final = ("string", "number", "boolean", "bool", "select", "array[string]", "array[number]",
                     "array[object]", "array[boolean]")  # fmt: skip


# -- a language model --------------------------------------------------------------------------------------------------


def write_llm(data: dict[str, Any], settings: Settings, mode: str) -> None:
    """Prompts, context and the fields of an answer that is data."""
    messages = settings.get("messages", settings.get("prompt_template"))
    if isinstance(messages, list):
        data["prompt_template"] = _messages(data, messages)
    system = pick(settings, "system", "system_prompt", "instruction")
    if system is not None:
        _say(data, "system", marked(system))
    prompt = pick(settings, "prompt", "user", "user_prompt")
    if prompt is not None:
        _ask(data, marked(prompt), mode)
    if settings.get("context") is not None:
        selector = reference(settings["context"])
        data["context"] = {"enabled": bool(selector), "variable_selector": selector}
        if selector and not any("{{#context#}}" in str(m.get("text")) for m in _all(data)):
            said = next((str(m.get("text") or "") for m in _all(data) if m.get("role") == "system"), "")
            _say(data, "system", f"{said}\n\n{{{{#context#}}}}".strip())
    if settings.get("fields") is not None:
        schema = _schema(settings["fields"])
        data["structured_output_enabled"] = bool(schema["properties"])
        data["structured_output"] = {"schema": schema}


def _all(data: Settings) -> list[Mapping[str, Any]]:
    listed = data.get("prompt_template")
    return [m for m in listed if isinstance(m, Mapping)] if isinstance(listed, list) else []


def _messages(data: Settings, listed: list[Any]) -> list[dict[str, Any]]:
    """All messages anew; one that stands at its place with its role keeps what else it holds."""
    old = _all(data)
    made = []
    for index, row in enumerate(rows(listed, first="text")):
        role = text(row.get("role"), "user").strip().lower()
        role = role if role in ("system", "user", "assistant") else "user"
        before = old[index] if index < len(old) and old[index].get("role") == role else {"id": f"message_{index}"}
        made.append({**before, "role": role, "text": marked(pick(row, "text", "content"))})
    return made


def _say(data: dict[str, Any], role: str, said: str) -> None:
    """The text of the message of a role: the first for the system, the last for the person."""
    messages = [dict(m) for m in _all(data)]
    places = [i for i, m in enumerate(messages) if m.get("role") == role]
    if places:
        messages[places[0 if role == "system" else -1]]["text"] = said
    elif role == "system":
        messages.insert(0, {"id": "system", "role": "system", "text": said})
    else:
        messages.append({"id": "user", "role": "user", "text": said})
    data["prompt_template"] = messages


def _ask(data: dict[str, Any], prompt: str, mode: str) -> None:
    """What the person's message says. With a memory it is the question of the chat, which must be in it."""
    memory = data.get("memory")
    if mode == "advanced-chat" and isinstance(memory, Mapping) and not _has_user(data):
        if QUERY in prompt or not prompt.strip():
            data["memory"] = {**memory, "query_prompt_template": prompt if QUERY in prompt else QUERY}
            return
        del data["memory"]
    _say(data, "user", prompt)


def _has_user(data: Settings) -> bool:
    return any(m.get("role") == "user" for m in _all(data))


def tell_llm(data: Settings, mode: str) -> dict[str, Any]:
    """Prompts, context, fields. Jinja messages are not told."""
    told: dict[str, Any] = {}
    messages = _all(data)
    plain = all(m.get("edition_type") != "jinja2" for m in messages)
    roles = [m.get("role") for m in messages]
    if plain and roles in (["system"], ["system", "user"], ["user"]):
        for message in messages:
            told["system" if message.get("role") == "system" else "prompt"] = str(message.get("text") or "")
        memory = data.get("memory")
        if mode == "advanced-chat" and isinstance(memory, Mapping) and "prompt" not in told:
            told["prompt"] = str(memory.get("query_prompt_template") or QUERY)
    elif plain and messages:
        told["messages"] = [{"role": m.get("role"), "text": str(m.get("text") or "")} for m in messages]
    context = mapping(data.get("context"))
    if context.get("enabled") and context.get("variable_selector"):
        told["context"] = mark(context["variable_selector"])
    if data.get("structured_output_enabled"):
        schema = mapping(mapping(data.get("structured_output")).get("schema"))
        fields = [_told_field(str(n), mapping(f)) for n, f in mapping(schema.get("properties")).items()]
        if all(f["type"] in VALUE_TYPES and f["type"] not in ("object", "array[object]") for f in fields):
            told["fields"] = fields
    return told


def _told_field(called: str, schema: Settings) -> dict[str, Any]:
    kind = str(schema.get("type") or "string")
    if kind == "array":
        kind = f"array[{mapping(schema.get('items')).get('type', 'string')}]"
    return {"name": called, "type": kind, "description": str(schema.get("description") or "")}


def _schema(listed: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for row in rows(listed, second="type"):
        called = name(row.get("name"))
        kind = text(row.get("type"), "string").strip().lower()
        kind = _FIELD_TYPES.get(kind, kind)
        if not called or called in properties:
            continue
        described = {"description": text(row["description"])} if row.get("description") else {}
        if kind.startswith("array[") and kind in VALUE_TYPES:
            properties[called] = {"type": "array", "items": {"type": kind[6:-1]}, **described}
        else:
            properties[called] = {"type": kind if kind in VALUE_TYPES else "string", **described}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


# -- a classifier ------------------------------------------------------------------------------------------------------


def write_classifier(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """What is classified, and the classes."""
    selector = reference(pick(settings, "query", "query_variable_selector"))
    if selector:
        data["query_variable_selector"] = selector
    if settings.get("instruction") is not None:
        data["instruction"] = marked(settings["instruction"])
    if settings.get("classes") is None:
        return
    old = by(data.get("classes"), "id")
    made: dict[str, dict[str, Any]] = {}
    for row in rows(settings["classes"], first="name", second="name"):
        called = text(pick(row, "id", "key")).strip()[:60] or str(len(made) + 1)
        said = text(pick(row, "name", "description", "label")).strip()
        if called not in made:
            made[called] = {**old.get(called, {}), "id": called, "name": said or called}
    if made:
        data["classes"] = list(made.values())


def tell_classifier(data: Settings, _mode: str) -> dict[str, Any]:
    """What is classified, and the classes."""
    return {
        "query": mark(data.get("query_variable_selector") or ()),
        "classes": [{"id": i, "name": r.get("name")} for i, r in by(data.get("classes"), "id").items()],
        "instruction": str(data.get("instruction") or ""),
    }


# -- an extractor ------------------------------------------------------------------------------------------------------


def write_extractor(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """What is read, and the values that are looked for."""
    selector = reference(pick(settings, "query", "input"))
    if selector:
        data["query"] = selector
    if settings.get("instruction") is not None:
        data["instruction"] = marked(settings["instruction"])
    if settings.get("parameters") is None:
        return
    old = by(data.get("parameters"), "name")
    made: dict[str, dict[str, Any]] = {}
    for row in rows(settings["parameters"], second="description"):
        called = name(row.get("name"))
        if not called or called in made:
            continue
        before = old.get(called, {})
        kind = text(row.get("type")).strip().lower()
        kind = {"integer": "number", "list": "array[string]", "array": "array[string]"}.get(kind, kind)
        made[called] = {
            **before,
            "name": called,
            "type": kind if kind in PARAMETERS else str(before.get("type") or "string"),
            "description": text(row.get("description")).strip() or str(before.get("description") or called),
            "required": yes(row.get("required"), default=bool(before.get("required"))),
        }
        if isinstance(row.get("options"), list):
            made[called]["options"] = [text(o) for o in row["options"]][:50]
    if made:
        data["parameters"] = list(made.values())


def tell_extractor(data: Settings, _mode: str) -> dict[str, Any]:
    """What is read, and the values that are looked for."""
    kept = ("name", "type", "description", "required", "options")
    listed = by(data.get("parameters"), "name").values()
    return {
        "query": mark(data.get("query") or ()),
        "parameters": [{k: r[k] for k in kept if k in r} for r in listed],
        "instruction": str(data.get("instruction") or ""),
    }
