"""Markdown as slides: each heading of the first two levels, and each line across, begins one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_LINES = 14


@dataclass
class Slide:
    """A title, lines with their depth, and tables."""

    title: str = ""
    lines: list[tuple[int, str]] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.title or self.lines or self.tables)


def slides_of(tokens: Sequence[Any]) -> list[Slide]:
    """What goes on which slide."""
    slides = [Slide()]
    depth, heading, in_table = 0, 0, False
    for token in tokens:
        kind, now = token.type, slides[-1]
        if kind.endswith("_list_open"):
            depth += 1
        elif kind.endswith("_list_close"):
            depth -= 1
        elif kind == "hr":
            slides.append(Slide())
        elif kind == "heading_open":
            heading = int(token.tag[1])
        elif kind == "heading_close":
            heading = 0
        elif kind == "table_open":
            in_table = True
            now.tables.append([])
        elif kind == "table_close":
            in_table = False
        elif kind == "tr_open" and in_table:
            now.tables[-1].append([])
        elif kind in ("fence", "code_block"):
            now.lines += [(0, line) for line in token.content.rstrip("\n").split("\n")]
        elif kind == "inline":
            words = "".join(" " if t.type in ("softbreak", "hardbreak") else t.content for t in token.children or ())
            if in_table:
                now.tables[-1][-1].append(words)
            elif heading in (1, 2):
                if not now.empty:
                    slides.append(Slide())
                slides[-1].title = words
            else:
                now.lines.append((max(depth - 1, 0), words))
    return [part for slide in slides if not slide.empty for part in _fitting(slide)]


def _fitting(slide: Slide) -> list[Slide]:
    """A slide whose lines are too many goes on on others of the same title; a table has one of its own."""
    cuts = range(0, max(len(slide.lines), 1), MOST_LINES)
    parts = [Slide(slide.title, slide.lines[at : at + MOST_LINES]) for at in cuts]
    for table in slide.tables:
        if parts[-1].lines or parts[-1].tables:
            parts.append(Slide(slide.title))
        parts[-1].tables.append(table)
    return parts


def pptx_of(slides: Sequence[Slide], title: str) -> bytes:
    """The file; with a title a first slide that says it."""
    from pptx import Presentation

    deck = Presentation()
    if title:
        first = deck.slides.add_slide(deck.slide_layouts[0])
        first.shapes.title.text = title
        first.placeholders[1].element.getparent().remove(first.placeholders[1].element)
    for slide in slides:
        _add(deck, slide)
    target = io.BytesIO()
    deck.save(target)
    return target.getvalue()


def _add(deck: Any, slide: Slide) -> None:
    from pptx.util import Inches, Pt

    made = deck.slides.add_slide(deck.slide_layouts[5 if slide.tables else 1])
    made.shapes.title.text = slide.title
    for rows in slide.tables:
        width = max((len(row) for row in rows), default=0)
        if width:
            shape = made.shapes.add_table(
                len(rows), width, Inches(0.5), Inches(1.6), Inches(9), Inches(0.4 * len(rows))
            )
            for y, row in enumerate(rows):
                for x, text in enumerate(row):
                    shape.table.cell(y, x).text = text
    if slide.tables:
        return
    frame = made.placeholders[1].text_frame
    for number, (depth, text) in enumerate(slide.lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.text, paragraph.level = text, min(depth, 8)
        if len(slide.lines) > 7:
            paragraph.font.size = Pt(18)
