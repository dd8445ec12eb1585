"""Doubles for models and tools: a scripted chat model, a scripted tool provider, and a loopback server that speaks
the protocols of providers.

    model = ScriptedModel("first answer", ["second", " in", " pieces"], ModelError("InvokeRateLimitError", "429"))
    ran = run_node(llm("Say hi"), ports=model.ports())
    assert model.requests[0].messages[0].text == "Say hi"
"""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from engine.clock import SeededIds, SystemClock
from engine.ports.bundle import Ports
from engine.ports.memory import StoredTurn
from engine.ports.models import ChatDelta, ChatRequest, Message, ModelInfo, ModelRef, ToolCall, Usage
from engine.ports.outside import PortError, ToolDescription, ToolIdentity, ToolMessage, ToolParameter

USAGE = Usage(
    prompt_tokens=10,
    completion_tokens=5,
    total_tokens=15,
    prompt_price=Decimal("0.0000100"),
    completion_price=Decimal("0.0000123"),
    total_price=Decimal("0.0000223"),
    latency=0.5,
    time_to_first_token=0.1,
)
MODEL = {"provider": "fake", "name": "scripted", "mode": "chat", "completion_params": {}}
Reply = Any
"""A text, a list of chunks, a ToolCall or several, a list of ChatDelta, an exception, or a function of the request."""


@dataclass
class ScriptedModel:
    """Answers by its script; the last answer repeats. Remembers every request."""

    replies: list[Reply] = field(default_factory=list)
    features: frozenset[str] | None = frozenset({"tool-call", "multi-tool-call", "stream-tool-call", "vision"})
    context_size: int | None = 100_000
    rules: tuple[Mapping[str, Any], ...] = ()
    usage: Usage = USAGE
    requests: list[ChatRequest] = field(default_factory=list)
    closed: int = 0

    def __init__(self, *replies: Reply, **facts: Any) -> None:
        self.replies = list(replies) or ["ok"]
        self.features = facts.get("features", frozenset({"tool-call", "multi-tool-call", "stream-tool-call", "vision"}))
        self.context_size = facts.get("context_size", 100_000)
        self.rules = facts.get("rules", ())
        self.usage = facts.get("usage", USAGE)
        self.requests = []
        self.closed = 0

    @property
    def messages(self) -> Sequence[Message]:
        """The messages of the last request."""
        return self.requests[-1].messages

    def resolve(self, ref: ModelRef) -> ModelInfo:
        return ModelInfo(ref, ref.name, self.features, self.context_size, self.rules)

    def count_tokens(self, ref: ModelRef, messages: Sequence[Message]) -> int:
        return sum(len(m.text.split()) for m in messages)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply) and not isinstance(reply, type):
            reply = reply(request)
        if isinstance(reply, BaseException):
            raise reply
        try:
            for delta in self._deltas(reply):
                yield delta
        finally:
            self.closed += 1

    def _deltas(self, reply: Reply) -> list[ChatDelta]:
        if isinstance(reply, ToolCall):
            reply = [reply]
        if isinstance(reply, str):
            reply = [reply]
        if reply and all(isinstance(r, ChatDelta) for r in reply):
            return list(reply)
        calls = tuple(r for r in reply if isinstance(r, ToolCall))
        texts = [ChatDelta(r) for r in reply if isinstance(r, str)]
        return [*texts, ChatDelta("", calls, self.usage, "tool_calls" if calls else "stop")]

    def ports(self, **more: Any) -> Ports:
        """Ports with this model; `memory`, `workflow_runner` go to the extras."""
        extras: dict[str, Any] = {k: more.pop(k) for k in ("memory", "workflow_runner") if k in more}
        return Ports(clock=SystemClock(), ids=SeededIds(1), models=self, extras=extras, **more)


def call(name: str, arguments: Any = None, call_id: str = "c1") -> ToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return ToolCall(call_id, name, text)


class FakeMemory:
    """Stored turns, given oldest first as (query, answer) or StoredTurn; the newest is the open one."""

    def __init__(self, *turns: tuple[str, str] | StoredTurn) -> None:
        self.rows: list[StoredTurn] = []
        for number, turn in enumerate(turns, 1):
            if isinstance(turn, StoredTurn):
                self.rows.append(turn)
            else:
                parent = self.rows[-1].id if self.rows else None
                self.rows.append(StoredTurn(f"m{number}", turn[0], turn[1], parent))

    async def turns(self, conversation_id: str, limit: int) -> list[StoredTurn]:
        return list(reversed(self.rows))[:limit]


Messages = list[ToolMessage]


class FakeTools:
    """Tools by name: parameters, and a function of the values that gives messages (or raises PortError)."""

    def __init__(self) -> None:
        self.tools: dict[str, tuple[ToolDescription, Callable[..., Any]]] = {}
        self.calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.servers: list[Mapping[str, Any]] = []

    def add(
        self, name: str, answer: Callable[..., Any], *parameters: ToolParameter, kind: str = "builtin"
    ) -> FakeTools:
        identity = ToolIdentity(kind, "p", name)
        self.tools[name] = (ToolDescription(identity, name, f"does {name}", parameters), answer)
        return self

    async def find(self, identity: ToolIdentity) -> ToolDescription | None:
        found = self.tools.get(identity.tool_name)
        return found[0] if found else None

    async def call(
        self, identity: ToolIdentity, parameters: Mapping[str, Any], settings: Mapping[str, Any], credential: str = ""
    ) -> AsyncGenerator[ToolMessage, None]:
        self.calls.append((identity.tool_name, dict(parameters), dict(settings)))
        answer = self.tools[identity.tool_name][1](**parameters)
        if isinstance(answer, PortError):
            raise answer
        for message in [ToolMessage("text", answer)] if isinstance(answer, str) else answer:
            if isinstance(message, PortError):
                raise message
            yield message

    async def server_tools(self, server: Mapping[str, Any]) -> list[ToolDescription]:
        self.servers.append(server)
        return [description for description, _ in self.tools.values()]


# -- a server of provider protocols ------------------------------------------------------------------------------------


@dataclass
class Seen:
    """One request that the server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    """What the server sends. `events`: server-sent data texts, or (event, data) pairs; `lines`: JSON objects, one a
    line; `cut`: close in the middle."""

    status: int = 200
    body: Any = None
    events: Sequence[Any] | None = None
    lines: Sequence[Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hold: threading.Event | None = None
    """Wait for this after the events, before the end."""


class ModelServer:
    """A loopback HTTP server with scripted answers, in order; the last one repeats."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.seen: list[Seen] = []
        self.broken = threading.Event()
        """Set when a client went away while an answer was being sent."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._serve(self)

            def do_POST(self) -> None:
                outer._serve(self)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._server.block_on_close = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length") or 0)
        raw = handler.rfile.read(length) if length else b""
        body: Any = raw.decode("utf-8", "replace")
        try:
            body = json.loads(body)
        except ValueError:
            pass
        headers = {k.lower(): v for k, v in handler.headers.items()}
        self.seen.append(Seen(handler.command, handler.path, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        handler.close_connection = True
        try:
            self._send(handler, answer)
        except OSError:
            self.broken.set()

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("connection", "close")
        if answer.events is None and answer.lines is None:
            content = answer.body if isinstance(answer.body, bytes) else None
            if content is None:
                content = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
            if "content-type" not in {k.lower() for k in answer.headers}:
                handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(content) + (100 if answer.cut else 0)))
            handler.end_headers()
            handler.wfile.write(content)
            return
        kind = "text/event-stream" if answer.lines is None else "application/x-ndjson"
        handler.send_header("content-type", kind)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for line in answer.lines or ():
            self._chunk(handler, (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n")
        for event in answer.events or ():
            name, data = event if isinstance(event, tuple) else ("", event)
            text = data if isinstance(data, str) else json.dumps(data)
            block = (f"event: {name}\n" if name else "") + f"data: {text}\n\n"
            self._chunk(handler, block.encode())
        if answer.hold is not None:
            while not answer.hold.wait(0.02):
                self._chunk(handler, b": still here\n\n")
        if not answer.cut:
            handler.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def _chunk(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        handler.wfile.flush()


def openai_stream(*texts: str, usage: tuple[int, int] | None = (7, 3), finish: str = "stop") -> Answer:
    """A streamed chat completion."""
    events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": t}, "finish_reason": None}]} for t in texts]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage is not None:
        events.append({"choices": [], "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}})
    return Answer(events=[*events, "[DONE]"])
