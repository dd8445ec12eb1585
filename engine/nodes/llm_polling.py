"""Models that answer later: a call is started, then asked about until it is done (nodes-ai spec 5.12)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from engine.clock import iso
from engine.nodes.base import NodeContext
from engine.nodes.llm_call import Answer
from engine.nodes.llm_config import AiProblem
from engine.ports.models import ChatRequest, ModelRef

SHORTEST, LONGEST = 1.0, 30.0
MAX_SECONDS = 7200.0
MAX_CHECKS = 240
GLANCE = 1.0
"""Seconds between two looks at whether the run is being stopped."""


@dataclass(frozen=True)
class PollState:
    """Where a started call stands. `state` is the provider's own and goes back to it with the next check.

    `status`: running, succeeded or failed. `interval`, `max_seconds`, `max_checks`: what the provider wishes.
    """

    status: str
    state: Mapping[str, Any] | None = None
    answer: Answer | None = None
    error: str = ""
    interval: float | None = None
    max_seconds: float | None = None
    max_checks: int | None = None


class Poller(Protocol):
    """A model that is polled; a `ChatModel` may offer one with a method `poller(ref)`."""

    async def start(self, request: ChatRequest) -> PollState: ...

    async def check(self, request: ChatRequest, state: Mapping[str, Any]) -> PollState: ...


def poller_of(models: object, ref: ModelRef) -> Poller | None:
    """The poller of a model, or None for the usual ones that stream."""
    offer = getattr(models, "poller", None)
    found: Poller | None = offer(ref) if offer is not None else None
    return found


async def poll(poller: Poller, request: ChatRequest, ctx: NodeContext) -> Answer:
    """Start and check until there is an answer. Raises AiProblem `LLMNodeError`."""
    began = time.monotonic()
    found = await poller.start(request)
    seconds = min(found.max_seconds or MAX_SECONDS, MAX_SECONDS)
    checks = max(1, min(found.max_checks or MAX_CHECKS, MAX_CHECKS))
    attempt = 0
    while found.status == "running":
        if found.state is None:
            raise _problem("LLM polling is running without plugin_state")
        if attempt >= checks:
            raise _problem("LLM polling exceeded max attempts")
        pause = min(max(found.interval or SHORTEST, SHORTEST), LONGEST)
        left = began + seconds - time.monotonic()
        if left <= 0:
            raise _problem("LLM polling timed out")
        await _wait(min(pause, left), ctx)
        if time.monotonic() - began >= seconds:
            raise _problem("LLM polling timed out")
        attempt += 1
        before = found
        found = await poller.check(request, before.state or {})
        now = ctx.clock.now()
        due = None
        if found.status == "running" and time.monotonic() + pause < began + seconds:
            due = iso(now + timedelta(seconds=pause))
        fields = {"attempt": attempt, "last_checked_at": iso(now), "next_check_at": due}
        ctx.emit("NodeRunModelPollingProgress", fields)
    if found.status == "failed":
        raise _problem(found.error or "LLM polling failed without an error")
    if found.answer is None:
        raise _problem("LLM polling succeeded without a result")
    return found.answer


async def _wait(seconds: float, ctx: NodeContext) -> None:
    until = time.monotonic() + seconds
    while True:
        if ctx.is_cancelled():
            raise _problem("workflow execution was aborted")
        left = until - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(GLANCE, left))


def _problem(text: str) -> AiProblem:
    return AiProblem("LLMNodeError", text)
