"""Ports with a tape before them: what is asked goes on record, or is answered from one (`recording.py`).

Tools, and workflows that are used as tools, are one exchange each: what they do inside stays off the tape, and a replay
needs none of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from engine.adapters.recording import Answer, Player, Recorder, made, plain, raise_recorded
from engine.ports.bundle import Ports
from engine.ports.mail import Mail, Mailer, MailFailed, MailOutcome
from engine.ports.memory import ChatMemory, StoredTurn
from engine.ports.models import ChatDelta, ChatModel, ChatRequest, Message, ModelError, ModelInfo, ModelRef
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
from engine.ports.workflows import ParentRun, WorkflowOutcome, WorkflowRunner

if TYPE_CHECKING:
    from engine.nodes.llm_polling import Poller, PollState

CUT_SECONDS = 10.0
"""How long a replay waits for the end that cut an exchange short when it was recorded."""
_inside: ContextVar[bool] = ContextVar("inside", default=False)


@contextmanager
def _off_the_tape() -> Iterator[None]:
    """What happens in here belongs to an exchange that is recorded as a whole."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


class _Taped:
    """A port with a tape before it."""

    def __init__(self, port: str, tape: Recorder | Player) -> None:
        self.port, self.tape = port, tape

    def _found(self, request: Any) -> dict[str, Any] | None:
        """The recorded exchange, None when the real port is to be asked."""
        return self.tape.find(self.port, request) if isinstance(self.tape, Player) and not _inside.get() else None

    def replayed(self, request: Any) -> dict[str, Any] | None:
        """The same. Raises the recorded error."""
        entry = self._found(request)
        if entry is not None and "error" in entry:
            raise_recorded(entry["error"])
        return entry

    async def one(self, request: Any, ask: Callable[[], Any], kind: Any) -> Any:
        """One answer to one request."""
        entry = self.replayed(request)
        if entry is not None:
            await _wait_if_cut(entry)
            return made(kind, entry["answer"])
        try:
            answer = await ask()
        except (PortError, ModelError) as error:
            self.kept(request, None, error)
            raise
        except asyncio.CancelledError:
            self.kept(request, None, cut=True)
            raise
        self.kept(request, answer)
        return answer

    async def many(
        self, request: Any, ask: Callable[[], AsyncIterator[Answer]], kind: type[Answer]
    ) -> AsyncIterator[Answer]:
        """A stream; what came before an error is kept and comes again before it."""
        entry = self._found(request)
        if entry is not None:
            for piece in entry["answer"] or ():
                yield made(kind, piece)
            await _wait_if_cut(entry)
            if "error" in entry:
                raise_recorded(entry["error"])
            return
        pieces: list[Any] = []
        try:
            async for piece in ask():
                if getattr(piece, "loading", None) is None:  # how a model is loaded is no part of its answer
                    pieces.append(piece)
                yield piece
        except (PortError, ModelError) as error:
            self.kept(request, pieces, error)
            raise
        except asyncio.CancelledError:
            self.kept(request, pieces, cut=True)
            raise
        except GeneratorExit:  # the reader had enough
            self.kept(request, pieces)
            raise
        self.kept(request, pieces)

    def kept(self, request: Any, answer: Any = None, error: Exception | None = None, *, cut: bool = False) -> None:
        """Write an exchange down where a recording is made."""
        if isinstance(self.tape, Recorder) and not _inside.get():
            self.tape.write(self.port, request, answer, error, cut=cut)


async def _wait_if_cut(entry: Mapping[str, Any]) -> None:
    """Who asked was ended before the answer: that comes again, from whatever ended it."""
    if entry.get("cut"):
        await asyncio.sleep(CUT_SECONDS)
        raise PortError("ReplayEnded", "The run was ended at this point when it was recorded.")


class TapedModels(_Taped):
    """`ChatModel`; which model a name means is recorded too, because a replay may have none."""

    def __init__(self, inner: ChatModel | None, tape: Recorder | Player) -> None:
        super().__init__("model", tape)
        self._inner = inner

    def resolve(self, ref: ModelRef) -> ModelInfo:
        request = {"resolve": plain(ref)}
        entry = self.replayed(request)
        if entry is not None:
            return made(ModelInfo, entry["answer"])
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

    def poller(self, ref: ModelRef) -> TapedPoller | None:
        """The way to ask a model that answers later, where it is one."""
        offer = getattr(self._inner, "poller", None)
        inner = offer(ref) if offer is not None else None
        is_known = isinstance(self.tape, Player) and self.tape.holds("poll")
        return TapedPoller(inner, ref, self.tape) if inner is not None or is_known else None

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

        answer: HttpResponse = await self.one(request, ask, HttpResponse)
        return answer


class TapedCode(_Taped):
    """`CodeRunner`: code may look at the clock or at chance, so its results are recorded as well."""

    def __init__(self, inner: CodeRunner, tape: Recorder | Player) -> None:
        super().__init__("code", tape)
        self._inner = inner

    async def run(self, request: CodeRequest) -> CodeResult:
        result: CodeResult = await self.one(request, lambda: self._inner.run(request), CodeResult)
        return result

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
            return made(ToolDescription, entry["answer"]) if entry["answer"] is not None else None
        found = await self._inner.find(identity)
        self.kept(request, found)
        return found

    async def server_tools(self, server: Mapping[str, Any]) -> list[ToolDescription]:
        """The tools of a server that an agent's parameters name, where the provider can ask it."""
        request = {"server": {k: plain(v) for k, v in server.items() if k in ("name", "url")}}
        entry = self.replayed(request)
        if entry is not None:
            return [made(ToolDescription, row) for row in entry["answer"]]
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
        return self.many(request, lambda: self._called(identity, parameters, settings, credential), ToolMessage)

    async def _called(
        self, identity: ToolIdentity, parameters: Mapping[str, Any], settings: Mapping[str, Any], credential: str
    ) -> AsyncIterator[ToolMessage]:
        messages = aiter(self._inner.call(identity, parameters, settings, credential))
        while True:
            with _off_the_tape():
                message = await anext(messages, None)
            if message is None:
                return
            yield message


class TapedPoller(_Taped):
    """A model that is asked whether it is done."""

    def __init__(self, inner: Poller | None, ref: ModelRef, tape: Recorder | Player) -> None:
        super().__init__("poll", tape)
        self._inner, self._ref = inner, ref

    async def start(self, request: ChatRequest) -> PollState:
        from engine.nodes.llm_polling import PollState

        state: PollState = await self.one({"start": plain(request)}, lambda: self._real().start(request), PollState)
        return state

    async def check(self, request: ChatRequest, state: Mapping[str, Any]) -> PollState:
        from engine.nodes.llm_polling import PollState

        asked = {"check": plain(request), "state": plain(state)}
        found: PollState = await self.one(asked, lambda: self._real().check(request, state), PollState)
        return found

    def _real(self) -> Poller:
        if self._inner is None:
            raise ModelError("ProviderNotInitializeError", "No model is set up here.")
        return self._inner


class TapedMemory(_Taped):
    """`ChatMemory`: the turns of a conversation that a replay elsewhere does not have."""

    def __init__(self, inner: ChatMemory | None, tape: Recorder | Player) -> None:
        super().__init__("memory", tape)
        self._inner = inner

    async def turns(self, conversation_id: str, limit: int) -> Sequence[StoredTurn]:
        async def ask() -> Sequence[StoredTurn]:
            return await self._inner.turns(conversation_id, limit) if self._inner is not None else []

        found: list[StoredTurn] = await self.one({"turns": limit}, ask, list[StoredTurn])
        return found


class TapedWorkflows(_Taped):
    """`WorkflowRunner`: the inner run is one exchange."""

    def __init__(self, inner: WorkflowRunner | None, tape: Recorder | Player) -> None:
        super().__init__("workflow", tape)
        self._inner = inner

    async def describe(self, identity: ToolIdentity) -> ToolDescription | None:
        async def ask() -> ToolDescription | None:
            return await self._inner.describe(identity) if self._inner is not None else None

        found: ToolDescription | None = await self.one({"find": plain(identity)}, ask, ToolDescription | None)
        return found

    async def run(self, identity: ToolIdentity, inputs: Mapping[str, Any], parent: ParentRun) -> WorkflowOutcome:
        async def ask() -> WorkflowOutcome:
            if self._inner is None:
                raise PortError("WorkflowGone", f"There is no workflow tool {identity.tool_name} here.")
            with _off_the_tape():
                return await self._inner.run(identity, inputs, parent)

        request = {"run": plain(identity), "inputs": plain(inputs)}
        outcome: WorkflowOutcome = await self.one(request, ask, WorkflowOutcome)
        return outcome


class TapedMailer(_Taped):
    """`Mailer`: a replay writes to nobody."""

    def __init__(self, inner: Mailer | None, tape: Recorder | Player) -> None:
        super().__init__("mail", tape)
        self._inner = inner

    def address(self) -> str:
        return self._text({"address": ""}, lambda: self._inner.address() if self._inner is not None else "")

    def place(self, app_id: str, step: str) -> str:
        return self._text({"place": step}, lambda: self._inner.place(app_id, step) if self._inner is not None else "")

    def _text(self, request: Any, ask: Callable[[], str]) -> str:
        entry = self.replayed(request)
        if entry is not None:
            return str(entry["answer"])
        text = ask()
        self.kept(request, text)
        return text

    async def send(self, mails: Sequence[Mail]) -> list[MailOutcome]:
        async def ask() -> list[MailOutcome]:
            if self._inner is None:
                raise MailFailed("There is no mail account here.")
            return await self._inner.send(mails)

        found: list[MailOutcome] = await self.one([plain(mail) for mail in mails], ask, list[MailOutcome])
        return found


class _Aliases(_Taped):
    """What a tool of a file means: the table of the workspace where the recording was made."""

    def __init__(self, inner: Callable[[ToolIdentity], ToolIdentity], tape: Recorder | Player) -> None:
        super().__init__("alias", tape)
        self._inner = inner

    def __call__(self, identity: ToolIdentity) -> ToolIdentity:
        request = {"meant": plain(identity)}
        entry = self.replayed(request)
        if entry is not None:
            return made(ToolIdentity, entry["answer"])
        found = self._inner(identity)
        self.kept(request, found)
        return found


def taped(ports: Ports, tape: Recorder | Player) -> Ports:
    """The same ports with a tape before each that reaches outside, and before what nodes ask of time and chance."""
    ports.models = TapedModels(ports.models, tape)
    ports.http = TapedHttp(ports.http, tape)
    if ports.code is not None:
        ports.code = TapedCode(ports.code, tape)
    if ports.tools is not None:
        ports.tools = TapedTools(ports.tools, tape)
    ports.tape = tape
    if isinstance(tape, Player) and not tape.has_places:
        ports.extras.pop("mail", None)  # older recordings know of no mail, and a replay writes to nobody
        return ports
    kinds = (
        ("memory", TapedMemory, "memory"),
        ("workflow_runner", TapedWorkflows, "workflow"),
        ("mail", TapedMailer, "mail"),
    )
    for name, kind, port in kinds:
        inner = ports.extras.pop(name, None)
        if tape.holds(port) if isinstance(tape, Player) else inner is not None:
            ports.extras[name] = kind(inner, tape)
    if "tool_aliases" in ports.extras:
        ports.extras["tool_aliases"] = _Aliases(ports.extras["tool_aliases"], tape)
    return ports
