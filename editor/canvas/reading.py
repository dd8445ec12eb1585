"""Reading node settings that may be missing, half filled or of a wrong type, and saying selectors in words.

A card must be drawable for every file that opens; nothing here raises for odd data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from editor.canvas.content import Part
from editor.i18n import tr
from engine.nodes import registry

if TYPE_CHECKING:
    from engine.model.graph import Graph

_REFERENCE = re.compile(r"\{\{#\s*([^{}#]+?)\s*#\}\}")
_SPACES = re.compile(r"\s+")
_CLIP = 160

SCOPES: Mapping[str, tuple[str, str]] = {
    "sys": ("system", "entry"),
    "env": ("environment", "model"),
    "conversation": ("conversation", "logic"),
    "rag": ("database", "knowledge"),
}


def text_of(data: Mapping[str, Any], key: str) -> str:
    """The string under `key`, empty for anything else."""
    value = data.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def mapping_of(data: Any, key: str) -> Mapping[str, Any]:
    """The mapping under `key`, empty for anything else."""
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items_of(data: Any, key: str) -> list[Any]:
    """The list under `key`, empty for anything else."""
    value = data.get(key) if isinstance(data, Mapping) else None
    return list(value) if isinstance(value, list | tuple) else []


def mappings_of(data: Any, key: str) -> list[Mapping[str, Any]]:
    """Those entries of the list under `key` that are mappings."""
    return [item for item in items_of(data, key) if isinstance(item, Mapping)]


def selector_of(value: Any) -> tuple[str, ...]:
    """A variable selector as a tuple of names, empty if `value` is none."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    return tuple(part for part in value if isinstance(part, str) and part)


def first_line(text: str) -> str:
    """The first line that says something, spaces folded, cut to what a card can ever show."""
    for line in text.splitlines():
        folded = _SPACES.sub(" ", line).strip()
        if folded:
            return folded[:_CLIP]
    return ""


def lines_of(text: str, count: int) -> list[str]:
    """The first `count` lines that say something."""
    found: list[str] = []
    for line in text.splitlines():
        folded = _SPACES.sub(" ", line).strip()
        if folded:
            found.append(folded[:_CLIP])
            if len(found) == count:
                break
    return found


_FENCE = re.compile(r"\s*(```|~~~)|\s*([-*_]\s*){3,}$|\s*\|?[\s:|-]+\|[\s:|-]*$")
_LEAD = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,9}[.)]\s+)+")
_PICTURE_OR_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"\*\*|__|~~|`+|(?<![\w*])[*_](?=\S)|(?<=\S)[*_](?![\w*])")
_HTML = re.compile(r"</?[A-Za-z][^<>]*>")


def plain_lines(markdown: str, count: int) -> list[str]:
    """The first `count` lines of a Markdown text that say something, without the signs that only say how it looks;
    references stay as they are."""
    found: list[str] = []
    for line in markdown.splitlines():
        if _FENCE.match(line):
            continue
        pieces, position, text = [], 0, _PICTURE_OR_LINK.sub(r"\1", _LEAD.sub("", line))
        for reference in _REFERENCE.finditer(text):
            pieces += [_unmarked(text[position : reference.start()]), reference.group()]
            position = reference.end()
        folded = _SPACES.sub(" ", "".join([*pieces, _unmarked(text[position:])])).strip(" |")
        if folded:
            found.append(folded[:_CLIP])
            if len(found) == count:
                break
    return found


def _unmarked(text: str) -> str:
    return _MARKS.sub("", _HTML.sub("", text)).replace("\\", "")


class Naming:
    """Says selectors in words for one graph and remembers which nodes it named."""

    def __init__(self, graph: Graph, lacks: Mapping[str, str] | None = None) -> None:
        self._nodes = graph.nodes
        self.lacks = lacks or {}
        """What this workspace has not of what the node names: the place in its settings to the problem's code."""
        self.refs: set[str] = set()

    def variable(self, selector: Sequence[str]) -> Part:
        """A chip for a selector: the owner's icon and title, then the variable's name; `bad` when the owner is
        gone."""
        if not selector:
            return Part("chip", tr("No variable"), tone="warn")
        head, rest = selector[0], ".".join(selector[1:])
        if head in SCOPES:
            icon, family = SCOPES[head]
            return Part("var", f"{head}.{rest}" if head == "sys" else rest or head, icon=icon, family=family)
        if head == "$output":
            return Part("var", rest, icon="human-input", family="human")  # a field of the form itself
        node = self._nodes.get(head)
        self.refs.add(head)
        if rest.startswith("sys."):
            icon, family = SCOPES["sys"]
            return Part("var", rest, icon=icon, family=family)
        if node is None:
            return Part("var", rest or head, tone="bad", icon="warning", prefix=tr("missing"))
        spec = registry.spec(node.type)
        return Part(
            "var",
            rest or head,
            icon=spec.icon if spec else "unknown",
            family=spec.family if spec else "unknown",
            prefix=node.title.strip(),
        )

    def inline(self, text: str, tone: str = "muted") -> tuple[Part, ...]:
        """A line of text whose `{{#node.name#}}` references became chips."""
        return tuple(self._pieces(text, tone))

    def _pieces(self, text: str, tone: str) -> Iterator[Part]:
        position = 0
        for found in _REFERENCE.finditer(text):
            before = text[position : found.start()].strip()
            if before:
                yield Part("text", before, tone=tone)  # type: ignore[arg-type]
            name = found.group(1)
            if name in ("context", "histories", "query"):
                yield Part("chip", name, tone="accent")
            else:
                yield self.variable(tuple(name.split(".")))
            position = found.end()
        after = text[position:].strip()
        if after:
            yield Part("text", after, tone=tone)  # type: ignore[arg-type]
