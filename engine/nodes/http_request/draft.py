"""From a configuration and variables to a request and the text that records show of it (nodes-logic spec 5.2-5.6)."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from engine.nodes.http_request.config import HttpConfig
from engine.nodes.http_request.problems import AuthorizationConfigError, InvalidURLError
from engine.ports.outside import ChooseLimit, HttpRequest, UploadPart
from engine.run.limits import Limits
from engine.run.variables.pool import VariablePool
from engine.run.variables.segments import Segment
from engine.run.variables.templates import Rendered, TextSegment, render, split_template

CONTENT_TYPES = {
    "raw-text": "text/plain",
    "json": "application/json",
    "x-www-form-urlencoded": "application/x-www-form-urlencoded",
}
PLACEHOLDER = "__multipart_placeholder__"


@dataclass(frozen=True)
class Words:
    """A rendered text in its two forms: as it is sent, and as records show it."""

    sent: str
    shown: str

    @classmethod
    def of(cls, template: str, pool: VariablePool) -> Words:
        """`template` with its references filled in."""
        rendered = render(template, pool)
        return cls(rendered.text, rendered.log)


@dataclass
class BodyDraft:
    """The body in one of its forms; `shown` is its log text."""

    content: bytes | None = None
    form: list[tuple[str, str]] | None = None
    files: list[UploadPart] = field(default_factory=list)
    shown: str = ""


@dataclass
class Draft:
    """A request while it is put together."""

    method: str
    url: Words
    headers: dict[str, Words]
    params: list[tuple[Words, Words]]
    body: BodyDraft
    hidden_header: str = ""
    boundary: str = ""

    def request(self, config: HttpConfig, limits: Limits, choose_limit: ChooseLimit) -> HttpRequest:
        """What the client sends."""
        timeout = config.timeout
        return HttpRequest(
            method=self.method,
            url=self.url.sent,
            headers=[(name, value.sent) for name, value in self.headers.items()],
            params=[(key.sent, value.sent) for key, value in self.params],
            content=self.body.content,
            form=self.body.form,
            files=self.body.files,
            verify_tls=limits.http_verify_tls if config.ssl_verify is None else config.ssl_verify,
            connect_timeout=_seconds(timeout.connect, limits.http_connect_seconds),
            read_timeout=_seconds(timeout.read, limits.http_read_seconds),
            write_timeout=_seconds(timeout.write, limits.http_write_seconds),
            choose_limit=choose_limit,
            private=frozenset(self._private()),
        )

    def _private(self) -> list[str]:
        """Names of headers with a key or a secret in them."""
        secret = [name.lower() for name, value in self.headers.items() if value.sent != value.shown]
        return [*secret, self.hidden_header.lower()] if self.hidden_header else secret

    def log(self) -> str:
        """The request in the shape of HTTP/1.1 with secrets hidden."""
        place = urlsplit(self.url.shown)
        query = urlencode([(key.shown, value.shown) for key, value in self.params], safe="*") or place.query
        path = (place.path or "/") + (f"?{query}" if query else "")
        lines = [f"{self.method} {path} HTTP/1.1", f"Host: {place.netloc}"]
        for name, value in self.headers.items():
            hidden = bool(self.hidden_header) and name.lower() == self.hidden_header.lower()
            lines.append(f"{name}: {'*' * len(value.sent) if hidden else value.shown}")
        if self.body.shown:
            lines.append(f"Content-Length: {len(self.body.shown)}")
        return "\r\n".join([*lines, "", self.body.shown])


def _seconds(wanted: float | None, longest: float) -> float:
    return min(wanted, longest) if wanted and wanted > 0 else longest


def url_of(config: HttpConfig, pool: VariablePool) -> Words:
    """The address. Raises InvalidURLError."""
    url = Words.of(config.url, pool)
    if not url.sent.strip():
        raise InvalidURLError("The address is empty.")
    if not url.sent.startswith(("http://", "https://")):
        raise InvalidURLError(f"The address must start with http:// or https://, but it is {url.shown[:200]!r}.")
    try:
        urlsplit(url.sent)
        urlsplit(url.shown)
    except ValueError as error:
        raise InvalidURLError(f"The address is not valid: {error}.") from error
    return url


def params_of(config: HttpConfig, pool: VariablePool) -> list[tuple[Words, Words]]:
    """The query pairs in order: lines first, then each side rendered, so that values may have line breaks (5.4)."""
    pairs: list[tuple[Words, Words]] = []
    for line in _lines(config.params):
        key, _, value = line.partition(":")
        pair = _trimmed(Words.of(key, pool)), _trimmed(Words.of(value, pool))
        if pair[0].sent:
            pairs.append(pair)
    return pairs


def headers_of(config: HttpConfig, pool: VariablePool) -> dict[str, Words]:
    """The headers by name, the last of a name winning. Line breaks inside of values are taken out, so that no value
    can add a header (deviation 11)."""
    headers: dict[str, Words] = {}
    for line in _lines(config.headers):
        rendered = Rendered([part if isinstance(part, str) else _OneLine(part) for part in render(line, pool).parts])
        name, _, value = rendered.text.partition(":")
        _, _, shown = rendered.log.partition(":")
        if name.strip():
            headers[name.strip()] = Words(value.strip(), shown.strip())
    return headers


def authorization_of(config: HttpConfig, pool: VariablePool) -> tuple[str, Words] | None:
    """Name and value of the header that carries the key, None without one. Raises AuthorizationConfigError."""
    settings = config.authorization.config
    if config.authorization.type != "api-key" or settings is None:
        return None
    key = Words.of(settings.api_key, pool)
    if not key.sent.strip():
        raise AuthorizationConfigError("The API key is empty.")
    name = settings.header.strip() or "Authorization"
    value = _one_line(key.sent)
    if settings.type == "bearer":
        value = f"Bearer {value}"
    elif settings.type == "basic":
        value = f"Basic {base64.b64encode(value.encode()).decode() if ':' in value else value}"
    return name, Words(value, "*" * len(value))


def with_authorization(headers: dict[str, Words], key: tuple[str, Words] | None) -> dict[str, Words]:
    """The headers with the key in place of one of the same name in any case (5.2)."""
    if key is None:
        return headers
    name, value = key
    return {**{n: v for n, v in headers.items() if n.lower() != name.lower()}, name: value}


def with_content_type(headers: dict[str, Words], kind: str, boundary: str) -> tuple[dict[str, Words], dict[str, Words]]:
    """Headers to send and headers to show: the body's Content-Type where the user set none; multipart its own."""
    if kind == "form-data":
        rest = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        text = f"multipart/form-data; boundary={boundary}"
        return rest, {**rest, "Content-Type": Words(text, text)}
    if kind in CONTENT_TYPES and all(name.lower() != "content-type" for name in headers):
        headers = {**headers, "Content-Type": Words(CONTENT_TYPES[kind], CONTENT_TYPES[kind])}
    return headers, headers


def json_text(template: str, pool: VariablePool) -> str:
    """`template` rendered so that a reference inside of a JSON text keeps that text whole, whatever its value has."""
    out: list[str] = []
    inside = escaped = False
    for part in split_template(template):
        if isinstance(part, TextSegment):
            for sign in part.text:
                if escaped:
                    escaped = False
                elif inside and sign == "\\":
                    escaped = True
                elif sign == '"':
                    inside = not inside
            out.append(part.text)
        else:
            value = pool.get(part.selector)
            text = ".".join(part.selector) if value is None else value.text
            out.append(_inside_json(text) if inside else text)
    return "".join(out)


def _inside_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


class _OneLine(Segment):
    """A value without line breaks."""

    __slots__ = ("_of",)

    def __init__(self, of: Segment) -> None:
        super().__init__(of.value)
        self._of = of

    @property
    def text(self) -> str:
        return _one_line(self._of.text)

    @property
    def log(self) -> str:
        return _one_line(self._of.log)


def _one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _trimmed(words: Words) -> Words:
    return Words(words.sent.strip(), words.shown.strip())


def _lines(text: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.strip()]
