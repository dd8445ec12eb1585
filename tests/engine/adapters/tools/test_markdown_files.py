"""Markdown written as files of other kinds (nodes-ai spec 13.2)."""

from __future__ import annotations

import io
import json
from typing import Any

import pypdfium2
import pytest
from docx import Document
from pptx import Presentation
from python_calamine import CalamineWorkbook

from engine.adapters.tools.pdf import HEIGHT, MARGIN, Sheets, Span
from engine.ports.outside import PortError
from tests.helpers.tools import call, of_kind

TEXT = """# 报告 Report

A paragraph (with \\ and brackets), **bold** and `code()`: 中文段落。

- one
- two

1. first

> said

| Name | Value |
|---|---|
| a | 1 |
| 乙 | =2+2 |

```
x = 1
```
"""


def made(tool: str, text: str = TEXT, **more: Any) -> list[Any]:
    return call("bowenliang123/md_exporter/md_exporter", tool, {"md_text": text, **more})


def words_of(content: bytes) -> list[str]:
    """The text of every page, lines joined."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def test_a_pdf_holds_all_text() -> None:
    (message,) = made("md_to_pdf", output_filename="报告.pdf")
    assert (message.meta["filename"], message.meta["mime_type"]) == ("报告.pdf", "application/pdf")
    (page,) = words_of(message.value)
    for word in ("报告 Report", "(with \\ and brackets), bold and code(): 中文段落。", "• one", "1. first", "said"):
        assert word in page
    for word in ("Name Value", "a 1", "乙 =2+2", "x = 1"):
        assert word in page


@pytest.mark.parametrize("word", ["かな漢字", "한국어", "кириллица", "Ελληνικα"])
def test_a_pdf_of_other_letters(word: str) -> None:
    (message,) = made("md_to_pdf", f"{word} here")
    (page,) = words_of(message.value)
    assert page.replace(" ", "") == f"{word}here"


def test_long_texts_go_on_on_the_next_page() -> None:
    (message,) = made("md_to_pdf", "\n\n".join(f"Paragraph {n} of many." for n in range(120)))
    pages = words_of(message.value)
    assert len(pages) == 4
    assert pages[0].startswith("Paragraph 0 of")
    assert pages[-1].endswith("Paragraph 119 of many.")
    assert sum(page.count("Paragraph") for page in pages) == 120


@pytest.mark.parametrize("text", ["word " * 60, "字" * 200, "x" * 400])
def test_no_line_leaves_the_page(text: str) -> None:
    sheets = Sheets()
    sheets.text([Span(text)])
    document = pypdfium2.PdfDocument(sheets.content())
    page = document[0].get_textpage()
    right = max(page.get_charbox(i)[2] for i in range(page.count_chars()))
    document.close()
    assert right <= 595 - MARGIN + 1
    assert sheets.y < HEIGHT - MARGIN - 2 * 11


def test_pictures_of_the_pages() -> None:
    (one,) = made("md_to_png", output_filename="page")
    assert one.value.startswith(b"\x89PNG")
    assert one.meta["filename"] == "page.png"
    many = made("md_to_png", "\n\n".join(["line"] * 60))
    assert [m.meta["filename"] for m in many] == ["document_1.png", "document_2.png"]


def test_tables_as_excel_and_json() -> None:
    (message,) = made("md_to_xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(message.value)).get_sheet_by_index(0).to_python()
    assert rows == [["Name", "Value"], ["a", 1.0], ["乙", "=2+2"]]
    (message,) = made("md_to_json")
    assert json.loads(message.value) == [{"Name": "a", "Value": "1"}, {"Name": "乙", "Value": "=2+2"}]
    for tool in ("md_to_xlsx", "md_to_json", "md_to_csv"):
        with pytest.raises(PortError, match="holds no table"):
            made(tool, "no table")


def slides(content: bytes) -> list[list[str]]:
    deck = Presentation(io.BytesIO(content))
    return [[s.text_frame.text for s in slide.shapes if s.has_text_frame] for slide in deck.slides]


def test_slides() -> None:
    (message,) = made("md_to_pptx", "# One\n\n- a\n  - b\n\n## Two\n\ntext\n\n---\n\n" + "\n".join(["- x"] * 16))
    found = slides(message.value)
    assert found[:2] == [["One", "a\nb"], ["Two", "text"]]
    assert [len(rest[1].split("\n")) for rest in found[2:]] == [14, 2]
    given = {"markdown_content": "# One\n\n|A|B|\n|-|-|\n|1|2|", "title": "All\nof it: 1/2"}
    messages = call("stvlynn/ppt/ppt", "markdown_to_pptx_converter", given)
    (content,) = of_kind(messages, "blob")
    assert slides(content)[0] == ["All of it: 1/2"]
    assert messages[-1].meta["filename"] == "All of it_ 1_2.pptx"
    table = next(s for s in Presentation(io.BytesIO(content)).slides[1].shapes if s.has_table).table
    assert [[c.text for c in r.cells] for r in table.rows] == [["A", "B"], ["1", "2"]]


def test_the_text_itself_and_a_document() -> None:
    (message,) = made("md_to_md", output_filename="notes")
    assert (message.value.decode(), message.meta["filename"]) == (TEXT.strip(), "notes.md")
    (message,) = made("md_to_docx")
    assert "报告 Report" in [p.text for p in Document(io.BytesIO(message.value)).paragraphs]
