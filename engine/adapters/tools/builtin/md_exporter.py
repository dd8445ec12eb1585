"""Markdown as files: web page, tables, Word document, PDF, pictures, slides."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from html import escape
from typing import Any

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    made_file,
)

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
POWERPOINT = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _name(call: ToolCall, extension: str) -> str:
    stem = re.sub(r"[\\/:*?\"<>|\x00-\x1f]", "_", call.text("output_filename"))[:120] or "document"
    return f"{stem.removesuffix(f'.{extension}')}.{extension}"


def _tokens(text: str) -> list[Any]:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).parse(text)


async def md_to_html(call: ToolCall) -> Answer:
    """A page; HTML in the Markdown stays text."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(call.needed("md_text"))
    title = escape(call.text("output_filename") or "Document")
    head = f"<!doctype html>\n<html>\n<head><meta charset='utf-8'><title>{title}</title></head>\n"
    page = f"{head}<body>\n{body}</body>\n</html>\n"
    return [made_file(page.encode(), _name(call, "html"), "text/html")]


async def md_to_csv(call: ToolCall) -> Answer:
    """Each table as a file of its own."""
    tables = _needed_tables(call)
    found = []
    for number, rows in enumerate(tables, 1):
        target = io.StringIO(newline="")
        csv.writer(target).writerows(rows)
        name = _name(call, "csv")
        name = name if len(tables) == 1 else f"{name.removesuffix('.csv')}_{number}.csv"
        found.append(made_file(target.getvalue().encode("utf-8-sig"), name, "text/csv"))
    return found


def _needed_tables(call: ToolCall) -> list[list[list[str]]]:
    tables = _tables(call.needed("md_text"))
    if not tables:
        raise ToolFailed("The Markdown holds no table.")
    return tables


def _tables(text: str) -> list[list[list[str]]]:
    tables: list[list[list[str]]] = []
    for token in _tokens(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and tables and tables[-1] and token.level >= 3 and token.map is not None:
            tables[-1][-1].append("".join(t.content if t.type != "softbreak" else " " for t in token.children or ()))
    return tables


async def md_to_docx(call: ToolCall) -> Answer:
    """A Word document with headings, lists, tables and code."""
    content = await asyncio.to_thread(_document, call.needed("md_text"))
    return [made_file(content, _name(call, "docx"), WORD)]


def _document(text: str) -> bytes:
    from docx import Document

    document = Document()
    lists: list[str] = []
    paragraph: Any = None
    style: str | None = None
    table: list[list[str]] | None = None
    for token in _tokens(text):
        kind = token.type
        if kind == "table_open":
            table = []
        elif kind == "tr_open" and table is not None:
            table.append([])
        elif kind == "table_close" and table is not None:
            _add_table(document, table)
            table = None
        elif kind in ("bullet_list_open", "ordered_list_open"):
            lists.append("List Bullet" if kind.startswith("bullet") else "List Number")
        elif kind in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif kind == "blockquote_open":
            style = "Quote"
        elif kind == "blockquote_close":
            style = None
        elif kind == "heading_open":
            paragraph = document.add_heading(level=min(int(token.tag[1]), 9))
        elif kind == "paragraph_open" and table is None:
            paragraph = document.add_paragraph(style=lists[-1] if lists else style)
        elif kind in ("fence", "code_block"):
            document.add_paragraph(style="No Spacing").add_run(token.content.rstrip("\n")).font.name = "Courier New"
        elif kind == "inline" and table is not None:
            table[-1].append("".join(t.content for t in token.children or ()))
        elif kind == "inline":
            _add_runs(paragraph, token.children or [])
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def _add_table(document: Any, rows: list[list[str]]) -> None:
    width = max((len(row) for row in rows), default=0)
    if not width:
        return
    made = document.add_table(rows=len(rows), cols=width, style="Table Grid")
    for row, cells in zip(made.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=False):
            cell.text = text


def _add_runs(paragraph: Any, tokens: list[Any]) -> None:
    bold = italic = struck = False
    for token in tokens:
        if token.type in ("strong_open", "strong_close"):
            bold = token.type == "strong_open"
        elif token.type in ("em_open", "em_close"):
            italic = token.type == "em_open"
        elif token.type in ("s_open", "s_close"):
            struck = token.type == "s_open"
        elif token.type in ("softbreak", "hardbreak"):
            paragraph.add_run("\n" if token.type == "hardbreak" else " ")
        elif token.content:
            run = paragraph.add_run(token.content)
            run.bold, run.italic, run.font.strike = bold or None, italic or None, struck or None
            if token.type == "code_inline":
                run.font.name = "Courier New"


async def md_to_pdf(call: ToolCall) -> Answer:
    """A PDF of flowing text."""
    content = await asyncio.to_thread(_pdf, call.needed("md_text"), call.text("output_filename"))
    return [made_file(content, _name(call, "pdf"), "application/pdf")]


def _pdf(text: str, title: str) -> bytes:
    from engine.adapters.tools.markdown_pdf import pdf_of

    return pdf_of(_tokens(text), title)


async def md_to_png(call: ToolCall) -> Answer:
    """A picture of every page that the PDF would have."""
    from engine.adapters.tools.builtin.pdf_process import MOST_PAGES, page_pictures

    content = await asyncio.to_thread(_pdf, call.needed("md_text"), "")
    pictures = await asyncio.to_thread(page_pictures, content, MOST_PAGES)
    stem = _name(call, "png").removesuffix(".png")
    names = [f"{stem}.png"] if len(pictures) == 1 else [f"{stem}_{n}.png" for n in range(1, len(pictures) + 1)]
    return [made_file(picture, name, "image/png") for picture, name in zip(pictures, names, strict=True)]


async def md_to_pptx(call: ToolCall) -> Answer:
    """Slides: each heading of the first two levels begins one."""
    content = await asyncio.to_thread(slides, call.needed("md_text"), "")
    return [made_file(content, _name(call, "pptx"), POWERPOINT)]


def slides(text: str, title: str) -> bytes:
    """Markdown as a PowerPoint file."""
    from engine.adapters.tools.slides import pptx_of, slides_of

    return pptx_of(slides_of(_tokens(text)), title)


async def md_to_xlsx(call: ToolCall) -> Answer:
    """Each table as a sheet; numbers are numbers."""
    tables = _needed_tables(call)
    content = await asyncio.to_thread(_workbook, tables)
    return [made_file(content, _name(call, "xlsx"), EXCEL)]


def _workbook(tables: list[list[list[str]]]) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    # Texts that begin with = are texts here: a model's words must not become formulas on another's machine.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": True}
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True})
        for number, rows in enumerate(tables, 1):
            sheet = book.add_worksheet(f"Sheet{number}")
            for y, row in enumerate(rows):
                sheet.write_row(y, 0, row, bold if y == 0 else None)
            sheet.autofit()
    return target.getvalue()


async def md_to_json(call: ToolCall) -> Answer:
    """Each table as a list of objects by the names of its head."""
    found = []
    for number, rows in enumerate(tables := _needed_tables(call), 1):
        head = rows[0] if rows else []
        records = [dict(zip(head, row, strict=False)) for row in rows[1:]]
        name = _name(call, "json")
        name = name if len(tables) == 1 else f"{name.removesuffix('.json')}_{number}.json"
        text = json.dumps(records, ensure_ascii=False, indent=2)
        found.append(made_file(text.encode(), name, "application/json"))
    return found


async def md_to_md(call: ToolCall) -> Answer:
    """The Markdown itself as a file."""
    return [made_file(call.needed("md_text").encode(), _name(call, "md"), "text/markdown")]


_PARAMETERS = (asked("md_text", "Markdown", required=True), asked("output_filename", "File name"))
PROVIDER = BuiltinProvider(
    "md_exporter",
    "Markdown to files",
    "Writes Markdown as PDF, web page, table, picture, Word document or slides.",
    "export",
    (
        BuiltinTool(
            "md_to_html", "To web page", "A tool for writing Markdown as an HTML file.", md_to_html, _PARAMETERS
        ),
        BuiltinTool("md_to_csv", "To CSV", "A tool for writing the tables of Markdown as CSV.", md_to_csv, _PARAMETERS),
        BuiltinTool("md_to_docx", "To Word", "A tool for writing Markdown as a Word file.", md_to_docx, _PARAMETERS),
        BuiltinTool("md_to_pdf", "To PDF", "A tool for writing Markdown as a PDF.", md_to_pdf, _PARAMETERS),
        BuiltinTool("md_to_png", "To pictures", "A tool for writing Markdown as pictures.", md_to_png, _PARAMETERS),
        BuiltinTool("md_to_pptx", "To slides", "A tool for writing Markdown as slides.", md_to_pptx, _PARAMETERS),
        BuiltinTool(
            "md_to_xlsx", "To Excel", "A tool for writing the tables of Markdown as Excel.", md_to_xlsx, _PARAMETERS
        ),
        BuiltinTool(
            "md_to_json", "To JSON", "A tool for writing the tables of Markdown as JSON.", md_to_json, _PARAMETERS
        ),
        BuiltinTool("md_to_md", "To Markdown", "A tool for keeping Markdown as a file.", md_to_md, _PARAMETERS),
    ),
)
