"""Rows and chips that the bodies of several node types share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from editor.canvas import metrics as m
from editor.canvas.content import Part, Row
from editor.canvas.reading import Naming, text_of
from editor.i18n import ntr, tr

Data = Mapping[str, Any]
Body = Callable[[Data, Naming], list[Row]]

_TYPE_ICONS: Final[Mapping[str, str]] = {
    "text-input": "type-string",
    "paragraph": "type-string",
    "string": "type-string",
    "secret": "type-secret",
    "number": "type-number",
    "integer": "type-number",
    "select": "list",
    "checkbox": "type-boolean",
    "boolean": "type-boolean",
    "file": "type-file",
    "file-list": "type-array",
    "json_object": "type-object",
    "json": "type-object",
    "object": "type-object",
}


def type_icon(type_name: str) -> str:
    """The icon of a variable or input type."""
    if type_name.startswith("array"):
        return "type-array"
    return _TYPE_ICONS.get(type_name, "type-any")


def chips(*parts: Part, handle: str | None = None, label: str = "", space: float = 0.0) -> Row:
    """A row of chips."""
    return Row(parts, m.ROW_CHIP, handle, label, space=space)


def said(text: str, tone: Any = "muted") -> Row:
    """A row of plain text."""
    return Row((Part("text", text, tone=tone),))


def more(count: int) -> Row:
    """The last row of a long list."""
    return said(ntr("and {n} more", "and {n} more", count), "faint")


LACKS: Final[Mapping[str, str]] = {"tool.unknown": "Not installed here", "tool.no_account": "No account here"}
"""What a card says of a tool that this workspace cannot call, by the problem's code."""


def lack_of(naming: Naming, place: str) -> str:
    """Why what a setting names cannot be used here, in words; empty when it can."""
    words = LACKS.get(naming.lacks.get(place, ""), "")
    return tr(words) if words else ""


def model_row(model: Mapping[str, Any]) -> Row:
    """The chip of a chosen model, or the call to choose one."""
    name = text_of(model, "name") or text_of(model, "model")
    if not name:
        return chips(Part("chip", tr("Choose a model"), tone="warn", icon="warning"))
    return chips(Part("chip", name, tone="text", icon="model", middle=True))
