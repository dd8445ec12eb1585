"""Plans of start, end, answer, code, template, HTTP, document, human input and knowledge nodes (see `forms`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from engine.model.human_input import MAX_ACTION_ID, MAX_ACTION_TITLE
from engine.model.types import VALUE_TYPES
from engine.services.generating.values import (
    by,
    is_reference,
    mapping,
    mark,
    marked,
    name,
    pick,
    reference,
    rows,
    text,
    yes,
)

Settings = Mapping[str, Any]
INPUTS: Final = {
    "text": "text-input",
    "string": "text-input",
    "text-input": "text-input",
    "paragraph": "paragraph",
    "textarea": "paragraph",
    "number": "number",
    "integer": "number",
    "select": "select",
    "checkbox": "checkbox",
    "boolean": "checkbox",
    "file": "file",
    "files": "file-list",
    "file-list": "file-list",
    "json": "json_object",
    "object": "json_object",
    "json_object": "json_object",
}
TOLD_INPUTS: Final = {"text-input": "text", "file-list": "files", "json_object": "json"}
HIDDEN: Final = "***"
"""What stands for a header that may hold a key: a model is not told it, and what it sends back changes nothing."""
_SECRET: Final = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


def write_start(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """`inputs` become the variables of the form."""
    listed = pick(settings, "inputs", "variables")
    if listed is None:
        return
    old = by(data.get("variables"), "variable")
    made: dict[str, dict[str, Any]] = {}
    for row in rows(listed, second="type"):
        called = name(pick(row, "name", "variable", "key"))
        if called and called not in made:
            made[called] = input_of(called, row, old.get(called, {}))
    data["variables"] = list(made.values())


def input_of(called: str, row: Settings, old: Settings) -> dict[str, Any]:
    """One variable of a start node."""
    kind = INPUTS.get(text(row.get("type")).strip().lower(), "paragraph" if not old else str(old.get("type")))
    made: dict[str, Any] = {
        "variable": called,
        "label": text(row.get("label")).strip() or str(old.get("label") or called),
        "type": kind,
        "required": yes(row.get("required"), default=bool(old.get("required", True))),
        "options": [text(o) for o in row["options"]][:50] if isinstance(row.get("options"), list) else [],
    }
    if kind == "text-input":
        made["max_length"] = 256
    if kind in ("file", "file-list"):
        made["allowed_file_types"] = ["document", "image", "audio", "video"]
        made["allowed_file_extensions"] = []
        made["allowed_file_upload_methods"] = ["local_file", "remote_url"]
    if old.get("type") != kind:
        return {**old, **made}
    kept = {"label": made["label"], "required": made["required"], "options": made["options"] or old.get("options", [])}
    return {**made, **old, **kept}


def tell_start(data: Settings, _mode: str) -> dict[str, Any]:
    """The inputs by name and type."""
    found = []
    for row in by(data.get("variables"), "variable").values():
        kind = str(row.get("type") or "text-input")
        told: dict[str, Any] = {
            "name": row.get("variable"),
            "label": row.get("label"),
            "type": TOLD_INPUTS.get(kind, kind),
            "required": bool(row.get("required")),
        }
        found.append({**told, "options": row["options"]} if row.get("options") else told)
    return {"inputs": found}


def write_end(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """`outputs` with one reference each."""
    listed = pick(settings, "outputs", "output", "result")
    if isinstance(listed, str):
        listed = [{"name": "result", "value": listed}]
    if listed is None:
        return
    old = by(data.get("outputs"), "variable")
    made: dict[str, dict[str, Any]] = {}
    for row in rows(listed):
        selector = reference(pick(row, "value", "value_selector", "from"))
        called = name(pick(row, "name", "variable")) or (selector[-1] if selector else "")
        if called and called not in made:
            made[called] = {"value_type": "any", **old.get(called, {}), "variable": called, "value_selector": selector}
    data["outputs"] = list(made.values())


def tell_end(data: Settings, _mode: str) -> dict[str, Any]:
    """The outputs by name."""
    listed = by(data.get("outputs"), "variable").values()
    return {"outputs": [{"name": r.get("variable"), "value": mark(r.get("value_selector") or ())} for r in listed]}


def write_answer(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """The text that is said."""
    said = pick(settings, "answer", "text", "content", "value")
    if said is not None:
        data["answer"] = marked(said)


def tell_answer(data: Settings, _mode: str) -> dict[str, Any]:
    """The text that is said."""
    return {"answer": str(data.get("answer") or "")}


def _write_inputs(data: dict[str, Any], settings: Settings) -> None:
    listed = pick(settings, "inputs", "variables")
    if listed is None:
        return
    old = by(data.get("variables"), "variable")
    made = {}
    for row in rows(listed):
        called = name(pick(row, "name", "variable"))
        if called:
            selector = reference(pick(row, "value", "value_selector", "from"))
            made[called] = {**old.get(called, {}), "variable": called, "value_selector": selector}
    data["variables"] = list(made.values())


def _tell_inputs(data: Settings) -> dict[str, str]:
    listed = by(data.get("variables"), "variable")
    return {called: mark(row.get("value_selector") or ()) for called, row in listed.items()}


def write_code(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """Language, inputs, code, outputs."""
    _write_inputs(data, settings)
    if "code" in settings:
        data["code"] = _bare(text(settings["code"]))
    language = text(pick(settings, "language", "code_language")).lower()
    if language:
        data["code_language"] = "javascript" if language.startswith(("javascript", "js", "node")) else "python3"
    if settings.get("outputs") is None:
        return
    old = mapping(data.get("outputs"))
    made = {}
    for row in rows(settings["outputs"], second="type"):
        called = name(pick(row, "name", "variable"))
        kind = text(row.get("type"), "string").strip().lower()
        kind = _SPELLINGS.get(kind, kind)
        if called:
            before = mapping(old.get(called))
            kind = kind if kind in VALUE_TYPES else str(before.get("type") or "string")
            made[called] = dict(before) if before.get("type") == kind else {"type": kind, "children": None}
    data["outputs"] = made


_SPELLINGS: Final = {"bool": "boolean", "integer": "number", "array": "array[object]", "list": "array[string]"}


def _bare(code: str) -> str:
    """Code without the fence that models put round it."""
    found = re.fullmatch(r"\s*```[\w+-]*[ \t]*\n(.*?)\n?```\s*", code, re.DOTALL)
    return found[1] + "\n" if found else code


def tell_code(data: Settings, _mode: str) -> dict[str, Any]:
    """Language, inputs, code, outputs."""
    outputs = mapping(data.get("outputs"))
    return {
        "language": data.get("code_language") or "python3",
        "inputs": _tell_inputs(data),
        "code": str(data.get("code") or ""),
        "outputs": {str(n): mapping(o).get("type") or "any" for n, o in outputs.items()},
    }


def write_template(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """Inputs and a Jinja text. References that stand in the text itself become inputs: Jinja cannot read them."""
    _write_inputs(data, settings)
    if "template" not in settings and not data.get("template"):
        return
    known = {tuple(r.get("value_selector") or ()): n for n, r in by(data.get("variables"), "variable").items()}

    def named(found: re.Match[str]) -> str:
        selector = tuple(found[1].split("."))
        if selector not in known:
            known[selector] = "_".join(name(part) for part in selector)
            data["variables"] = [
                *(data.get("variables") or []),
                {"variable": known[selector], "value_selector": list(selector)},
            ]
        return "{{ " + known[selector] + " }}"

    template = text(settings["template"]) if "template" in settings else str(data["template"])
    data["template"] = re.sub(r"\{\{#([\w-]+(?:\.[\w-]+)+)#?\}\}", named, template)


def tell_template(data: Settings, _mode: str) -> dict[str, Any]:
    """Inputs and text."""
    return {"inputs": _tell_inputs(data), "template": str(data.get("template") or "")}


def write_http(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """Method, address, headers, parameters, body."""
    method = text(settings.get("method")).strip().lower()
    if method in ("get", "post", "put", "patch", "delete", "head", "options"):
        data["method"] = method
    if "url" in settings:
        data["url"] = marked(settings["url"]).strip()
    for part in ("headers", "params"):
        if settings.get(part) is not None:
            data[part] = _lines(settings[part], str(data.get(part) or ""))
    if settings.get("body") is not None:
        body = settings["body"]
        is_json = isinstance(body, Mapping | list) or text(body).lstrip().startswith(("{", "["))
        said = json.dumps(body, ensure_ascii=False, indent=2) if isinstance(body, Mapping | list) else text(body)
        row = {"id": "body", "key": "", "type": "text", "value": marked(said)}
        data["body"] = {"type": "json" if is_json else "raw-text", "data": [row]} if said else _EMPTY


_EMPTY: Final = {"data": [], "type": "none"}


def _lines(value: Any, before: str) -> str:
    """Headers or parameters, one a line; a hidden value stays what it was."""
    if not isinstance(value, Mapping | list):
        return marked(value)
    old = dict(line.split(":", 1) for line in before.splitlines() if ":" in line)
    found = []
    for row in rows(value):
        called = text(pick(row, "name", "key")).strip().replace("\n", " ")
        said = marked(row.get("value")).replace("\n", " ")
        if called:
            found.append(f"{called}:{old.get(called, '') if said == HIDDEN else said}")
    return "\n".join(found)


def tell_http(data: Settings, _mode: str) -> dict[str, Any]:
    """Method, address, headers, parameters, body; values that may be keys are not told."""
    told: dict[str, Any] = {"method": data.get("method") or "get", "url": str(data.get("url") or "")}
    for part in ("headers", "params"):
        lines = [line.split(":", 1) for line in str(data.get(part) or "").splitlines() if ":" in line]
        found = {n.strip(): HIDDEN if _SECRET.search(n) and not is_reference(v) else v for n, v in lines}
        if found:
            told[part] = found
    body = mapping(data.get("body"))
    items = body.get("data")
    if body.get("type") in ("json", "raw-text") and isinstance(items, list) and items:
        told["body"] = str(mapping(items[0]).get("value") or "")
    return told


def write_document(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """The files that are read."""
    selector = reference(pick(settings, "file", "files", "variable_selector"))
    if selector:
        data["variable_selector"] = selector


def tell_document(data: Settings, _mode: str) -> dict[str, Any]:
    """The files that are read."""
    return {"file": mark(data.get("variable_selector") or ())}


def write_human(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """The form and its buttons."""
    shown = pick(settings, "form", "form_content")
    if shown is not None:
        data["form_content"] = marked(shown)
    listed = pick(settings, "buttons", "user_actions", "actions")
    if listed is None:
        return
    old = by(data.get("user_actions"), "id")
    made: dict[str, dict[str, Any]] = {}
    for row in rows(listed, first="title", second="title"):
        title = text(row.get("title") or row.get("id")).strip()
        called = name(row.get("id") or title)[:MAX_ACTION_ID] or f"action_{len(made) + 1}"
        if called not in made:
            made[called] = {
                "button_style": "default",
                **old.get(called, {}),
                "id": called,
                "title": (title or called)[:MAX_ACTION_TITLE],
            }
    if made:
        data["user_actions"] = list(made.values())


def tell_human(data: Settings, _mode: str) -> dict[str, Any]:
    """The form and its buttons."""
    buttons = [{"id": i, "title": r.get("title")} for i, r in by(data.get("user_actions"), "id").items()]
    return {"form": str(data.get("form_content") or ""), "buttons": buttons}


def write_retrieval(data: dict[str, Any], settings: Settings, _mode: str) -> None:
    """What is looked for."""
    selector = reference(pick(settings, "query", "query_variable_selector"))
    if selector:
        data["query_variable_selector"] = selector


def tell_retrieval(data: Settings, _mode: str) -> dict[str, Any]:
    """What is looked for."""
    return {"query": mark(data.get("query_variable_selector") or ())}
