"""Content moderation of what is said and answered (nodes-ai spec 15): keywords here, other kinds through a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from engine.errors import UserError
from engine.ports.bundle import Ports
from engine.ports.outside import HttpRequest, PortError

CHECK_AFTER: Final = 300
"""New characters of an answer after which it is looked at again."""
MOST_KEYWORDS: Final = 100
SECONDS: Final = 30.0
DEFAULT_WORDS: Final = "Your content violates our usage policy. Please revise and try again."


class ModerationUnavailable(UserError):
    """A kind of moderation that is switched on and cannot be carried out here; the turn does not go on unmoderated."""

    default_code = "moderation.unavailable"


@dataclass(frozen=True)
class Flagged:
    """What a moderator says of a text that may not pass: the preset `answer`, or texts that take its place."""

    answer: str = ""
    inputs: Mapping[str, Any] | None = None
    query: str | None = None
    text: str | None = None

    @property
    def overrides(self) -> bool:
        """Does the turn go on, with other texts?"""
        return self.inputs is not None or self.query is not None or self.text is not None


class Moderator(Protocol):
    """One kind of moderation with its settings."""

    async def of_input(self, inputs: Mapping[str, Any], query: str) -> Flagged | None: ...

    async def of_output(self, text: str) -> Flagged | None: ...


@dataclass(frozen=True)
class ModerationSettings:
    """`sensitive_word_avoidance` as it is to be understood; the older shape with `configs` means switched off."""

    kind: str
    keywords: tuple[str, ...]
    extension_id: str
    inputs: bool
    inputs_answer: str
    outputs: bool
    outputs_answer: str

    @classmethod
    def read(cls, features: Mapping[str, Any]) -> ModerationSettings | None:
        """The settings of an app, or None when nothing is moderated."""
        block = features.get("sensitive_word_avoidance")
        if not isinstance(block, Mapping) or not block.get("enabled") or not block.get("type"):
            return None
        config = block.get("config")
        config = config if isinstance(config, Mapping) else {}
        sides = []
        for name in ("inputs_config", "outputs_config"):
            side = config.get(name)
            side = side if isinstance(side, Mapping) else {}
            sides.append((bool(side.get("enabled")), str(side.get("preset_response") or DEFAULT_WORDS)))
        words = [w.strip().lower() for w in str(config.get("keywords") or "").split("\n")]
        return cls(
            str(block["type"]),
            tuple(w for w in words if w)[:MOST_KEYWORDS],
            str(config.get("api_based_extension_id") or ""),
            *sides[0],
            *sides[1],
        )


class KeywordModerator:
    """Flags texts that contain one of the words; case does not count."""

    def __init__(self, settings: ModerationSettings) -> None:
        self._settings = settings

    def has_word(self, value: Any) -> bool:
        """Does a value contain one of the words?"""
        text = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)).lower()
        return any(word in text for word in self._settings.keywords)

    def answer_for(self, text: str) -> str | None:
        """The preset answer for a text that contains one of the words."""
        return self._settings.outputs_answer if self.has_word(text) else None

    async def of_input(self, inputs: Mapping[str, Any], query: str) -> Flagged | None:
        found = any(self.has_word(value) for value in (*inputs.values(), query))
        return Flagged(self._settings.inputs_answer) if found else None

    async def of_output(self, text: str) -> Flagged | None:
        answer = self.answer_for(text)
        return Flagged(answer) if answer is not None else None


class OpenAIModerator:
    """Asks the moderation endpoint of the workspace's OpenAI provider."""

    def __init__(self, settings: ModerationSettings, base_url: str, api_key: str, ports: Ports) -> None:
        self._settings, self._url, self._key, self._ports = settings, f"{base_url}/moderations", api_key, ports

    async def of_input(self, inputs: Mapping[str, Any], query: str) -> Flagged | None:
        text = "\n".join(str(v) for v in (*inputs.values(), query) if v not in (None, ""))
        return Flagged(self._settings.inputs_answer) if await self._flagged(text) else None

    async def of_output(self, text: str) -> Flagged | None:
        return Flagged(self._settings.outputs_answer) if await self._flagged(text) else None

    async def _flagged(self, text: str) -> bool:
        if not text.strip():
            return False
        body = {"model": "omni-moderation-latest", "input": text}
        answer = await _post(self._ports, self._url, self._key, body)
        results = answer.get("results")
        return any(isinstance(r, Mapping) and r.get("flagged") for r in results) if isinstance(results, list) else False


class ApiModerator:
    """Asks a server of the person's own by the protocol of API extensions."""

    def __init__(self, settings: ModerationSettings, url: str, api_key: str, ports: Ports, app_id: str) -> None:
        self._settings, self._url, self._key, self._ports, self._app = settings, url, api_key, ports, app_id

    async def of_input(self, inputs: Mapping[str, Any], query: str) -> Flagged | None:
        given = {"app_id": self._app, "inputs": dict(inputs), "query": query}
        answer = await self._ask("app.moderation.input", given)
        if not answer.get("flagged"):
            return None
        if answer.get("action") == "overridden":
            changed = answer.get("inputs")
            return Flagged(
                inputs=dict(changed) if isinstance(changed, Mapping) else dict(inputs),
                query=str(answer.get("query", query)),
            )
        return Flagged(str(answer.get("preset_response") or self._settings.inputs_answer))

    async def of_output(self, text: str) -> Flagged | None:
        answer = await self._ask("app.moderation.output", {"app_id": self._app, "text": text})
        if not answer.get("flagged"):
            return None
        if answer.get("action") == "overridden":
            return Flagged(text=str(answer.get("text") or ""))
        return Flagged(str(answer.get("preset_response") or self._settings.outputs_answer))

    async def _ask(self, point: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return await _post(self._ports, self._url, self._key, {"point": point, "params": params})


async def _post(ports: Ports, url: str, key: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """One JSON exchange. Raises ModerationUnavailable."""
    if ports.http is None:
        raise ModerationUnavailable("Content moderation needs the network, which is not available here.")
    request = HttpRequest(
        "POST",
        url,
        headers=(("Content-Type", "application/json"), ("Authorization", f"Bearer {key}")),
        content=json.dumps(body, ensure_ascii=False).encode(),
        connect_timeout=10.0,
        read_timeout=SECONDS,
        max_bytes=1_000_000,
    )
    try:
        response = await ports.http.send(request)
        answer = json.loads(response.content) if response.status < 400 else None
    except (PortError, ValueError) as problem:
        raise ModerationUnavailable(f"Content moderation could not be asked: {problem}") from problem
    if not isinstance(answer, Mapping):
        raise ModerationUnavailable(f"Content moderation answered with the status {response.status}.")
    return answer


class OutputGuard:
    """The `AnswerGuard` of a run. Keywords are looked for at once; a server is asked beside the run."""

    def __init__(self, moderator: Moderator) -> None:
        self._moderator = moderator
        self._text, self._checked = "", 0
        self._asked: asyncio.Task[Flagged | None] | None = None

    def said(self, text: str) -> str | None:
        """The text that replaces the answer, as soon as 300 new characters hold something."""
        self._text += text
        if self._asked is not None and self._asked.done():
            asked, self._asked = self._asked, None
            # A server that cannot be asked is said at the end, when the whole answer is looked at.
            flagged = None if asked.cancelled() or asked.exception() else asked.result()
            if flagged is not None:
                return _replacement(flagged)
        if len(self._text) - self._checked < CHECK_AFTER or self._asked is not None:
            return None
        self._checked = len(self._text)
        if isinstance(self._moderator, KeywordModerator):
            return self._moderator.answer_for(self._text)
        self._asked = asyncio.get_running_loop().create_task(self._moderator.of_output(self._text))
        return None

    def close(self) -> None:
        """The run is over: nobody waits for an answer any more."""
        if self._asked is not None:
            self._asked.add_done_callback(lambda task: None if task.cancelled() else task.exception())
            self._asked.cancel()
            self._asked = None

    async def whole(self, answer: str) -> str | None:
        """The text that replaces the finished answer. Raises ModerationUnavailable."""
        self.close()
        flagged = await self._moderator.of_output(answer or self._text)
        return _replacement(flagged) if flagged is not None else None


def _replacement(flagged: Flagged) -> str:
    return flagged.text if flagged.text is not None else flagged.answer
