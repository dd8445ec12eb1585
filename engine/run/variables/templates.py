"""Text with `{{#node.name#}}` references (engine spec 6.6). No Jinja: a text is split once and joined at each use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.run.variables.segments import Segment

if TYPE_CHECKING:
    from engine.run.variables.pool import VariablePool

Selector = tuple[str, ...]
PATTERN = re.compile(r"\{\{#([a-zA-Z0-9_]{1,50}(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,29}){1,10})#\}\}")


@dataclass(frozen=True, slots=True)
class TextSegment:
    """Literal text of a template."""

    text: str


@dataclass(frozen=True, slots=True)
class VariableSegment:
    """A reference inside a template."""

    selector: Selector


TemplateSegment = TextSegment | VariableSegment


class Rendered:
    """A rendered template: its parts joined in one of the three forms."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[str | Segment]) -> None:
        self.parts = parts

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    @property
    def markdown(self) -> str:
        return "".join(part if isinstance(part, str) else part.markdown for part in self.parts)

    @property
    def log(self) -> str:
        return "".join(part if isinstance(part, str) else part.log for part in self.parts)

    @property
    def segments(self) -> list[Segment]:
        """The values that were filled in, in order."""
        return [part for part in self.parts if not isinstance(part, str)]


@lru_cache(maxsize=4096)
def split_template(text: str) -> tuple[TemplateSegment, ...]:
    """The literal texts and references of `text` in order; empty literals are left out."""
    if "{{#" not in text:
        return (TextSegment(text),) if text else ()
    found: list[TemplateSegment] = []
    position = 0
    for match in PATTERN.finditer(text):
        if match.start() > position:
            found.append(TextSegment(text[position : match.start()]))
        found.append(VariableSegment(tuple(match[1].split("."))))
        position = match.end()
    if position < len(text):
        found.append(TextSegment(text[position:]))
    return tuple(found)


def references(text: str) -> list[Selector]:
    """The selectors that `text` names, in order, each once."""
    return list(dict.fromkeys(part.selector for part in split_template(text) if isinstance(part, VariableSegment)))


def render(text: str, pool: VariablePool) -> Rendered:
    """`text` with every reference filled in; one that reaches nothing stays as its bare selector (DEC-10)."""
    parts: list[str | Segment] = []
    for part in split_template(text):
        if isinstance(part, TextSegment):
            parts.append(part.text)
        else:
            value = pool.get(part.selector)
            parts.append(".".join(part.selector) if value is None else value)
    return Rendered(parts)
