"""Texts and pictures as base64 and back."""

from __future__ import annotations

import base64
import binascii
import re

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    made_file,
    said,
)
from engine.adapters.tools.files import given_file, read
from engine.nodes.llm_files import described


async def encode_text(call: ToolCall) -> str:
    """A text as base64."""
    return base64.b64encode(str(call.values.get("input_text") or "").encode()).decode()


async def decode_text(call: ToolCall) -> str:
    """The text of base64."""
    return _decoded(call.needed("input_text")).decode("utf-8", "replace")


async def encode_image(call: ToolCall) -> Answer:
    """A picture as a data address."""
    file = given_file(call, "input_image")
    _, _, mime = described(file)
    return [said(f"data:{mime or 'image/png'};base64,{base64.b64encode(await read(call, file)).decode()}")]


async def decode_image(call: ToolCall) -> Answer:
    """The picture of a data address."""
    text = call.needed("input_text")
    head = re.match(r"data:([\w.+-]+/[\w.+-]+);base64,", text)
    mime = head.group(1) if head else "image/png"
    extension = {"image/jpeg": "jpg", "image/svg+xml": "svg"}.get(mime, mime.rpartition("/")[2])
    return [made_file(_decoded(text[head.end() :] if head else text), f"image.{extension}", mime)]


def _decoded(text: str) -> bytes:
    try:
        text = re.sub(r"\s", "", text)
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error) as problem:
        raise ToolFailed(f"The text is not base64: {problem}") from problem


_TEXT = asked("input_text", "Text", required=True)
PROVIDER = BuiltinProvider(
    "base64_codec",
    "Base64",
    "Texts and pictures as base64 and back.",
    "shuffle",
    (
        BuiltinTool("base64_text_encoder", "Encode a text", "A tool for encoding a text as base64.", encode_text,
                    (_TEXT,)),
        BuiltinTool("base64_text_decoder", "Decode a text", "A tool for decoding base64 to a text.", decode_text,
                    (_TEXT,)),
        BuiltinTool("base64_image_encoder", "Encode a picture", "A tool for encoding an image as base64.",
                    encode_image, (asked("input_image", "Picture", kind="file", required=True),)),
        BuiltinTool("base64_image_decoder", "Decode a picture", "A tool for decoding base64 to an image.",
                    decode_image, (_TEXT,)),
    ),
)  # fmt: skip
