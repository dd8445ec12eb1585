"""Exchanges with the outside written to a file, and given back from it: a run replayed with no network and no key.

A recording is a file of JSON lines: a head, then one line an exchange with the port, the request as it is compared,
and what came back (the pieces of a stream, or the error). Secrets stand in it as `[secret:NAME]`, in requests and
in answers; a replay that is given no value for a secret uses that very text, so both compare equal.
"""

from __future__ import annotations

import base64
import difflib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

from engine.errors import UserError
from engine.ports.bundle import Ports
from engine.ports.models import ChatDelta, ChatModel, ChatRequest, Message, ModelError, ModelInfo, ModelRef, Usage
from engine.ports.outside import (
    CodeRequest,
    CodeResult,
    CodeRunner,
    HttpClient,
    HttpRequest,
    HttpResponse,
    PortError,
    ToolDescription,
    ToolIdentity,
    ToolMessage,
    ToolProvider,
)

FORMAT, VERSION = "penstock-recording", 1
NOT_COMPARED = frozenset(
    {
        "told",
        "choose_limit",
        "connect_timeout",
        "read_timeout",
        "write_timeout",
        "max_bytes",
        "verify_tls",
        "timeout",
        "user",
    }
)
KEYS = frozenset({"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"})
DIFF_LINES = 40
Answer = TypeVar("Answer")


def secret_mark(name: str) -> str:
    """What stands for a secret's value in a recording."""
    return f"[secret:{name}]"


def plain(value: Any) -> Any:
    """A value of the ports as JSON: dataclasses as mappings, bytes as `{"$bytes": base64}`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name not in NOT_COMPARED}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(v) for v in value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _with_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        return {k: _with_bytes(v) for k, v in value.items()}
    return [_with_bytes(v) for v in value] if isinstance(value, list) else value


def _made(kind: type[Answer], value: Any) -> Answer:
    """A dataclass of the ports from its JSON."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(_with_bytes(value))


def _swapped(value: Any, pairs: Sequence[tuple[str, str]]) -> Any:
    """JSON with texts replaced everywhere, in bytes too."""
    if isinstance(value, str):
        for old, new in pairs:
            value = value.replace(old, new)
        return value
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            content = base64.b64decode(value["$bytes"])
            for old, new in pairs:
                content = content.replace(old.encode(), new.encode())
            return {"$bytes": base64.b64encode(content).decode()}
        return {_swapped(k, pairs): _swapped(v, pairs) for k, v in value.items()}
    return [_swapped(v, pairs) for v in value] if isinstance(value, list) else value


class Tape:
    """What both sides share: how a request is spelled, and how an error is kept."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        known = [(value, secret_mark(name)) for name, value in secrets.items() if value]
        self._masking = sorted(known, key=lambda pair: -len(pair[0]))
        self._showing = [(mark, value) for value, mark in known]

    def masked(self, value: Any) -> Any:
        """`value` as JSON with every secret replaced by its mark."""
        return _swapped(plain(value), self._masking)

    def shown(self, value: Any) -> Any:
        """The inverse: marks of secrets that this run has a value for become that value."""
        return _swapped(value, self._showing)

    def request(self, port: str, request: Any) -> dict[str, Any]:
        """A request as it is compared; headers that only carry keys are left out."""
        spelled: dict[str, Any] = self.masked(request)
        if port == "http":
            spelled["headers"] = [h for h in spelled["headers"] if str(h[0]).lower() not in KEYS]
        return spelled


class Recorder(Tape):
    """Writes exchanges; every line is on its way to disk when the answer is handed on."""

    def __init__(self, path: Path, secrets: Mapping[str, str], head: Mapping[str, Any]) -> None:
        super().__init__(secrets)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("w", encoding="utf-8", newline="\n")
        self._line({"format": FORMAT, "version": VERSION, **head})

    def _line(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n")
        self._file.flush()

    def write(self, port: str, request: Any, answer: Any = None, error: Exception | None = None) -> None:
        """One exchange; a stream that broke off has both its pieces and its error."""
        entry = {"port": port, "request": self.request(port, request), "answer": self.masked(answer)}
        if error is not None:
            entry["error"] = self.masked(_error_facts(error))
        self._line(entry)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Player(Tape):
    """Gives answers back: for one request the answers come in the order in which they were recorded, the last one
    again and again. With `strict`, a request that was not recorded fails and says how it differs from the nearest."""

    def __init__(self, path: Path, secrets: Mapping[str, str], *, strict: bool) -> None:
        super().__init__(secrets)
        self.strict = strict
        self._entries: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self.head = self._read(path)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
            head = lines[0]
            if head.get("format") != FORMAT or head.get("version") != VERSION:
                raise ValueError(f"it is no {FORMAT} of version {VERSION}")
            for entry in lines[1:]:
                self._entries[entry["port"], _spelled(entry["request"])].append(entry)
        except OSError as error:
            words = f"{path} cannot be read: {error.strerror or error}"
            raise UserError(words, code="recording.unreadable") from error
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is not a recording: {error}", code="recording.damaged") from error
        return dict(head)

    def find(self, port: str, request: Any) -> dict[str, Any] | None:
        """The next answer to a request. Raises PortError when there is none and the replay is strict."""
        wanted = self.request(port, request)
        found = self._entries.get((port, _spelled(wanted)))
        if found:
            entry = found.pop(0) if len(found) > 1 else found[0]
            return {**entry, "answer": self.shown(entry["answer"])}
        if self.strict:
            raise PortError("ReplayMismatch", self._difference(port, wanted))
        return None

    def _difference(self, port: str, wanted: dict[str, Any]) -> str:
        text = json.dumps(wanted, ensure_ascii=False, indent=1, sort_keys=True)
        others = [e[0]["request"] for (p, _), e in self._entries.items() if p == port]
        if not others:
            return f"The recording holds no request to the port {port}."
        spelled = [json.dumps(o, ensure_ascii=False, indent=1, sort_keys=True) for o in others]
        nearest = max(spelled, key=lambda o: difflib.SequenceMatcher(None, o, text, autojunk=False).quick_ratio())
        lines = difflib.unified_diff(nearest.splitlines(), text.splitlines(), "recorded", "asked", lineterm="", n=1)
        return f"The recording has no such request to the port {port}:\n" + "\n".join([*lines][:DIFF_LINES])


def _spelled(request: Any) -> str:
    return json.dumps(request, ensure_ascii=False, sort_keys=True)


def _error_facts(error: Exception) -> dict[str, Any]:
    usage = getattr(error, "usage", None)
    return {
        "kind": "model" if isinstance(error, ModelError) else "port",
        "error_type": getattr(error, "error_type", type(error).__name__),
        "message": str(error),
        "usage": usage.to_json() if usage is not None else None,
    }


def _raise(facts: Mapping[str, Any]) -> None:
    if facts["kind"] == "model":
        usage = Usage.from_json(facts["usage"]) if facts.get("usage") else None
        raise ModelError(facts["error_type"], facts["message"], usage=usage)
    raise PortError(facts["error_type"], facts["message"])


class _Taped:
    """A port with a tape before it."""

    def __init__(self, port: str, tape: Recorder | Player) -> None:
        self.port, self.tape = port, tape

    def replayed(self, request: Any) -> dict[str, Any] | None:
        """The recorded exchange, None when the real port is to be asked. Raises the recorded error."""
        entry = self.tape.find(self.port, request) if isinstance(self.tape, Player) else None
        if entry is not None and "error" in entry:
            _raise(entry["error"])
        return entry

    async def one(self, request: Any, ask: Callable[[], Any], kind: type[Answer]) -> Answer:
        """One answer to one request."""
        entry = self.replayed(request)
        if entry is not None:
            return _made(kind, entry["answer"])
        try:
            answer: Answer = await ask()
        except (PortError, ModelError) as error:
            self.kept(request, None, error)
            raise
        self.kept(request, answer)
        return answer

    async def many(
        self, request: Any, ask: Callable[[], AsyncIterator[Answer]], kind: type[Answer]
    ) -> AsyncIterator[Answer]:
        """A stream; what came before an error is kept and comes again before it."""
        entry = self.tape.find(self.port, request) if isinstance(self.tape, Player) else None
        if entry is not None:
            for piece in entry["answer"] or ():
                yield _made(kind, piece)
            if "error" in entry:
                _raise(entry["error"])
            return
        pieces: list[Any] = []
        try:
            async for piece in ask():
                pieces.append(piece)
                yield piece
        except (PortError, ModelError) as error:
            self.kept(request, pieces, error)
            raise
        self.kept(request, pieces)

    def kept(self, request: Any, answer: Any = None, error: Exception | None = None) -> None:
        """Write an exchange down where a recording is made."""
        if isinstance(self.tape, Recorder):
            self.tape.write(self.port, request, answer, error)


class TapedModels(_Taped):
    """`ChatModel`; which model a name means is recorded too, because a replay may have none."""

    def __init__(self, inner: ChatModel | None, tape: Recorder | Player) -> None:
        super().__init__("model", tape)
        self._inner = inner

    def resolve(self, ref: ModelRef) -> ModelInfo:
        request = {"resolve": plain(ref)}
        entry = self.replayed(request)
        if entry is not None:
            return _made(ModelInfo, entry["answer"])
        try:
            info = self._real().resolve(ref)
        except ModelError as error:
            self.kept(request, None, error)
            raise
        self.kept(request, info)
        return info

    def stream(self, request: ChatRequest) -> AsyncIterator[ChatDelta]:
        return self.many(request, lambda: self._real().stream(request), ChatDelta)

    def count_tokens(self, ref: ModelRef, messages: Sequence[Message]) -> int:
        request = {"count": plain(ref), "messages": [plain(m) for m in messages]}
        entry = self.replayed(request)
        if entry is not None:
            return int(entry["answer"])
        count = self._real().count_tokens(ref, messages)
        self.kept(request, count)
        return count

    def _real(self) -> ChatModel:
        if self._inner is None:
            raise ModelError("ProviderNotInitializeError", "No model is set up here.")
        return self._inner


class TapedHttp(_Taped):
    """`HttpClient`."""

    def __init__(self, inner: HttpClient | None, tape: Recorder | Player) -> None:
        super().__init__("http", tape)
        self._inner = inner

    async def send(self, request: HttpRequest) -> HttpResponse:
        async def ask() -> HttpResponse:
            if self._inner is None:
                raise PortError("HttpRequestNodeError", "There is no way to the network here.")
            return await self._inner.send(request)

        return await self.one(request, ask, HttpResponse)


class TapedCode(_Taped):
    """`CodeRunner`: code may look at the clock or at chance, so its results are recorded as well."""

    def __init__(self, inner: CodeRunner, tape: Recorder | Player) -> None:
        super().__init__("code", tape)
        self._inner = inner

    async def run(self, request: CodeRequest) -> CodeResult:
        return await self.one(request, lambda: self._inner.run(request), CodeResult)

    def level(self) -> str:
        return self._inner.level()


class TapedTools(_Taped):
    """`ToolProvider`."""

    def __init__(self, inner: ToolProvider, tape: Recorder | Player) -> None:
        super().__init__("tool", tape)
        self._inner = inner

    async def find(self, identity: ToolIdentity) -> ToolDescription | None:
        request = {"find": plain(identity)}
        entry = self.replayed(request)
        if entry is not None:
            return _made(ToolDescription, entry["answer"]) if entry["answer"] is not None else None
        found = await self._inner.find(identity)
        self.kept(request, found)
        return found

    async def server_tools(self, server: Mapping[str, Any]) -> list[ToolDescription]:
        """The tools of a server that an agent's parameters name, where the provider can ask it."""
        request = {"server": {k: plain(v) for k, v in server.items() if k in ("name", "url")}}
        entry = self.replayed(request)
        if entry is not None:
            return [_made(ToolDescription, row) for row in entry["answer"]]
        offer = getattr(self._inner, "server_tools", None)
        if offer is None:
            raise PortError("McpConnectionError", "MCP servers are not available here.")
        found: list[ToolDescription] = await offer(server)
        self.kept(request, found)
        return found

    def call(
        self, identity: ToolIdentity, parameters: Mapping[str, Any], settings: Mapping[str, Any], credential: str = ""
    ) -> AsyncIterator[ToolMessage]:
        request = {"call": plain(identity), "parameters": plain(parameters), "settings": plain(settings)}
        return self.many(request, lambda: self._inner.call(identity, parameters, settings, credential), ToolMessage)


def taped(ports: Ports, tape: Recorder | Player) -> Ports:
    """The same ports with a tape before each that reaches outside."""
    ports.models = TapedModels(ports.models, tape)
    ports.http = TapedHttp(ports.http, tape)
    if ports.code is not None:
        ports.code = TapedCode(ports.code, tape)
    if ports.tools is not None:
        ports.tools = TapedTools(ports.tools, tape)
    return ports
