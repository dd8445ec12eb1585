"""The cutters of knowledge pipelines: text, documents and tables into chunks (nodes-ai spec 11.3)."""

from __future__ import annotations

import csv
import io
from typing import Any

from engine.adapters.tools.chunking import cleaned, cut, split, trimmed, undotted, unescaped
from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    variable,
)
from engine.adapters.tools.files import file_text, given_file, read
from engine.ports.outside import ToolMessage, ToolParameter

SMALLEST, LARGEST = 50, 4000


def _length(call: ToolCall, name: str, default: int) -> int:
    value = call.integer(name, default)
    if value < 1:
        raise ToolFailed(f"The parameter {name} must be 1 or more.")
    return value


async def general_chunker(call: ToolCall) -> Answer:
    """Plain chunks."""
    size = _length(call, "max_chunk_length", 1024)
    if not SMALLEST <= size <= LARGEST:
        raise ToolFailed(f"Custom segment length should be between {SMALLEST} and {LARGEST}.")
    text = cleaned(
        str(call.values.get("input_variable") or ""),
        spaces=call.flag("replace_consecutive_spaces_newlines_tabs"),
        addresses=call.flag("delete_all_urls_and_email_addresses"),
    )
    separator = unescaped(str(call.values.get("delimiter") or "\n\n"))
    overlap = min(max(call.integer("chunk_overlap_length", 50), 0), size // 2)
    chunks = [c for piece in split(text, separator, size, overlap) if (c := trimmed(piece))]
    return [variable("result", chunks)]


async def parentchild_chunker(call: ToolCall) -> Answer:
    """Chunks with smaller chunks in them."""
    text = cleaned(
        str(call.values.get("input_text") or ""),
        spaces=call.flag("remove_extra_spaces"),
        addresses=call.flag("remove_urls_emails"),
    )
    mode = (call.text("parent_mode") or "paragraph").replace("-", "_")
    size, child_size = _length(call, "max_length", 1024), _length(call, "subchunk_max_length", 512)
    separator = unescaped(str(call.values.get("separator") or "\n\n"))
    child_separator = unescaped(str(call.values.get("subchunk_separator") or "\n"))
    parents = [text] if mode == "full_doc" else split(text, separator, size)
    rows = []
    for parent in parents:
        content = parent if mode == "full_doc" else undotted(parent)
        children = [c for piece in split(content, child_separator, child_size) if (c := undotted(piece))]
        if content.strip():
            rows.append({"parent_content": content, "child_contents": children or cut(content, child_size, 0)})
    return [variable("result", {"parent_child_chunks": rows, "parent_mode": mode})]


async def qa_chunk(call: ToolCall) -> Answer:
    """Questions and answers of a table with two columns."""
    file = given_file(call, "input_file")
    text = (await read(call, file)).decode("utf-8-sig", "replace")
    question, answer = call.integer("question_column", 0), call.integer("answer_column", 1)
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in row)]
    if rows and max(question, answer) >= max(len(row) for row in rows):
        raise ToolFailed(f"The table has {max(len(row) for row in rows)} columns; columns count from 0.")
    pairs = [
        {"question": row[question].strip(), "answer": row[answer].strip()}
        for row in rows[1:]
        if len(row) > max(question, answer) and row[question].strip()
    ]
    return [variable("result", {"qa_chunks": pairs})]


async def dify_extractor(call: ToolCall) -> Answer:
    """The text of a document."""
    file = given_file(call, "file")
    text = await file_text(call, file)
    facts = {"text": text, "metadata": {"source": file.filename or ""}}
    return [
        ToolMessage("text", text),
        variable("documents", [facts]),
        variable("images", []),
    ]


def _yes_no(name: str, label: str) -> ToolParameter:
    return asked(name, label, kind="boolean", default=False)


def _object(name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"result": {"type": name}}}


GENERAL = BuiltinProvider(
    "general_chunker",
    "General chunker",
    "Cuts text into chunks.",
    "cut",
    (
        BuiltinTool(
            "general_chunker",
            "General chunks",
            "A tool for cutting text into chunks.",
            general_chunker,
            (
                asked("input_variable", "Text", required=True),
                asked("delimiter", "Separator", default="\\n\\n"),
                asked("max_chunk_length", "Longest chunk", "Characters", "number", default=1024),
                asked("chunk_overlap_length", "Overlap", "Characters", "number", default=50),
                _yes_no("replace_consecutive_spaces_newlines_tabs", "Shorten runs of white space"),
                _yes_no("delete_all_urls_and_email_addresses", "Remove addresses"),
            ),
            _object("array"),
        ),
    ),
)
PARENT_CHILD = BuiltinProvider(
    "parentchild_chunker",
    "Parent-child chunker",
    "Cuts text into chunks with smaller chunks in them.",
    "cut",
    (
        BuiltinTool(
            "parentchild_chunker",
            "Parent-child chunks",
            "A tool for cutting text into parent and child chunks.",
            parentchild_chunker,
            (
                asked("input_text", "Text", required=True),
                asked("parent_mode", "Parents", kind="select", default="paragraph", options=("paragraph", "full_doc")),
                asked("separator", "Separator", default="\\n\\n"),
                asked("max_length", "Longest parent", "Characters", "number", default=1024),
                asked("subchunk_separator", "Separator of children", default="\\n"),
                asked("subchunk_max_length", "Longest child", "Characters", "number", default=512),
                _yes_no("remove_extra_spaces", "Shorten runs of white space"),
                _yes_no("remove_urls_emails", "Remove addresses"),
            ),
            _object("object"),
        ),
    ),
)
QA = BuiltinProvider(
    "qa_chunk",
    "Question-answer chunker",
    "Reads questions and answers of a table.",
    "cut",
    (
        BuiltinTool(
            "qa_chunk",
            "Question-answer chunks",
            "A tool for reading questions and answers from a CSV file.",
            qa_chunk,
            (
                asked("input_file", "CSV file", kind="file", required=True),
                asked("question_column", "Column of questions", "Counted from 0", "number", default=0),
                asked("answer_column", "Column of answers", "Counted from 0", "number", default=1),
            ),
            _object("object"),
        ),
    ),
)
EXTRACTOR = BuiltinProvider(
    "dify_extractor",
    "Document reader",
    "Reads the text of documents.",
    "file-text",
    (
        BuiltinTool(
            "dify_extractor",
            "Read a document",
            "A tool for extracting the text of documents.",
            dify_extractor,
            (asked("file", "File", kind="file", required=True),),
            {
                "type": "object",
                "properties": {
                    "documents": {"type": "array", "items": {"type": "object"}},
                    "images": {"type": "array", "items": {"type": "object"}},
                },
            },
        ),
    ),
)
