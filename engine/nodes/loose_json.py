"""JSON as models write it: with prose around it, single quotes, bare words, trailing commas, cut off at the end.

`balanced_object` finds strict JSON; `repaired` reads more than JSON allows. Neither runs anything.
"""

from __future__ import annotations

import json
from typing import Any

_MISSING: Any = object()
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "`": "`"}
_WORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "none": None,
    "undefined": None,
    "nan": None,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\"}
DEEPEST = 100


def strict_object(text: str) -> dict[str, Any] | None:
    """The whole text as a JSON object, or None."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def balanced_object(text: str) -> dict[str, Any] | None:
    """The first strict JSON object that stands anywhere in the text (strings are understood), or None."""
    decoder = json.JSONDecoder()
    position = text.find("{")
    while position >= 0:
        try:
            value, _ = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position = text.find("{", position + 1)
            continue
        if isinstance(value, dict):
            return value
        position = text.find("{", position + 1)
    return None


def repaired(text: str) -> Any:
    """The first object or list of a sloppy text, or None when there is nothing of the kind."""
    starts = [p for p in (text.find("{"), text.find("[")) if p >= 0]
    if not starts:
        return None
    reader = _Reader(text, min(starts))
    value = reader.value(0)
    return None if value is _MISSING else value


def repaired_object(text: str) -> dict[str, Any] | None:
    """As `repaired`; a list stands for its first object."""
    value = repaired(text)
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    return value if isinstance(value, dict) else None


class _Reader:
    """Reads from a position on and forgives; the end of the text closes everything."""

    def __init__(self, text: str, position: int) -> None:
        self._text = text
        self._at = position

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _skip(self, also: str = "") -> None:
        while (sign := self._peek()) and (sign.isspace() or sign in also):
            self._at += 1

    def value(self, depth: int) -> Any:
        self._skip()
        sign = self._peek()
        if not sign or depth > DEEPEST:
            return _MISSING
        if sign == "{":
            return self._object(depth)
        if sign == "[":
            return self._list(depth)
        if sign in _QUOTES:
            return self._string(_QUOTES[sign])
        return self._word(",}]\n")

    def _object(self, depth: int) -> dict[str, Any]:
        self._at += 1
        found: dict[str, Any] = {}
        while True:
            self._skip(",;")
            sign = self._peek()
            if not sign:
                return found
            if sign in "}]":
                self._at += 1
                return found
            key = self._string(_QUOTES[sign]) if sign in _QUOTES else str(self._word(":,}\n"))
            self._skip()
            if self._peek() in (":", "="):
                self._at += 1
                value = self.value(depth + 1)
                found[key] = None if value is _MISSING else value
            elif self._peek() not in (",", "}"):
                # Neither a value nor an end: give up this sign, so that reading always goes on.
                self._at += 1

    def _list(self, depth: int) -> list[Any]:
        self._at += 1
        found: list[Any] = []
        while True:
            self._skip(",;")
            sign = self._peek()
            if not sign:
                return found
            if sign in "]}":
                self._at += 1
                return found
            value = self.value(depth + 1)
            if value is not _MISSING:
                found.append(value)
            elif depth >= DEEPEST:
                self._at += 1

    def _string(self, close: str) -> str:
        self._at += 1
        out: list[str] = []
        while sign := self._peek():
            self._at += 1
            if sign == close and self._ends(close):
                return "".join(out)
            if sign == "\\" and self._at < len(self._text):
                out.append(self._escape())
            else:
                out.append(sign)
        return "".join(out)

    def _ends(self, close: str) -> bool:
        """A quote ends a text when what follows could follow a text; else it was meant as a sign in it."""
        rest = self._text[self._at : self._at + 40].lstrip()
        return not rest or rest[0] in ",:}]=;" or (close == '"' and rest[0] in "\"'")

    def _escape(self) -> str:
        sign = self._peek()
        self._at += 1
        if sign == "u":
            digits = self._text[self._at : self._at + 4]
            try:
                self._at += 4
                return chr(int(digits, 16))
            except ValueError:
                return ""
        return _ESCAPES.get(sign, sign)

    def _word(self, ends: str) -> Any:
        start = self._at
        while (sign := self._peek()) and sign not in ends:
            self._at += 1
        if self._at == start:
            self._at += 1
            return _MISSING
        word = self._text[start : self._at].strip()
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
        try:
            return json.loads(word)
        except ValueError:
            return word
