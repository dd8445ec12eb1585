"""HTTP, user code, files, documents, secrets, tools and knowledge as the nodes see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engine.errors import PenstockError


class PortError(PenstockError):
    """A request to the outside that failed; `error_type` is the short name that fail branches and logs show."""

    def __init__(self, error_type: str, message: str, **more: Any) -> None:
        super().__init__(message, code=f"port.{error_type}", **more)
        self.error_type = error_type

    def __str__(self) -> str:
        return self.message


# -- HTTP ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UploadPart:
    """One file of a multipart body."""

    field: str
    filename: str
    content: bytes
    mime_type: str = "application/octet-stream"


ChooseLimit = Callable[[Sequence[tuple[str, str]], bytes], int]
"""The largest content in bytes, by the response's headers and the beginning of its content (1024 bytes or more)."""


@dataclass(frozen=True)
class HttpRequest:
    """One request, fully rendered. Timeouts in seconds, None = no limit of that kind. `choose_limit` wins over
    `max_bytes`. With `files` the body is multipart. `told` hears how many bytes of how many (0: unknown) are here.
    Headers named in `private` (small letters) are not sent on to another host that a redirect leads to."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    params: Sequence[tuple[str, str]] = ()
    content: bytes | None = None
    form: Sequence[tuple[str, str]] | None = None
    files: Sequence[UploadPart] = ()
    verify_tls: bool = True
    connect_timeout: float | None = None
    read_timeout: float | None = None
    write_timeout: float | None = None
    max_bytes: int | None = None
    choose_limit: ChooseLimit | None = None
    follow_redirects: bool = True
    told: Callable[[int, int], None] | None = field(default=None, compare=False)
    private: frozenset[str] = frozenset()


@dataclass(frozen=True)
class HttpResponse:
    """What came back; `headers` keep their order and spelling, `content` is whole and within the size limit."""

    status: int
    headers: Sequence[tuple[str, str]]
    content: bytes
    url: str
    encoding: str | None = None


class HttpClient(Protocol):
    """Sends requests under the workspace's network rules. Raises PortError."""

    async def send(self, request: HttpRequest) -> HttpResponse: ...


# -- Code ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CodeRequest:
    """User code to run: `source` defines `main`, `inputs` are its keyword arguments (JSON values)."""

    language: Literal["python3", "javascript"]
    source: str
    inputs: Mapping[str, Any]
    timeout: float | None = None


@dataclass(frozen=True)
class CodeResult:
    """What `main` returned (JSON value), what it printed, and the seconds it took."""

    value: Any
    stdout: str = ""
    elapsed: float = 0.0


class CodeRunner(Protocol):
    """Runs user code away from this process. Raises PortError with the user's line in the message."""

    async def run(self, request: CodeRequest) -> CodeResult: ...

    def level(self) -> str:
        """The isolation that is in force here, in words for the inspector."""
        ...


# -- Files -----------------------------------------------------------------------------------------------------------


class FileStore(Protocol):
    """Files of the workspace and of runs, addressed by an opaque reference."""

    async def save(self, content: bytes, *, filename: str, mime_type: str) -> str:
        """Keep `content` and return its reference."""
        ...

    async def load(self, reference: str) -> bytes:
        """The bytes of a stored file. Raises PortError when it is gone."""
        ...

    def url(self, reference: str) -> str | None:
        """An address for people (a file: URL), or None when the file is gone."""
        ...


class DocumentReader(Protocol):
    """Text out of documents of many formats (nodes-logic spec 9.3). Raises PortError: encrypted, damaged, too large,
    of another kind than its name says, not supported. `strict` keeps what upstream gets wrong."""

    async def text(self, content: bytes, *, extension: str, mime_type: str, strict: bool = False) -> str: ...


# -- Secrets ---------------------------------------------------------------------------------------------------------


class SecretStore(Protocol):
    """Named secrets of the workspace, encrypted at rest."""

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...

    def delete(self, name: str) -> None: ...


@dataclass(frozen=True)
class TokenPlace:
    """A place for the tokens of a sign-in, as text; empty for none."""

    read: Callable[[], str]
    write: Callable[[str], None]


# -- Tools -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToolIdentity:
    """Which tool a node or an agent means, as the DSL file spells it."""

    provider_type: str
    provider_id: str
    tool_name: str
    provider_name: str = ""


@dataclass(frozen=True)
class ToolParameter:
    """One declared parameter; `form` is `llm` (the model fills it) or `form` (the person sets it)."""

    name: str
    type: str
    required: bool = False
    form: str = "llm"
    default: Any = None
    description: str = ""
    label: str = ""
    options: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ToolDescription:
    """What a tool is and takes."""

    identity: ToolIdentity
    label: str
    description: str
    parameters: tuple[ToolParameter, ...] = ()
    output_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ToolMessage:
    """One thing a tool yields (nodes-ai spec 12.4): text, json, link, image, blob, file, variable or log."""

    kind: str
    value: Any = None
    meta: Mapping[str, Any] = field(default_factory=dict)


class ToolProvider(Protocol):
    """Finds and calls tools. `find` gives None when the tool is not there; `call` raises PortError."""

    async def find(self, identity: ToolIdentity) -> ToolDescription | None: ...

    def call(
        self, identity: ToolIdentity, parameters: Mapping[str, Any], settings: Mapping[str, Any], credential: str = ""
    ) -> AsyncIterator[ToolMessage]: ...


# -- Knowledge -------------------------------------------------------------------------------------------------------


class Retriever(Protocol):
    """Search in knowledge bases. Raises PortError."""

    async def retrieve(
        self, dataset_ids: Sequence[str], query: str, settings: Mapping[str, Any]
    ) -> list[dict[str, Any]]: ...
