"""Questions that a reader may want to ask next (nodes-ai spec 15): made by a model, none when it cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.logs import get_logger
from engine.ports.models import ChatModel, ChatRequest, Message, ModelError, ModelRef

log = get_logger(__name__)
EXCHANGES: Final = 3
MOST_TOKENS: Final = 3000
MOST_PROMPT: Final = 1000
MOST_QUESTIONS: Final = 10
DEFAULT_PARAMETERS: Final[Mapping[str, Any]] = {"max_tokens": 2560, "temperature": 0}
DEFAULT_PROMPT: Final = (
    "Predict the three questions that the human is most likely to ask next. Keep each one short, under 20 words, and "
    "write them in the language of the assistant's latest answer."
)
FORM: Final = 'Answer with a JSON array of texts and nothing else: ["question 1", "question 2", "question 3"]'
_THOUGHT: Final = re.compile(r"<think>.*?</think>", re.DOTALL)


async def suggest(
    settings: Mapping[str, Any],
    turns: Sequence[tuple[str, str]],
    models: ChatModel,
    default: ModelRef | None,
) -> list[str]:
    """Follow-up questions for a conversation (question and answer of each turn, oldest first); empty for any trouble.

    `settings` is the feature block with its own `prompt` and `model`, if any.
    """
    model = settings.get("model")
    ref, parameters = default, dict(DEFAULT_PARAMETERS)
    if isinstance(model, Mapping) and model.get("provider") and model.get("name"):
        ref = ModelRef(str(model["provider"]), str(model["name"]), str(model.get("mode") or "chat"))
        parameters = dict(model.get("completion_params") or parameters)
    if ref is None or not turns:
        return []
    prompt = str(settings.get("prompt") or "").strip()[:MOST_PROMPT] or DEFAULT_PROMPT
    try:
        history = _history(turns, models, ref)
        messages = [Message("user", f"{history}\n\n{prompt}\n{FORM}")]
        request = ChatRequest(ref, messages, parameters, stream=False)
        text = "".join([delta.text async for delta in models.stream(request)])
    except ModelError as problem:
        log.info("no follow-up questions: %s", problem.error_type)
        return []
    return parse(text)


def _history(turns: Sequence[tuple[str, str]], models: ChatModel, ref: ModelRef) -> str:
    """The last exchanges as lines, the oldest left out while they are too long."""
    kept = list(turns[-EXCHANGES:])
    while True:
        text = "\n".join(f"Human: {query}\nAssistant: {answer}" for query, answer in kept)
        if len(kept) == 1 or models.count_tokens(ref, [Message("user", text)]) <= MOST_TOKENS:
            return text
        kept.pop(0)


def parse(text: str) -> list[str]:
    """The questions of a model's answer; an answer without a JSON array of texts has none."""
    text = _THOUGHT.sub("", text)
    first, last = text.find("["), text.rfind("]")
    if first < 0 or last < first:
        return []
    try:
        found = json.loads(text[first : last + 1])
    except ValueError:
        return []
    if not isinstance(found, list):
        return []
    return [q.strip() for q in found if isinstance(q, str) and q.strip()][:MOST_QUESTIONS]
