"""Chat turns with the features of their app, and what is asked after an answer. The door of editor and command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.clock import Clock, IdSource
from engine.errors import EnvironmentProblem
from engine.model.features import effective
from engine.services.chat.annotations import AnnotationHit, AnnotationService
from engine.services.chat.followups import suggest
from engine.services.chat.moderation import (
    ApiModerator,
    Flagged,
    KeywordModerator,
    ModerationSettings,
    ModerationUnavailable,
    Moderator,
    OpenAIModerator,
    OutputGuard,
)
from engine.services.chat.turn import ChatTurn, Facts, Steps, Watch
from engine.services.memory import StoredMemory

if TYPE_CHECKING:
    from engine.ports.bundle import Ports
    from engine.run.request import Recorder, RunHandle, RunRequest
    from engine.services.models import ModelService
    from engine.services.runs import StartRun
    from engine.services.settings import SecretsService, SettingsService
    from engine.store.debug import DebugStore

EXTENSIONS_KEY = "api_extensions"
KEEP_TRIES, KEEP_PAUSE = 10, 0.5
"""How often a message is written again when the file is locked, each after five seconds of waiting, and the pause."""
Launch = Callable[["RunRequest", "Recorder | None", "OutputGuard | None"], "RunHandle"]


class ChatService:
    """Begins chat turns on the running loop; follow-up questions and history for whoever shows them."""

    def __init__(
        self,
        debug: Callable[[], DebugStore],
        ports: Callable[[], Ports],
        models: Callable[[], ModelService],
        settings: Callable[[], SettingsService],
        secrets: Callable[[], SecretsService],
        annotations: AnnotationService,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._debug, self._ports, self._models = debug, ports, models
        self._settings, self._secrets = settings, secrets
        self.annotations = annotations
        self._clock, self._ids = clock, ids

    # -- a turn ------------------------------------------------------------------------------------------------------

    def begin(self, start: StartRun, request: RunRequest, recorder: Recorder | None, launch: Launch) -> ChatTurn:
        """Begin the turn of a checked request. Raises PenstockError when it cannot start.

        A run that is repeated or resumed was let in before: only its answer is moderated.
        """
        features = effective(start.workflow.features)
        moderator = self.moderator(features, start.app_id)
        settings = ModerationSettings.read(features)
        guard = OutputGuard(moderator) if moderator is not None and settings is not None and settings.outputs else None
        fresh = start.from_run is None and request.snapshot is None
        watch = Watch(recorder)
        facts = Facts(
            run_id=request.run_id,
            message_id=start.message_id or self._ids.uuid(),
            conversation_id=start.conversation_id,
            query=start.query,
            citations=bool(features["retriever_resource"]["enabled"]),
            files=list(start.files),
            parent_id=start.parent_message_id,
        )
        kept = start.record and bool(start.app_id)

        async def moderate() -> Flagged | None:
            assert moderator is not None
            return await moderator.of_input(start.inputs, start.query)

        async def annotate() -> AnnotationHit | None:
            hit = await self.annotations.match(start.app_id, start.query, self._ports())
            if hit is not None:
                await self.annotations.record(
                    start.app_id,
                    hit,
                    query=start.query,
                    conversation_id=facts.conversation_id,
                    message_id=facts.message_id,
                )
            return hit

        def run(changed: Flagged | None) -> RunHandle:
            if changed is not None and changed.overrides:
                request.inputs = dict(changed.inputs) if changed.inputs is not None else request.inputs
                request.query = changed.query if changed.query is not None else request.query
            memory = self._ports().extras.get("memory")
            if isinstance(memory, StoredMemory):
                memory.follow(start.conversation_id, start.parent_message_id)
            return launch(request, watch, guard)

        async def keep(message: Mapping[str, Any]) -> None:
            row = {k: v for k, v in message.items() if k != "conversation_id"}
            for last in (False,) * KEEP_TRIES + (True,):
                try:
                    await asyncio.to_thread(self._debug().add_message, start.app_id, start.conversation_id, row)
                except EnvironmentProblem as problem:
                    # The other process may keep the file for longer than SQLite waits; the answer is made and paid.
                    if last or problem.code != "store.locked":
                        raise
                    await asyncio.sleep(KEEP_PAUSE)
                else:
                    return

        steps = Steps(
            moderate if fresh and moderator is not None and settings is not None and settings.inputs else None,
            annotate if fresh and kept and self.annotations.settings(start.app_id).enabled else None,
            run,
            keep if kept else None,
        )
        return ChatTurn(facts, steps, watch, guard, self._clock)

    def moderator(self, features: Mapping[str, Any], app_id: str) -> Moderator | None:
        """Who moderates a chat app, or None. Raises ModerationUnavailable for a kind that is not set up here."""
        settings = ModerationSettings.read(features)
        if settings is None or not (settings.inputs or settings.outputs):
            return None
        if settings.kind == "keywords":
            return KeywordModerator(settings)
        if settings.kind == "openai_moderation":
            found = next((p for p in self._models().setup().providers if p.kind == "openai" and p.api_key), None)
            if found is None:
                raise ModerationUnavailable(
                    "This app moderates its content with OpenAI, and there is no OpenAI provider with a key here.",
                    hint="Add the provider in the settings under Models, or choose keywords in the features.",
                )
            return OpenAIModerator(settings, found.base_url.rstrip("/"), found.api_key, self._ports())
        if settings.kind == "api":
            extension = (self._settings().get(EXTENSIONS_KEY, {}) or {}).get(settings.extension_id)
            if not isinstance(extension, Mapping) or not extension.get("endpoint"):
                raise ModerationUnavailable(
                    "This app moderates its content with an API extension that is not set up here.",
                    hint="Set its address in the app's features, or choose keywords there.",
                )
            key = self._secrets().get(_extension_secret(settings.extension_id)) or ""
            return ApiModerator(settings, str(extension["endpoint"]), key, self._ports(), app_id)
        raise ModerationUnavailable(f"There is no content moderation of the kind {settings.kind!r}.")

    def extension(self, extension_id: str) -> str:
        """The address of an API extension, or an empty text."""
        return str(((self._settings().get(EXTENSIONS_KEY, {}) or {}).get(extension_id) or {}).get("endpoint") or "")

    def set_extension(self, extension_id: str, endpoint: str, api_key: str | None = None) -> None:
        """Say where an API extension answers; a key of None stays as it is."""
        known = dict(self._settings().get(EXTENSIONS_KEY, {}) or {})
        known[extension_id] = {"endpoint": endpoint}
        self._settings().set(EXTENSIONS_KEY, known)
        if api_key is not None:
            self._secrets().set(_extension_secret(extension_id), api_key)

    # -- after an answer ---------------------------------------------------------------------------------------------

    async def suggested_questions(
        self, features: Mapping[str, Any], conversation_id: str, turns: Sequence[tuple[str, str]] = ()
    ) -> list[str]:
        """What the reader may want to ask next; `turns` are those of a conversation that is not kept."""
        settings = effective(features)["suggested_questions_after_answer"]
        models = self._ports().models
        if not settings["enabled"] or models is None:
            return []
        found = list(turns)
        if not found:
            rows = await asyncio.to_thread(self._debug().history, conversation_id, 3)
            found = [(row["query"], row["answer"]) for row in rows if row["answer"]]
        return await suggest(settings, found, models, self._models().default())


def _extension_secret(extension_id: str) -> str:
    return f"extensions/{extension_id}/api_key"
