"""Pictures by DALL·E, through the provider `openai` of the workspace or what it means there."""

from __future__ import annotations

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    fixed,
    made_file,
)
from engine.adapters.tools.models import connection
from engine.ports.models import ModelError
from engine.ports.outside import ToolMessage

MODEL = "openai#dall-e-3"
SIZES = {"square": "1024x1024", "vertical": "1024x1792", "horizontal": "1792x1024"}
_KINDS = ((b"\x89PNG", "png", "image/png"), (b"\xff\xd8", "jpg", "image/jpeg"), (b"RIFF", "webp", "image/webp"))


async def dalle3(call: ToolCall) -> Answer:
    """As many pictures as are asked for; the model makes one at a time."""
    from engine.adapters.models.media import pictures

    prompt = call.text("prompt")
    if not prompt:
        return "Please input prompt"
    size = call.text("size") or "square"
    if size not in SIZES:
        raise ToolFailed(f"{size!r} is none of {', '.join(SIZES)}.")
    more = {
        "n": 1,
        "size": SIZES[size],
        "quality": call.text("quality") or "standard",
        "style": call.text("style") or "vivid",
        "response_format": "b64_json",
    }
    provider, name = connection(call, call.text("model") or MODEL)
    found: list[bytes] = []
    try:
        for _ in range(min(max(call.integer("n", 1), 1), 10)):
            found += await pictures(provider, name, prompt, more)
    except ModelError as problem:
        raise ToolFailed(f"No picture was made: {problem}", hint=problem.hint) from problem
    return [_picture(content, number) for number, content in enumerate(found, 1)]


def _picture(content: bytes, number: int) -> ToolMessage:
    for head, extension, mime in _KINDS:
        if content.startswith(head):
            return made_file(content, f"picture_{number}.{extension}", mime)
    return made_file(content, f"picture_{number}.png", "image/png")


_TOOLS = (
    BuiltinTool(
        "dalle3",
        "DALL·E 3",
        "A tool for making pictures of a text.",
        dalle3,
        (
            asked("prompt", "Prompt", "What the picture shows", required=True),
            fixed("size", "Size", kind="select", required=True, default="square", options=tuple(SIZES)),
            fixed("n", "How many", kind="number", required=True, default=1),
            fixed("quality", "Quality", kind="select", required=True, default="standard", options=("standard", "hd")),
            fixed("style", "Style", kind="select", required=True, default="vivid", options=("vivid", "natural")),
            fixed("model", "Model", "As provider#model; openai#dall-e-3 when it is empty"),
        ),
    ),
)
DALLE = BuiltinProvider("dalle", "DALL·E", "Makes pictures through a model of the workspace.", "image", _TOOLS)
OPENAI = BuiltinProvider("openai", "OpenAI", "Makes pictures through a model of the workspace.", "image", _TOOLS)
