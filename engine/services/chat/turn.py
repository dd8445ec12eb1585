"""One chat turn: what is said is looked at, perhaps answered at once, else a run answers; then the message is kept
(nodes-ai spec 15). A turn is the `RunHandle` of its run, so that nobody needs to know which of them it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.clock import Clock, iso
from engine.errors import PenstockError
from engine.run.request import Recorder, RunHandle
from engine.services.chat.citations import merged

if TYPE_CHECKING:
    from engine.services.chat.annotations import AnnotationHit
    from engine.services.chat.moderation import Flagged, OutputGuard


class Watch:
    """A recorder that also notes the citations of the turn; `inner` keeps the run, if it is kept."""

    def __init__(self, inner: Recorder | None) -> None:
        self._inner = inner
        self.resources: list[Mapping[str, Any]] = []

    def event(self, event: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        if event["event"] == "NodeRunRetrieverResource":
            self.resources.extend(r for r in event.get("retriever_resources") or () if isinstance(r, Mapping))
        if self._inner is not None:
            self._inner.event(event, payload)

    def is_behind(self) -> bool:
        return self._inner is not None and self._inner.is_behind()

    async def flush(self) -> None:
        if self._inner is not None:
            await self._inner.flush()


@dataclass(frozen=True)
class Steps:
    """What a turn asks of its service, in the order of the spec."""

    moderate: Callable[[], Awaitable[Flagged | None]] | None
    """None: what is said is not moderated."""
    annotate: Callable[[], Awaitable[AnnotationHit | None]] | None
    """None: no annotation reply."""
    launch: Callable[[Flagged | None], RunHandle]
    """Start the run, with the texts that moderation puts in place of what was said. Raises PenstockError."""
    keep: Callable[[Mapping[str, Any]], Awaitable[None]] | None
    """Write the message; None when the turn leaves no trace."""


@dataclass
class Facts:
    """What is known of a turn before it begins."""

    run_id: str
    message_id: str
    conversation_id: str
    query: str
    citations: bool
    files: list[Any] = field(default_factory=list)
    parent_id: str | None = None


class ChatTurn:
    """See the module. Belongs to the event loop that made it, except `send`."""

    def __init__(self, facts: Facts, steps: Steps, watch: Watch, guard: OutputGuard | None, clock: Clock) -> None:
        self.run_id = facts.run_id
        self.facts = facts
        self._steps, self._watch, self._guard, self._clock = steps, watch, guard, clock
        self._run: RunHandle | None = None
        self._said: dict[str, Any] | None = None
        self._stopped: str | None = None
        self._loop = asyncio.get_running_loop()
        self._decided: asyncio.Future[None] = self._loop.create_future()
        if steps.moderate is None and steps.annotate is None:
            self._run = steps.launch(None)
            self._decided.set_result(None)
        self._task = self._loop.create_task(self._turn(), name=f"turn {self.run_id}")

    # -- the handle --------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The events of the run, or the one that says what was answered without a run."""
        await asyncio.shield(self._decided)
        if self._run is not None:
            async for event in self._run.events():
                yield event
        elif self._said is not None:
            yield self._said

    def send(self, command: Mapping[str, Any]) -> None:
        """Give the run a command; stopping also counts while the turn is still looking at what was said."""
        run = self._run
        if run is not None:
            run.send(command)
        elif command.get("command") == "abort":
            self._loop.call_soon_threadsafe(self._stop, str(command.get("reason") or ""))

    async def result(self) -> dict[str, Any]:
        """The summary with the message of the turn."""
        return await asyncio.shield(self._task)

    # -- the turn ----------------------------------------------------------------------------------------------------

    def _stop(self, reason: str) -> None:
        self._stopped = reason or "Stopped by the user"
        if self._run is not None:
            self._run.send({"command": "abort", "reason": self._stopped})

    async def _turn(self) -> dict[str, Any]:
        summary = await self._answered() if self._run is None else None
        if summary is None:
            assert self._run is not None
            try:
                summary = dict(await self._run.result())
            finally:
                if self._guard is not None:
                    self._guard.close()
        message = self._message(summary)
        if self._steps.keep is not None:
            await self._steps.keep(message)
        return {**summary, "message": message}

    async def _answered(self) -> dict[str, Any] | None:
        """The summary of a turn that needs no run; None when the run was started."""
        try:
            flagged = await self._steps.moderate() if self._steps.moderate is not None else None
            if flagged is not None and not flagged.overrides:
                return self._without_run(flagged.answer, "input_moderation")
            hit = await self._steps.annotate() if self._steps.annotate is not None else None
            if hit is not None:
                return self._without_run(hit.answer, "annotation", annotation_id=hit.id, score=hit.score)
            if self._stopped is not None:
                return self._ended("stopped", f"Aborted: {self._stopped}")
            self._run = self._steps.launch(flagged)
        except PenstockError as problem:
            return self._ended("failed", problem.message)
        finally:
            self._decided.set_result(None)
        return None

    def _without_run(self, answer: str, reason: str, **more: Any) -> dict[str, Any]:
        at = iso(self._clock.now()).replace(" ", "T")
        self._said = {"seq": 1, "event": "MessageAnswered", "at": at, "run_id": "", "answer": answer, "reason": reason}
        self._said |= more
        return {**self._ended("succeeded", ""), "outputs": {"answer": answer}, "stream_text": answer}

    def _ended(self, status: str, error: str) -> dict[str, Any]:
        return {
            "event": "Summary",
            "run_id": "",
            "status": status,
            "outputs": {},
            "error": error,
            "error_node_id": "",
            "elapsed_time": 0.0,
            "total_tokens": 0,
            "total_steps": 0,
            "total_price": "0",
            "currency": "USD",
            "exceptions_count": 0,
            "stream_text": "",
            "conversation_variables": {},
        }

    def _message(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """The message of the turn: what was answered, and its metadata."""
        outputs = summary.get("outputs")
        answer = outputs.get("answer") if isinstance(outputs, Mapping) else None
        replaced = summary.get("answer_replaced")
        metadata: dict[str, Any] = {
            "usage": {key: summary.get(key) for key in ("total_tokens", "total_price", "currency")},
        }
        if self.facts.citations:
            metadata["retriever_resources"] = merged(self._watch.resources)
        if self._said is not None and self._said["reason"] == "annotation":
            metadata["annotation_reply"] = {"id": self._said["annotation_id"], "score": self._said["score"]}
        by = self._said["reason"] if self._said is not None else "output_moderation" if replaced else ""
        if by:
            metadata["answered_by"] = by
        if self.facts.files:
            metadata["files"] = self.facts.files
        if self.facts.parent_id is not None:
            metadata["parent_message_id"] = self.facts.parent_id
        failed = bool(summary.get("error")) and not replaced
        status = "paused" if summary.get("status") == "paused" else "error" if failed else "normal"
        return {
            "id": self.facts.message_id,
            "conversation_id": self.facts.conversation_id,
            "workflow_run_id": summary.get("run_id") or None,
            "query": self.facts.query,
            "answer": str(answer if answer not in (None, "") else summary.get("stream_text") or ""),
            "status": status,
            "error": str(summary.get("error") or "") if failed else "",
            "metadata": metadata,
        }
