"""Formats that are text already: plain, JSON, YAML, CSV, Java properties, WebVTT."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence

from engine.adapters.documents.problems import DocumentProblem

CANDIDATES = ["utf_8", "latin_1", "cp1252"]


def decoded(content: bytes, candidates: list[str] | None = None) -> str:
    """Text of unknown encoding; what cannot be decoded is left out. A byte order mark stays."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(content, cp_isolation=candidates).best()
    return content.decode(best.encoding if best else "utf-8", errors="ignore")


def plain_text(content: bytes) -> str:
    """The text as it is, tags of HTML and XML included."""
    return decoded(content, CANDIDATES)


def json_text(content: bytes) -> str:
    """The document printed anew with an indent of 2."""
    try:
        return json.dumps(json.loads(decoded(content).lstrip("\ufeff")), indent=2, ensure_ascii=False)
    except ValueError as problem:
        raise DocumentProblem("TextExtractionError", f"The JSON file is not valid: {problem}") from None


def yaml_text(content: bytes) -> str:
    """All documents in block style, their keys in order; comments are lost."""
    import yaml

    try:
        documents = list(yaml.safe_load_all(decoded(content)))
    except yaml.YAMLError as problem:
        raise DocumentProblem("TextExtractionError", f"The YAML file is not valid: {problem}") from None
    return yaml.dump_all(documents, allow_unicode=True, sort_keys=False)


def csv_text(content: bytes) -> str:
    """A Markdown table; short rows stay short."""
    csv.field_size_limit(2**31 - 1)
    return table(list(csv.reader(io.StringIO(decoded(content), newline=""))))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table whose rule has one dash a character of the header; nothing for no rows."""
    if not rows:
        return ""
    lines = [rows[0], ["-" * len(cell) for cell in rows[0]], *rows[1:]]
    return "".join(f"| {' | '.join(_one_line(cell) for cell in line)} |\n" for line in lines)


def _one_line(cell: str) -> str:
    return cell.replace("\n", " ").replace("\r", "")


def properties_text(content: bytes) -> str:
    """`key: value` a line; comments and empty lines stay."""
    return "\n".join(_property(line.strip()) for line in plain_text(content).splitlines())


def _property(line: str) -> str:
    if not line or line[0] in "#!":
        return line
    for separator in "=:":
        if separator in line:
            key, _, value = line.partition(separator)
            return f"{key.strip()}: {value.strip()}"
    return f"{line}: "


# -- captions ----------------------------------------------------------------------------------------------------------

_TIMING = re.compile(r"\S+\s+-->\s+\S+")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"<[^>]*>")


def captions_text(content: bytes, *, strict: bool = False) -> str:
    """One line a caption: `Speaker "text"`, neighbours of one speaker joined. Captions without a speaker are their own
    text; `strict` prints them as upstream does, which repeats the text before."""
    captions = _captions(plain_text(content).lstrip("\ufeff"))
    lines: list[tuple[str | None, str]] = []
    if strict:
        lines = _merged_as_upstream(captions)
    else:
        for speaker, text in captions:
            if speaker is not None and lines and lines[-1][0] == speaker:
                lines[-1] = (speaker, f"{lines[-1][1]} {text}")
            else:
                lines.append((speaker, text))
    return "\n".join(f'{speaker} "{text}"' if speaker or strict else f'"{text}"' for speaker, text in lines)


def _captions(text: str) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.strip("\n").split("\n")
        timing = next((i for i, line in enumerate(lines) if _TIMING.match(line)), None)
        if timing is None:
            continue
        body = "\n".join(lines[timing + 1 :])
        voice = _VOICE.search(body)
        found.append((voice[1].strip() if voice else None, _TAG.sub("", body).strip()))
    return found


def _merged_as_upstream(captions: list[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    if not captions:
        return []
    lines: list[tuple[str | None, str]] = []
    speaker, text = captions[0]
    for next_speaker, next_text in captions[1:]:
        if next_speaker is None:
            # Dify: the caption's own text is lost here, the one before it appears again (nodes-logic 9.3).
            lines.append(("", text))
        elif next_speaker == speaker:
            text = f"{text} {next_text}"
        else:
            lines.append((speaker or "", text))
            speaker, text = next_speaker, next_text
    lines.append((speaker or "", text))
    return lines
