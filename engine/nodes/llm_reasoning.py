"""Thinking and answer apart, in a text and in a stream whose tags may be cut anywhere (nodes-ai spec 5.10)."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["text", "reasoning"]
OPEN = re.compile(r"<think(?:\s[^<>]{0,512})?>", re.IGNORECASE)
CLOSE = re.compile(r"</think\s*>", re.IGNORECASE)
BLOCK = re.compile(r"<think(?:\s[^<>]{0,512})?>(.*?)(?:</think\s*>|\Z)", re.IGNORECASE | re.DOTALL)
LONGEST_TAG = 520
_BLANKS = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def without_thinking(text: str) -> str:
    """`text` without its `<think>` blocks, whatever their case; an unclosed one goes to the end."""
    return BLOCK.sub("", text)


def separate(text: str) -> tuple[str, str]:
    """The answer and the reasoning of a finished text."""
    reasoning = "\n".join(part for found in BLOCK.findall(text) if (part := found.strip()))
    answer = _BLANKS.sub("\n\n", without_thinking(text)).strip()
    return answer, reasoning


class ThinkFilter:
    """Splits a stream. What could be the beginning of a tag is held back until it is clear."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._answered = False
        self.reasoned = False

    def feed(self, chunk: str) -> list[tuple[Kind, str]]:
        """What `chunk` makes clear, in order."""
        self._held += chunk
        found: list[tuple[Kind, str]] = []
        while True:
            match = (CLOSE if self._thinking else OPEN).search(self._held)
            if match is None:
                break
            self._out(found, self._held[: match.start()])
            self._held = self._held[match.end() :]
            self._thinking = not self._thinking
        keep = self._tag_start()
        self._out(found, self._held[:keep])
        self._held = self._held[keep:]
        return found

    def finish(self) -> list[tuple[Kind, str]]:
        """What was held back, once no more will come."""
        found: list[tuple[Kind, str]] = []
        self._out(found, self._held)
        self._held = ""
        return found

    def _out(self, found: list[tuple[Kind, str]], text: str) -> None:
        if self._thinking:
            if text:
                self.reasoned = True
                found.append(("reasoning", text))
            return
        if not self._answered:
            text = text.lstrip()
        if text:
            self._answered = True
            found.append(("text", text))

    def _tag_start(self) -> int:
        """Where a tag may begin that is not complete yet; the length of what is held when there is none."""
        position = self._held.rfind("<")
        if position < 0 or len(self._held) - position > LONGEST_TAG:
            return len(self._held)
        tail = self._held[position:].lower()
        word = "</think" if self._thinking else "<think"
        possible = word.startswith(tail) or (tail.startswith(word) and ">" not in tail)
        return position if possible else len(self._held)
