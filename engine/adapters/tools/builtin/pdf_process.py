"""Pages of PDF files as pictures."""

from __future__ import annotations

import asyncio
import struct
import zlib
from pathlib import PurePosixPath

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    fixed,
    made_file,
    said,
)
from engine.adapters.tools.files import given_file, read

MOST_PAGES = 200
SCALE = 2.0
MOST_PIXELS = 40_000_000


async def pdf_to_png(call: ToolCall) -> Answer:
    """A picture of every page."""
    file = given_file(call, "pdf_content")
    most = min(max(call.integer("max_pages", MOST_PAGES), 1), MOST_PAGES)
    pictures = await asyncio.to_thread(page_pictures, await read(call, file), most)
    stem = PurePosixPath(file.filename or "page").stem
    made = [made_file(p, f"{stem}_{n}.png", "image/png") for n, p in enumerate(pictures, 1)]
    return [said(f"{len(made)} pages as pictures."), *made]


def page_pictures(content: bytes, most: int) -> list[bytes]:
    """PNG files of the first pages, `most` of them at most. Raises ToolFailed."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as problem:
        raise ToolFailed(f"The PDF cannot be read: {problem}") from problem
    try:
        found = []
        for index in range(min(len(document), most)):
            page = document[index]
            width, height = page.get_size()
            scale = min(SCALE, (MOST_PIXELS / max(width * height, 1)) ** 0.5)
            bitmap = page.render(scale=scale, rev_byteorder=True, force_bitmap_format=pypdfium2.raw.FPDFBitmap_BGR)
            found.append(_png(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride))
            bitmap.close()
            page.close()
        return found
    finally:
        document.close()


def _png(pixels: bytes, width: int, height: int, stride: int) -> bytes:
    rows = b"".join(b"\x00" + pixels[y * stride : y * stride + width * 3] for y in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


PROVIDER = BuiltinProvider(
    "pdf_process",
    "PDF",
    "Turns pages of PDF files into pictures.",
    "file-text",
    (
        BuiltinTool(
            "pdf_to_png",
            "Pages as pictures",
            "A tool for turning the pages of a PDF into PNG images.",
            pdf_to_png,
            (
                asked("pdf_content", "PDF file", kind="file", required=True),
                fixed("max_pages", "Most pages", kind="number", default=MOST_PAGES),
            ),
        ),
    ),
)
