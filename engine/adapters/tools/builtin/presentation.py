"""Markdown as slides, under the name of the provider that files use."""

from __future__ import annotations

import asyncio
import re

from engine.adapters.tools.builtin.md_exporter import POWERPOINT, slides
from engine.adapters.tools.declare import Answer, BuiltinProvider, BuiltinTool, ToolCall, asked, made_file, said


async def markdown_to_pptx_converter(call: ToolCall) -> Answer:
    """A PowerPoint file; with a title a first slide that says it."""
    title = " ".join(call.text("title").split())[:200]
    content = await asyncio.to_thread(slides, call.needed("markdown_content"), title)
    stem = re.sub(r"[\\\\/:*?\"<>|\x00-\x1f]", "_", title)[:80] or "presentation"
    return [said("The slides were written."), made_file(content, f"{stem}.pptx", POWERPOINT)]


PROVIDER = BuiltinProvider(
    "ppt",
    "Slides",
    "Writes Markdown as slides.",
    "export",
    (
        BuiltinTool(
            "markdown_to_pptx_converter",
            "Markdown to slides",
            "A tool for writing Markdown as slides.",
            markdown_to_pptx_converter,
            (
                asked("markdown_content", "Markdown", required=True),
                asked("title", "Title", "Said on a first slide"),
                asked("theme", "Theme", "Kept for other places; the slides are plain"),
            ),
        ),
    ),
)
