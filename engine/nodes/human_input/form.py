"""A form as people see it, and what their answer becomes (nodes-logic spec 12.5, 12.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from engine.errors import UserError
from engine.nodes.base import Selector
from engine.nodes.human_input.config import FileField, FileListField, HumanInputConfig, Paragraph, Select
from engine.run.variables.files import File, FileProblem, file_from_mapping
from engine.run.variables.pool import VariablePool
from engine.run.variables.templates import references, render

_PLACEHOLDER = re.compile(r"\{\{#\$output\.([A-Za-z_][A-Za-z0-9_]*)#\}\}")


class FormRefused(UserError):
    """A submission that is not accepted; the form goes on waiting unless its code says otherwise."""

    default_code = "form.invalid"


def definition(config: HumanInputConfig, pool: VariablePool) -> dict[str, Any]:
    """Everything that whoever shows the form needs, JSON-able; variables are resolved now."""
    defaults: dict[str, Any] = {}
    fields = []
    for field in config.inputs:
        shown = field.model_dump()
        if isinstance(field, Paragraph):
            value = _default(field, pool)
            if value is not None:
                defaults[field.output_variable_name] = value
        elif isinstance(field, Select):
            shown["options"] = _options(field, pool)
        fields.append(shown)
    return {
        "form_content": render(config.form_content, pool).markdown,
        "inputs": fields,
        "actions": [action.model_dump() for action in config.user_actions],
        "resolved_default_values": defaults,
        "timeout_seconds": config.timeout_seconds,
        "delivery_methods": config.delivery_methods,
    }


def _default(field: Paragraph, pool: VariablePool) -> str | None:
    if field.default is None:
        return None
    if field.default.type == "constant":
        return field.default.value
    found = pool.get(field.default.selector)
    return None if found is None or found.value is None else found.text


def _options(field: Select, pool: VariablePool) -> list[str]:
    """The choices. Raises ValueError when a variable does not hold a list of texts."""
    source = field.option_source
    if source.type == "constant":
        return list(source.value)
    found = pool.get(source.selector)
    value = found.value if found is not None else None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        name = field.output_variable_name
        raise ValueError(f"The options of {name} must be a list of texts in {'.'.join(source.selector)}.")
    return list(value)


def form_references(config: HumanInputConfig) -> list[Selector]:
    """What the form reads: its text, variable defaults and variable options."""
    found = references(config.form_content)
    for field in config.inputs:
        if isinstance(field, Paragraph) and field.default is not None and field.default.type == "variable":
            found.append(tuple(field.default.selector))
        elif isinstance(field, Select) and field.option_source.type == "variable":
            found.append(tuple(field.option_source.selector))
    return list(dict.fromkeys(found))


def filled(content: str, values: Mapping[str, Any]) -> str:
    """The form's text with its fields filled in: texts as they are, files by their number."""
    return _PLACEHOLDER.sub(lambda match: _shown(values.get(match[1])), content)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(value)} files]"
    if isinstance(value, (File, Mapping)):
        return "[file]"
    return "" if value is None else str(value)


def outputs_of(config: HumanInputConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields' outputs; keys that are no fields are left out.

    Raises ValueError for a stored value of the wrong kind.
    """
    found: dict[str, Any] = {}
    for field in config.inputs:
        name = field.output_variable_name
        if name not in values:
            continue
        value = values[name]
        if isinstance(field, FileField):
            found[name] = _file(name, value)
        elif isinstance(field, FileListField):
            if not isinstance(value, list):
                raise ValueError(f"The value of {name} must be a list of files.")
            found[name] = [_file(name, item) for item in value]
        elif isinstance(value, str):
            found[name] = value
        else:
            raise ValueError(f"The value of {name} must be text.")
    return found


def _file(name: str, value: Any) -> File:
    if isinstance(value, File):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"The value of {name} must be a file.")
    return file_from_mapping(value)


# -- what is accepted --------------------------------------------------------------------------------------------------


def check_submission(form: Mapping[str, Any], action_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The accepted values of a form's fields. Raises FormRefused, naming the field."""
    if action_id not in [action["id"] for action in form.get("actions", ())]:
        raise FormRefused(f"The form has no button {action_id!r}.", code="form.action_unknown")
    accepted: dict[str, Any] = {}
    for field in form.get("inputs", ()):
        name = field["output_variable_name"]
        if name not in values or values[name] is None:
            raise FormRefused(f"A value for {name} is missing.", details={"field": name})
        problem = _field_problem(field, values[name])
        if problem:
            raise FormRefused(f"{name}: {problem}", details={"field": name})
        accepted[name] = values[name]
    return accepted


def _field_problem(field: Mapping[str, Any], value: Any) -> str:
    match field["type"]:
        case "paragraph":
            return "" if isinstance(value, str) else "a text is needed."
        case "select":
            source = field.get("option_source") or {}
            if not isinstance(value, str):
                return "one of the options is needed."
            # Dify: options that come from a variable are not checked (nodes-logic 12.6).
            known = source.get("type") != "constant" or value in (source.get("value") or [])
            return "" if known else f"{value!r} is not one of the options."
        case "file":
            return _file_problem(field, value)
    if not isinstance(value, list):
        return "a list of files is needed."
    limit = field.get("number_limits") or 0
    if limit and len(value) > limit:
        return f"{limit} files may be given, not {len(value)}."
    return next((problem for item in value if (problem := _file_problem(field, item))), "")


def _file_problem(field: Mapping[str, Any], value: Any) -> str:
    try:
        file = value if isinstance(value, File) else file_from_mapping(value)
    except (FileProblem, TypeError, ValueError):
        return "a file is needed."
    methods: Sequence[str] = field.get("allowed_file_upload_methods") or ()
    if methods and file.transfer_method not in methods:
        return f"files may not come as {file.transfer_method}."
    kinds: Sequence[str] = field.get("allowed_file_types") or ()
    if not kinds or (file.type in kinds and file.type != "custom"):
        return ""
    extensions = [str(e).lower().lstrip(".") for e in field.get("allowed_file_extensions") or ()]
    if "custom" in kinds and _extension(file) in extensions:
        return ""
    return f"files of this kind ({file.extension or file.type}) are not allowed."


def _extension(file: File) -> str:
    name = file.extension or PurePosixPath(file.filename or urlsplit(file.remote_url or "").path).suffix
    return name.lower().lstrip(".")
