"""Word and PowerPoint files of the XML kind."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any


def word_text(content: bytes) -> str:
    """Paragraphs and tables of the body in order; tables as Markdown, blank ones left out."""
    import docx
    from docx.table import Table

    document = docx.Document(io.BytesIO(with_forward_slashes(content)))
    parts = []
    for block in document.iter_inner_content():
        if not isinstance(block, Table):
            parts.append(block.text)
        elif text := _word_table(block):
            parts.append(text)
    return "\n".join(parts)


def _word_table(found: Any) -> str:
    try:
        rows = [[cell.text.replace("\n", "<br>") for cell in row.cells] for row in found.rows]
    except (IndexError, ValueError, KeyError, AttributeError):
        return ""  # a broken table costs only itself
    if not any(cell.replace("<br>", "").strip() for row in rows for cell in row):
        return ""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def with_forward_slashes(content: bytes) -> bytes:
    """The same package with names as the format wants them: some programs write Windows separators."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if not any("\\" in entry.orig_filename for entry in packed.infolist()):
            return content
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as fixed:
            for entry in packed.infolist():
                fixed.writestr(entry.orig_filename.replace("\\", "/"), packed.read(entry))
    return target.getvalue()


def slides_text(content: bytes) -> str:
    """The text of every slide's shapes, groups and tables, a line each."""
    import pptx

    slides = pptx.Presentation(io.BytesIO(content)).slides
    return "\n".join(text for slide in slides for text in _shape_texts(slide.shapes))


def _shape_texts(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shape_texts(shape.shapes)
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                line = " ".join(cell.text.strip() for cell in row.cells if cell.text.strip())
                if line:
                    yield line
        elif getattr(shape, "has_text_frame", False):
            for paragraph in shape.text_frame.paragraphs:
                text = "".join(run.text for run in paragraph.runs).strip()
                if text:
                    yield text
