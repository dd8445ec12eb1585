"""Texts and tables: counting, cutting, comparing, encoding; CSV to data and back."""

from __future__ import annotations

import base64
import binascii
import csv
import difflib
import hashlib
import io
import json
import re
from typing import Any
from urllib.parse import quote, unquote

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    data,
    fixed,
    made_file,
    said,
    variable,
)
from engine.adapters.tools.files import given_file, read

MOST_ROWS = 100_000
HASHES = ("sha256", "sha1", "md5", "sha512")
_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"


def _raw(call: ToolCall, name: str) -> str:
    value = call.values.get(name)
    return "" if value is None else str(value)


async def count(call: ToolCall) -> Answer:
    """Characters, words, lines of a text; each ideograph counts as a word."""
    text = _raw(call, "text")
    words = len(re.findall(rf"[{_CJK}]|[^\W{_CJK}]+", text))
    found = {"characters": len(text), "words": words, "lines": len(text.splitlines())}
    return [said(json.dumps(found)), data(found), *(variable(k, v) for k, v in found.items())]


async def split_text(call: ToolCall) -> Answer:
    """The parts of a text between separators."""
    separator = _raw(call, "separator").replace("\\n", "\n").replace("\\t", "\t") or "\n"
    parts = [p.strip() for p in _raw(call, "text").split(separator)]
    parts = [p for p in parts if p]
    return [said(json.dumps(parts, ensure_ascii=False)), variable("parts", parts)]


async def compare(call: ToolCall) -> Answer:
    """What changed from one text to another, line by line."""
    before, after = _raw(call, "before").splitlines(), _raw(call, "after").splitlines()
    if len(before) + len(after) > 20_000:
        raise ToolFailed("The texts have more than 20000 lines together.")
    lines = list(difflib.unified_diff(before, after, "before", "after", lineterm="", n=2))
    return [said("\n".join(lines)), variable("changed", bool(lines))]


async def encode(call: ToolCall) -> str:
    """A text in another spelling."""
    text, way = _raw(call, "text"), call.text("encoding")
    if way == "base64":
        return base64.b64encode(text.encode()).decode()
    if way == "hex":
        return text.encode().hex()
    return quote(text, safe="")


async def decode(call: ToolCall) -> str:
    """The text of another spelling."""
    text, way = call.text("text"), call.text("encoding")
    try:
        if way == "base64":
            return base64.b64decode(text + "=" * (-len(text) % 4)).decode()
        if way == "hex":
            return bytes.fromhex(text).decode()
    except (ValueError, binascii.Error) as problem:
        raise ToolFailed(f"The text is not {way}: {problem}") from problem
    return unquote(text)


async def digest(call: ToolCall) -> str:
    """A digest of a text, to compare or to name things by."""
    name = call.text("algorithm") or HASHES[0]
    if name not in HASHES:
        raise ToolFailed(f"The algorithm {name!r} is not one of {', '.join(HASHES)}.")
    return hashlib.new(name, _raw(call, "text").encode(), usedforsecurity=False).hexdigest()


# -- tables ------------------------------------------------------------------------------------------------------------


def rows_of(text: str, delimiter: str = "") -> list[dict[str, Any]]:
    """The rows of a CSV text by the names in its first line. Raises ToolFailed."""
    text = text.lstrip("\ufeff")
    if not delimiter:
        try:
            delimiter = csv.Sniffer().sniff(text[:4096], ",;\t|").delimiter
        except csv.Error:
            delimiter = ","
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        found: list[dict[str, Any]] = []
        for row in reader:
            more = row.pop(None, None)
            found.append({k: _value(v) for k, v in row.items()} | ({"more": more} if more else {}))
            if len(found) > MOST_ROWS:
                raise ToolFailed(f"The table has more than {MOST_ROWS} rows.")
    except csv.Error as problem:
        raise ToolFailed(f"The table cannot be read: {problem}") from problem
    return found


def _value(text: str | None) -> Any:
    """Numbers as numbers; what only looks like one (leading zeros, long ids) stays text."""
    if text is not None and re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", text):
        return float(text) if "." in text else int(text)
    return text


async def csv_to_json(call: ToolCall) -> Answer:
    """The rows of a CSV text or file."""
    if call.values.get("file") not in (None, "", []):
        text = (await read(call, given_file(call, "file"))).decode("utf-8-sig", "replace")
    else:
        text = _raw(call, "text")
    if not text.strip():
        raise ToolFailed("There is no table: give a text or a file.")
    delimiter = call.text("delimiter").replace("\\t", "\t")[:1]
    rows = rows_of(text, delimiter)
    return [said(json.dumps(rows, ensure_ascii=False)), data({"rows": rows}), variable("rows", rows)]


async def json_to_csv(call: ToolCall) -> Answer:
    """A list of objects as a CSV file."""
    given = call.values.get("rows")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError as problem:
            raise ToolFailed(f"The rows are not valid JSON: {problem}") from problem
    if isinstance(given, dict):
        given = given.get("rows", [given])
    rows = [row if isinstance(row, dict) else {"value": row} for row in given or ()]
    names = list(dict.fromkeys(str(k) for row in rows for k in row))
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    text = target.getvalue()
    name = re.sub(r"[\\/:*?\"<>|]", "_", call.text("filename") or "table")
    return [said(text), made_file(text.encode("utf-8-sig"), f"{name.removesuffix('.csv')}.csv", "text/csv")]


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else "" if value is None else value


_TEXT = asked("text", "Text", required=True)
_WAYS = ("base64", "url", "hex")
PROVIDER = BuiltinProvider(
    "text_tools",
    "Text and tables",
    "Counts, cuts, compares and encodes texts; reads and writes CSV.",
    "type-string",
    (
        BuiltinTool(
            "count_text",
            "Count",
            "A tool for counting characters, words and lines.",
            count,
            (_TEXT,),
            {"type": "object", "properties": {k: {"type": "number"} for k in ("characters", "words", "lines")}},
        ),
        BuiltinTool(
            "split_text",
            "Split",
            "A tool for splitting a text at a separator.",
            split_text,
            (_TEXT, asked("separator", "Separator", default="\\n")),
            {"type": "object", "properties": {"parts": {"type": "array", "items": {"type": "string"}}}},
        ),
        BuiltinTool(
            "compare_texts",
            "Compare",
            "A tool for comparing two texts line by line.",
            compare,
            (asked("before", "Before", required=True), asked("after", "After", required=True)),
            {"type": "object", "properties": {"changed": {"type": "boolean"}}},
        ),
        BuiltinTool(
            "encode_text",
            "Encode",
            "A tool for encoding a text as base64, URL or hex.",
            encode,
            (_TEXT, fixed("encoding", "Encoding", kind="select", default="base64", options=_WAYS)),
        ),
        BuiltinTool(
            "decode_text",
            "Decode",
            "A tool for decoding a base64, URL or hex text.",
            decode,
            (_TEXT, fixed("encoding", "Encoding", kind="select", default="base64", options=_WAYS)),
        ),
        BuiltinTool(
            "hash_text",
            "Digest",
            "A tool for computing the digest of a text.",
            digest,
            (_TEXT, fixed("algorithm", "Algorithm", kind="select", default=HASHES[0], options=HASHES)),
        ),
        BuiltinTool(
            "csv_to_json",
            "CSV to data",
            "A tool for reading the rows of a CSV table.",
            csv_to_json,
            (
                asked("text", "CSV text"),
                asked("file", "CSV file", kind="file"),
                fixed("delimiter", "Separator", "Found by itself when it is empty"),
            ),
            {"type": "object", "properties": {"rows": {"type": "array", "items": {"type": "object"}}}},
        ),
        BuiltinTool(
            "json_to_csv",
            "Data to CSV",
            "A tool for writing a list of objects as a CSV file.",
            json_to_csv,
            (asked("rows", "Rows", "A JSON list of objects", "any", required=True), asked("filename", "File name")),
        ),
    ),
)
