"""Markdown set on the pages of a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.adapters.tools.pdf import Sheets, Span

HEADINGS = (20.0, 16.0, 13.5, 12.0, 11.0, 11.0)
STEP = 18.0


def pdf_of(tokens: Sequence[Any], title: str) -> bytes:
    """The file of parsed Markdown (markdown-it tokens)."""
    sheets = Sheets()
    setter = _Setter(sheets)
    for token in tokens:
        setter.take(token)
    return sheets.content(title)


class _Setter:
    """Knows where in the text it is: which list, which quote, which table."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets
        self._lists: list[int | None] = []
        self._mark = ""
        self._quotes = 0
        self._heading = 0
        self._table: list[list[list[Span]]] | None = None

    @property
    def _indent(self) -> float:
        return STEP * (len(self._lists) + self._quotes)

    def take(self, token: Any) -> None:
        """One token after the other."""
        kind = token.type
        if kind in ("bullet_list_open", "ordered_list_open"):
            self._lists.append(None if kind.startswith("bullet") else int(token.attrGet("start") or 1))
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
            if not self._lists:
                self._sheets.gap(4)
        elif kind == "list_item_open":
            self._begin_item()
        elif kind in ("blockquote_open", "blockquote_close"):
            self._quotes += 1 if kind.endswith("open") else -1
        elif kind in ("heading_open", "heading_close"):
            self._heading = int(token.tag[1]) if kind.endswith("open") else 0
        elif kind == "hr":
            self._sheets.rule()
        elif kind in ("fence", "code_block"):
            self._sheets.code(token.content, indent=self._indent)
            self._sheets.gap(6)
        elif kind == "table_open":
            self._table = []
        elif kind == "tr_open" and self._table is not None:
            self._table.append([])
        elif kind == "table_close" and self._table is not None:
            self._sheets.table(self._table)
            self._sheets.gap(8)
            self._table = None
        elif kind == "inline":
            self._inline(token)

    def _begin_item(self) -> None:
        number = self._lists[-1] if self._lists else None
        self._mark = "•" if number is None else f"{number}."
        if number is not None:
            self._lists[-1] = number + 1

    def _inline(self, token: Any) -> None:
        if self._table is not None:
            head = len(self._table) == 1
            spans = [replace(s, size=9.5, bold=s.bold or head) for s in spans_of(token.children or (), 9.5)]
            if self._table:
                self._table[-1].append(spans)
            return
        if self._heading:
            size = HEADINGS[self._heading - 1]
            self._sheets.gap(size * 0.6)
            self._sheets.room(size * 4)
            self._sheets.text([replace(s, bold=True) for s in spans_of(token.children or (), size)])
            self._sheets.gap(size * 0.25)
            return
        spans = spans_of(token.children or (), 11.0)
        self._sheets.text(spans, indent=self._indent, mark=self._mark, bar=self._quotes > 0)
        self._mark = ""
        self._sheets.gap(2 if self._lists else 6)


def spans_of(tokens: Sequence[Any], size: float) -> list[Span]:
    """The looks of inline Markdown; pictures are their words."""
    found: list[Span] = []
    bold = italic = False
    for token in tokens:
        if token.type in ("strong_open", "strong_close"):
            bold = token.type == "strong_open"
        elif token.type in ("em_open", "em_close"):
            italic = token.type == "em_open"
        elif token.type in ("softbreak", "hardbreak"):
            found.append(Span(" " if token.type == "softbreak" else "\n", size))
        elif token.content:
            code = token.type == "code_inline"
            found.append(Span(token.content, size - code, bold, italic, code))
    return found
