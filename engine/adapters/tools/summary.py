"""Summaries by the workspace's default model, for the tools that offer them."""

from __future__ import annotations

from engine.adapters.tools.declare import ToolFailed, said
from engine.ports.bundle import Ports
from engine.ports.models import ChatRequest, Message, ModelError, ModelRef, Usage
from engine.ports.outside import ToolMessage

PIECE = 12_000
MOST_PIECES = 8
INSTRUCTION = (
    "Summarize the text that the user gives. Keep facts, names and numbers. Answer with the summary alone, in the "
    "language of the text."
)


async def summarize(ports: Ports, text: str) -> list[ToolMessage]:
    """A summary of a text and what it cost; long texts go in pieces, whose summaries are summarized again.

    Raises ToolFailed.
    """
    if not text.strip():
        return [said(text)]
    choose = ports.extras.get("default_model")
    ref = choose() if choose is not None else None
    if ports.models is None or ref is None:
        raise ToolFailed("A summary needs a default model; choose one in the settings under Models.")
    usage = Usage()
    found: list[str] = []
    for at in range(0, min(len(text), PIECE * MOST_PIECES), PIECE):
        words, spent = await _ask(ports, ref, text[at : at + PIECE])
        found.append(words)
        usage = usage.plus(spent)
    if len(found) > 1:
        words, spent = await _ask(ports, ref, "\n\n".join(found))
        found, usage = [words], usage.plus(spent)
    return [ToolMessage("usage", usage), said(found[0])]


async def _ask(ports: Ports, ref: ModelRef, text: str) -> tuple[str, Usage]:
    assert ports.models is not None
    request = ChatRequest(ref, [Message("system", INSTRUCTION), Message("user", text)], {"temperature": 0})
    words: list[str] = []
    usage = Usage()
    try:
        async for delta in ports.models.stream(request):
            words.append(delta.text)
            usage = delta.usage or usage
    except ModelError as problem:
        raise ToolFailed(f"The summary failed: {problem}") from problem
    return "".join(words).strip(), usage
