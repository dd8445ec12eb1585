"""JSON as people write it: where it is wrong, in their language, and the same text laid out in lines."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from editor.i18n import tr

INDENT: Final = "  "
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
# What Python's reader says, as people would say it; it puts more behind some of its sentences.
_WHAT: Final = (
    ("Expecting property name", "a name in double quotes is missing"),
    ("Expecting ':'", "a colon is missing"),
    ("Expecting ','", "a comma or a closing bracket is missing"),
    ("Expecting value", "a value is missing"),
    ("Unterminated string", "a text does not end"),
    ("Invalid control character", "a line break or another control character stands in a text"),
    ("Invalid \\", "a backslash with a wrong letter stands in a text"),
    ("Illegal trailing comma", "a comma stands before a closing bracket"),
    ("Extra data", "something follows after the end"),
)
_NO_JSON: Final = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True)
class JsonFault:
    """What is wrong and where; line and column count from 1, `position` from 0."""

    what: str
    line: int
    column: int
    position: int

    @property
    def words(self) -> str:
        """The sentence for people."""
        return tr(
            "Not valid JSON: {what} (line {line}, column {column})", what=self.what, line=self.line, column=self.column
        )


def fault_in(text: str) -> JsonFault | None:
    """The first fault of a text that should be JSON; None when there is none, or no text at all."""
    if not text.strip():
        return None
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        what = next((tr(ours) for theirs, ours in _WHAT if error.msg.startswith(theirs)), error.msg)
        return JsonFault(what, error.lineno, error.colno, error.pos)
    except RecursionError:
        return JsonFault(tr("it is nested too deeply"), 1, 1, 0)
    except ValueError:
        return JsonFault(tr("a number has too many digits"), 1, 1, 0)  # Python reads 4,300 of them
    # Python's reader takes these three, which no JSON has and no store keeps.
    odd = (
        next((m for m in _TOKEN.finditer(text) if m[0] in _NO_JSON), None) if any(w in text for w in _NO_JSON) else None
    )
    if odd is not None:
        line, begin = text.count("\n", 0, odd.start()) + 1, text.rfind("\n", 0, odd.start())
        return JsonFault(tr("{word} is no number of JSON", word=odd[0]), line, odd.start() - begin, odd.start())
    return None


def doubled(text: str) -> JsonFault | None:
    """The first name of valid JSON that stands twice in one object, where it stands again."""
    inside: list[set[str] | None] = []
    before = ""
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece in "{[":
            inside.append(set() if piece == "{" else None)
        elif piece in "}]":
            inside.pop()
        elif before in ("{", ",") and inside and (names := inside[-1]) is not None:
            name = json.loads(piece)
            if name in names:
                line = text.count("\n", 0, match.start()) + 1
                column = match.start() - text.rfind("\n", 0, match.start())
                return JsonFault(tr("the name “{name}” stands twice", name=name), line, column, match.start())
            names.add(name)
        before = piece
    return None


def laid_out(text: str) -> str:
    """Valid JSON in lines and indented. Nothing but blanks between its parts is changed: numbers, escapes and names
    that stand twice stay as they were written."""
    pieces = [match[0] for match in _TOKEN.finditer(text)]
    parts: list[str] = []
    depth = 0
    for number, piece in enumerate(pieces):
        after = pieces[number + 1] if number + 1 < len(pieces) else ""
        if piece in "}]":
            depth -= 1
            if pieces[number - 1] not in "{[":
                parts.append("\n" + INDENT * depth)
        parts.append(piece)
        if piece in "{[":
            depth += 1
            if after not in ("}", "]"):
                parts.append("\n" + INDENT * depth)
        elif piece == ",":
            parts.append("\n" + INDENT * depth)
        elif piece == ":":
            parts.append(" ")
    return "".join(parts)


def bare(text: str, references: re.Pattern[str]) -> str:
    """A text with digits in place of its references, as long as they are: what it is as JSON when they have values."""
    return references.sub(lambda match: "1" * len(match[0]), text)


def laid_out_around(text: str, references: re.Pattern[str]) -> str:
    """A text that is valid JSON but for its references to variables, laid out with them."""
    plain = bare(text, references)
    found = laid_out(plain)
    places = [(same_place(plain, found, match.start()), match[0]) for match in references.finditer(text)]
    for start, reference in places:  # as long as what stands in for it, so that no place moves
        found = found[:start] + reference + found[start + len(reference) :]
    return found


def same_place(before: str, after: str, position: int) -> int:
    """Where a position of a text is after it was laid out: at the same letter of the same part."""
    old, new = list(_TOKEN.finditer(before)), list(_TOKEN.finditer(after))
    number = next((n for n in reversed(range(len(old))) if old[n].start() <= position), None)
    if number is None or len(old) != len(new):
        return min(position, len(after))
    return new[number].start() + min(position - old[number].start(), len(old[number][0]))
