"""OpenAPI 3 and Swagger 2 documents as tools: one for each operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin

from engine.errors import UserError
from engine.ports.outside import ToolParameter

LARGEST = 5 * 1024 * 1024
MOST_OPERATIONS = 500
DEEPEST = 24
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
Place = Literal["path", "query", "header", "cookie", "body"]
BODIES = (
    ("application/json", "json"),
    ("application/x-www-form-urlencoded", "form"),
    ("multipart/form-data", "multipart"),
)


@dataclass(frozen=True)
class ApiParameter:
    """One input of an operation: what the tool calls it, and where it goes under which name."""

    declared: ToolParameter
    place: Place
    key: str
    explode: bool = True
    whole: bool = False

    @property
    def name(self) -> str:
        return self.declared.name


@dataclass(frozen=True)
class Operation:
    """One operation. `body`: json, form, multipart, raw, or empty for none."""

    name: str
    label: str
    description: str
    method: str
    server: str
    path: str
    parameters: tuple[ApiParameter, ...] = ()
    body: str = ""
    body_type: str = ""


def load(text: str) -> dict[str, Any]:
    """A document from JSON or YAML. Raises UserError `tools.openapi`."""
    if len(text) > LARGEST:
        raise _problem(f"The document has {len(text) / 1048576:.1f} MiB; {LARGEST // 1048576} are allowed.")
    try:
        document = json.loads(text)
    except ValueError:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            _refuse_aliases(text)
            document = loader(text).get_single_data()
        except (yaml.YAMLError, RecursionError, ValueError) as problem:
            raise _problem(f"The document is neither JSON nor YAML: {problem}") from problem
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise _problem("This is no OpenAPI document: it has no paths.")
    plain: dict[str, Any] = json.loads(json.dumps(document, default=str))
    return plain


def _refuse_aliases(text: str) -> None:
    """YAML aliases can make a small text huge; documents of APIs use `$ref` instead."""
    import yaml

    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases (*name) are not allowed")


def _problem(message: str) -> UserError:
    return UserError(message, code="tools.openapi")


def title(document: Mapping[str, Any]) -> str:
    """What the document calls itself."""
    info = document.get("info")
    return str(info.get("title") or "") if isinstance(info, Mapping) else ""


def server_of(document: Mapping[str, Any], base: str = "") -> str:
    """The address that the paths follow; relative ones begin at `base`, where the document was found."""
    servers = document.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], Mapping):
        url = str(servers[0].get("url") or "")
        variables = servers[0].get("variables")
        for name, facts in (variables if isinstance(variables, Mapping) else {}).items():
            url = url.replace(f"{{{name}}}", str(facts.get("default", "")) if isinstance(facts, Mapping) else "")
    elif document.get("host"):
        schemes = document.get("schemes")
        scheme = "https" if not isinstance(schemes, list) or "https" in schemes or not schemes else str(schemes[0])
        url = f"{scheme}://{document['host']}{document.get('basePath') or ''}"
    else:
        url = str(document.get("basePath") or "")
    return (urljoin(base, url) if base else url).rstrip("/")


def operations(document: Mapping[str, Any], server: str = "") -> tuple[Operation, ...]:
    """The tools of a document. Raises UserError when it has none or too many."""
    reader = _Reader(document, server or server_of(document))
    found: dict[str, Operation] = {}
    for operation in reader.read():
        name, number = operation.name, 2
        while operation.name in found:
            operation = _renamed(operation, f"{name}_{number}")
            number += 1
        found[operation.name] = operation
        if len(found) > MOST_OPERATIONS:
            raise _problem(f"The document has more than {MOST_OPERATIONS} operations.")
    if not found:
        raise _problem("The document has no operation.")
    return tuple(found.values())


def _renamed(operation: Operation, name: str) -> Operation:
    from dataclasses import replace

    return replace(operation, name=name)


class _Reader:
    """Walks one document; references are followed inside of it only, and not for ever."""

    def __init__(self, document: Mapping[str, Any], server: str) -> None:
        self._document, self._server = document, server

    def read(self) -> Iterator[Operation]:
        for path, item in self._document["paths"].items():
            item = self._resolved(item)
            for method in METHODS:
                operation = item.get(method)
                if isinstance(operation, Mapping):
                    yield self._operation(str(path), method, item, operation)

    def _operation(self, path: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]) -> Operation:
        name = str(operation.get("operationId") or "")
        if not name:
            stem = re.sub(r"[^a-zA-Z0-9_-]", "", path)
            name = f"{stem or 'root'}_{method}"
        found: dict[tuple[str, str], ApiParameter] = {}
        body, body_type = "", ""
        for raw in (*_list(item.get("parameters")), *_list(operation.get("parameters"))):
            given = self._resolved(raw)
            place = str(given.get("in") or "")
            if place == "body":
                body, body_type = "json", "application/json"
                rows = self._body(given.get("schema"), bool(given.get("required")))
            elif place == "formData":
                many = "multipart/form-data" in _list(operation.get("consumes") or self._document.get("consumes"))
                body = "multipart" if many or given.get("type") == "file" or body == "multipart" else "form"
                rows = [self._plain(given, "body")]
            elif place in ("path", "query", "header", "cookie"):
                rows = [self._plain(given, place)]  # type: ignore[arg-type]
            else:
                continue
            found |= {(row.place, row.key): row for row in rows}
        request = self._resolved(operation.get("requestBody"))
        if request:
            body, body_type, rows = self._request(request)
            found |= {(row.place, row.key): row for row in rows}
        words = str(operation.get("description") or operation.get("summary") or "")
        label = str(operation.get("summary") or name)
        servers = operation.get("servers") or item.get("servers")
        server = server_of({"servers": servers}, f"{self._server}/") if servers else self._server
        return Operation(
            name, label, words, method.upper(), server, path, _distinct(list(found.values())), body, body_type
        )

    def _request(self, request: Mapping[str, Any]) -> tuple[str, str, list[ApiParameter]]:
        content = request.get("content")
        content = content if isinstance(content, Mapping) else {}
        required = bool(request.get("required"))
        for mime, kind in BODIES:
            for stated, media in content.items():
                plain = str(stated).split(";")[0].strip().lower()
                fits = plain == mime or (kind == "json" and (plain.endswith("+json") or plain == "*/*"))
                if fits and isinstance(media, Mapping):
                    return kind, plain if plain != "*/*" else mime, self._body(media.get("schema"), required)
        if content:
            mime = str(next(iter(content))).split(";")[0].strip()
            binary = not mime.startswith("text/") and not mime.endswith("xml")
            declared = ToolParameter("body", "file" if binary else "string", required, label="body")
            return "raw", mime, [ApiParameter(declared, "body", "body", whole=True)]
        return "", "", []

    def _body(self, schema: Any, required: bool) -> list[ApiParameter]:
        """A parameter for each property of an object; one for anything else."""
        found = self._flat(schema)
        properties = found.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            kind = str(found.get("type") or "any")
            declared = self._declared("body", found, required, "object" if kind == "object" else kind)
            return [ApiParameter(declared, "body", "body", whole=True)]
        needed = set(map(str, _list(found.get("required"))))
        return [
            ApiParameter(self._declared(str(name), self._flat(inner), str(name) in needed), "body", str(name))
            for name, inner in properties.items()
            if not self._flat(inner).get("readOnly")
        ]

    def _plain(self, given: Mapping[str, Any], place: Place) -> ApiParameter:
        name = str(given.get("name") or "")
        schema = self._flat(given.get("schema")) if "schema" in given else self._flat(given)
        if "schema" not in given and isinstance(given.get("content"), Mapping):
            media: Any = next(iter(given["content"].values()), {})
            schema = self._flat(media.get("schema") if isinstance(media, Mapping) else {})
        words = {"description": given["description"]} if given.get("description") else {}
        swagger = "schema" not in given
        explode = given.get("collectionFormat") == "multi" if swagger else bool(given.get("explode", place != "header"))
        needed = place == "path" or given.get("required") is True
        return ApiParameter(self._declared(name, {**schema, **words}, needed), place, name, explode)

    def _declared(self, name: str, schema: Mapping[str, Any], required: bool, kind: str = "") -> ToolParameter:
        options = tuple(str(v) for v in _list(schema.get("enum")) if v is not None)
        found = kind or str(schema.get("type") or ("object" if "properties" in schema else "string"))
        binary = ("binary", "byte-stream")
        if found == "file" or (found == "string" and schema.get("format") in binary):
            found = "file"
        elif found == "array" and self._flat(schema.get("items")).get("format") in binary:
            found = "files"
        elif found in ("integer", "number"):
            found = "number"
        elif found == "string" and options:
            found = "select"
        elif found not in ("boolean", "array", "object", "any"):
            found = "string"
        shown = {k: v for k, v in schema.items() if k != "required" or isinstance(v, list)}
        return ToolParameter(
            name,
            found,
            required,
            default=schema.get("default"),
            description=str(schema.get("description") or ""),
            label=name,
            options=options,
            schema=self._inlined(shown) if found in ("array", "object") else None,
        )

    # -- references ----------------------------------------------------------------------------------------------------

    def _resolved(self, value: Any) -> Mapping[str, Any]:
        """A mapping, with a reference followed to its end. Raises UserError."""
        for _ in range(DEEPEST):
            if not isinstance(value, Mapping):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._target(reference)
        raise _problem("A reference of the document leads to itself.")

    def _target(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise _problem(f"The reference {reference} leads out of the document; put everything into one file.")
        value: Any = self._document
        for part in reference[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            raise _problem(f"The reference {reference} leads to nothing.")
        return value

    def _flat(self, schema: Any) -> dict[str, Any]:
        """A schema with its `allOf` parts joined, and its type named: of several types the first that is not null."""
        found = dict(self._resolved(schema))
        for part in _list(found.pop("allOf", None))[:DEEPEST]:
            inner = self._resolved(part)
            properties = {**_mapping(found.get("properties")), **_mapping(inner.get("properties"))}
            required = [*_list(found.get("required")), *_list(inner.get("required"))]
            found = {**inner, **found}
            if properties:
                found |= {"properties": properties, "required": required}
        for key in ("anyOf", "oneOf"):
            options = [o for o in map(self._resolved, _list(found.get(key))) if o.get("type") != "null"]
            if options and "type" not in found:
                found = {**found, **options[0]}
        if isinstance(found.get("type"), list):
            found["type"] = next((t for t in found["type"] if t != "null"), "string")
        return found

    def _inlined(self, schema: Any, depth: int = 0) -> Any:
        """A schema without references, for the model; what goes too deep is left open."""
        if depth > 6:
            return {}
        if isinstance(schema, Mapping):
            if "$ref" in schema:
                return self._inlined(self._resolved(schema), depth + 1)
            return {str(k): self._inlined(v, depth + 1) for k, v in schema.items() if k not in ("example", "xml")}
        return [self._inlined(v, depth + 1) for v in schema] if isinstance(schema, list) else schema


def _distinct(rows: Sequence[ApiParameter]) -> tuple[ApiParameter, ...]:
    """Parameters of one name at two places: the later ones say where they go."""
    from dataclasses import replace

    taken: set[str] = set()
    found = []
    for row in rows:
        name = row.name if row.name not in taken else f"{row.place}_{row.name}"
        taken.add(name)
        found.append(replace(row, declared=replace(row.declared, name=name)) if name != row.name else row)
    return tuple(found)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
