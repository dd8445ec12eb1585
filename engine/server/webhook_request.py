"""What a webhook makes of an HTTP request: the inputs of a run, or a refusal; and what it answers (nodes-logic spec
13.3). Nothing here listens or runs anything.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from engine.nodes.triggers import WebhookConfig, WebhookField, WebhookParam, find_header
from engine.run.limits import Limits
from engine.run.variables.segments import is_valid
from engine.server.form_data import FormProblem, form_data

Keep = Callable[[bytes, str, str], Mapping[str, Any]]
"""Content, file name and MIME type to the file's mapping, as a user's input would give it."""

JSON = "application/json"
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
MOST_FIELDS = 1000
DONE = {"status": "success", "message": "Webhook processed successfully"}
REASONS = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 413: "Payload Too Large"}


class Refused(Exception):
    """A request that starts no run; `status` and text of the answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status

    def answer(self) -> Answer:
        """What the sender is told."""
        error = REASONS.get(self.status, "Internal Server Error")
        return Answer(self.status, {"error": error, "message": str(self)})


@dataclass(frozen=True)
class Request:
    """A request as it came in. `target` is path and query, `headers` keep order and spelling."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    @property
    def named_headers(self) -> dict[str, str]:
        """Headers by name; a repeated one has its values joined by commas."""
        found: dict[str, str] = {}
        for name, value in self.headers:
            known = next((k for k in found if k.lower() == name.lower()), None)
            if known is None:
                found[name] = value
            else:
                found[known] += f", {value}"
        return found


@dataclass(frozen=True)
class Answer:
    """A status and a value that is sent as JSON; without a body for HEAD."""

    status: int
    content: Any = None
    has_body: bool = True

    @property
    def body(self) -> bytes:
        """The bytes to send."""
        return json.dumps(self.content, ensure_ascii=False).encode() if self.has_body else b""


@dataclass
class _Body:
    """What the body held: a value by field, stored files by field."""

    values: Any = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)


def success(config: WebhookConfig) -> Answer:
    """The configured answer. 204 and 304, and HEAD, have no body."""
    text = config.response_body.strip()
    status = config.status_code if 200 <= config.status_code <= 599 else 200
    content: Any = DONE if not text else {"message": config.response_body}
    if text.startswith(("{", "[")):
        try:
            content = json.loads(text)
        except ValueError:
            pass
    return Answer(status, content, has_body=config.method != "head" and status not in (204, 304))


def accept(config: WebhookConfig, request: Request, keep: Keep, limits: Limits | None = None) -> dict[str, Any]:
    """The inputs that a request gives the run. Raises Refused, by the checks of the specification in their order."""
    if len(request.body) > (limits or Limits()).webhook_body_bytes:
        raise too_large(limits)
    if request.method.lower() != config.method:
        raise Refused(f"The webhook takes {config.method.upper()} requests, not {request.method.upper()}.")
    headers = request.named_headers
    content_type = str(find_header(headers, "Content-Type", "") or "")
    kind = content_type.partition(";")[0].strip().lower() or JSON
    if kind != config.content_type:
        raise Refused(f"The webhook takes {config.content_type}, not {kind}.")
    params: dict[str, Any] = _first_values(urlsplit(request.target).query)
    body = _read_body(kind, content_type, request.body, keep)
    _check_required(config, headers, params, body, request.body)
    _convert_params(config.params, params)
    if kind == JSON:
        _check_json(config.body, body.values)
    elif kind in FORMS:
        _convert_form(config.body, body.values)
    data = {
        "method": request.method.upper(),
        "headers": headers,
        "query_params": params,
        "body": body.values,
        "files": body.files,
    }
    return {
        "webhook_data": data,
        "webhook_headers": headers,
        "webhook_query_params": params,
        "webhook_body": body.values,
    }


def too_large(limits: Limits | None = None) -> Refused:
    """The refusal of a body above the limit."""
    most = (limits or Limits()).webhook_body_bytes
    return Refused(f"The request is larger than {most} bytes, the limit for webhooks.", 413)


# -- the body ----------------------------------------------------------------------------------------------------------


def _first_values(query: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused(f"There are more than {MOST_FIELDS} parameters.") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _read_body(kind: str, content_type: str, content: bytes, keep: Keep) -> _Body:
    if kind == JSON:
        return _Body(_json(content))
    if kind == "application/x-www-form-urlencoded":
        return _Body(_first_values(content.decode("utf-8", "replace")))
    if kind == "multipart/form-data":
        return _form(content_type, content, keep)
    if kind == "text/plain":
        return _Body({"raw": content.decode(_charset(content_type), "replace")})
    return _Body({"raw": keep(content, "", kind) if content else None})


def _charset(content_type: str) -> str:
    """The charset of a text, UTF-8 where none or an unknown one is named."""
    name = next((p.partition("=")[2] for p in content_type.split(";")[1:] if "charset" in p.lower()), "")
    try:
        "".encode(name.strip().strip('"'))
    except (LookupError, ValueError):
        return "utf-8"
    return name.strip().strip('"') or "utf-8"


def _json(content: bytes) -> Any:
    if not content.strip():
        return {}
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(f"The body is not valid JSON: {error}.") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _form(content_type: str, content: bytes, keep: Keep) -> _Body:
    try:
        parts = form_data(content_type, content, MOST_FIELDS) if content.strip() else []
    except FormProblem as problem:
        raise Refused(f"The form cannot be read: {problem}.") from None
    body = _Body()
    for part in parts:
        if part.filename is not None:
            body.files.setdefault(part.name, keep(part.content, part.filename, part.mime_type))
        else:
            body.values.setdefault(part.name, part.content.decode(_charset(part.mime_type), "replace"))
    return body


# -- checks and conversion ---------------------------------------------------------------------------------------------


def _check_required(
    config: WebhookConfig, headers: Mapping[str, str], params: Mapping[str, Any], body: _Body, content: bytes
) -> None:
    for header in config.headers:
        if header.required and find_header(headers, header.name) is None:
            raise Refused(f"The required header {header.name} is missing.")
    for param in config.params:
        if param.required and param.name not in params:
            raise Refused(f"The required parameter {param.name} is missing.")
    for wanted in config.body:
        if not wanted.required:
            continue
        if config.content_type in ("text/plain", "application/octet-stream"):
            if not content:
                raise Refused("The body is empty, but it is required.")
        elif config.content_type == "multipart/form-data" and wanted.type == "file":
            continue  # Dify: a required file is not asked for
        elif not isinstance(body.values, Mapping) or wanted.name not in body.values:
            raise Refused(f"The required field {wanted.name} of the body is missing.")


def _convert_params(declared: Sequence[WebhookParam], params: dict[str, Any]) -> None:
    for param in declared:
        if param.name in params:
            params[param.name] = from_text(f"The parameter {param.name}", param.type, params[param.name])


def _convert_form(declared: Sequence[WebhookField], values: dict[str, Any]) -> None:
    for wanted in declared:
        if wanted.name in values and wanted.type != "file":
            values[wanted.name] = from_text(f"The field {wanted.name}", wanted.type, values[wanted.name])


def from_text(what: str, kind: str, text: str) -> Any:
    """A value of a query or a form as its declared type. Raises Refused."""
    if kind == "string":
        return text
    if kind == "boolean":
        word = text.strip().lower()
        if word not in WORDS:
            raise Refused(f"{what} must be true or false, not {text[:100]!r}.")
        return WORDS[word]
    if kind == "number":
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise Refused(f"{what} must be a number, not {text[:100]!r}.")
        return int(number) if number.is_integer() else number
    raise Refused(f"{what} cannot be of the type {kind} here.")


def _check_json(declared: Sequence[WebhookField], values: Any) -> None:
    if not isinstance(values, Mapping):
        return
    for wanted in declared:
        if wanted.name in values and not _is_of_type(wanted.type, values[wanted.name]):
            raise Refused(f"The field {wanted.name} of the body must be of the type {wanted.type}.")


def _is_of_type(kind: str, value: Any) -> bool:
    """JSON values must have their type already; a boolean is no number."""
    if kind == "array[number]":
        return isinstance(value, list) and all(_is_of_type("number", item) for item in value)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return kind != "file" and is_valid(kind, value)
