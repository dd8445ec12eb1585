"""Reading what a model wrote: it may be anything, so every reader here answers something of the right kind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

LONGEST: Final = 20_000
"""Characters of one text of a plan."""
MOST_ROWS: Final = 100
"""Items of one list of a plan: inputs, cases, outputs."""
_REFERENCE: Final = re.compile(r"\{\{\s*#?\s*([\w-]{1,50}(?:\.[\w-]{1,50}){1,10})\s*#?\s*\}\}", re.ASCII)
_PLAIN: Final = re.compile(r"[\w-]{1,50}(?:\.[\w-]{1,50}){1,10}", re.ASCII)
_OUTSIDE_NAMES: Final = re.compile(r"[^A-Za-z0-9_]+")


def text(value: Any, default: str = "") -> str:
    """A text; numbers and truth values in words, lists one item a line, anything else the default."""
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return "\n".join(value)[:LONGEST]
    return default


def name(value: Any) -> str:
    """A name of a variable: letters, digits and underscores, not a digit first; empty when nothing is left."""
    found = _OUTSIDE_NAMES.sub("_", text(value).strip()).strip("_")[:50]
    return f"v_{found}"[:50] if found[:1].isdigit() else found


def key(value: Any) -> str:
    """What a node is called in a plan, as it may stand in a reference."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text(value).strip()).strip("_-")[:50]


def reference(value: Any) -> list[str]:
    """The selector that a value means: `{{#a.b#}}`, `{{ a.b }}`, `a.b` or `["a", "b"]`; empty for anything else."""
    if isinstance(value, list) and len(value) >= 2 and all(isinstance(v, str) and key(v) == v for v in value):
        return list(value[:11])
    if not isinstance(value, str):
        return []
    found = _REFERENCE.search(value)
    if found is not None:
        return found[1].split(".")
    return value.strip().split(".") if _PLAIN.fullmatch(value.strip()) else []


def is_reference(value: Any) -> bool:
    """Whether a value is one reference and nothing else."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value.strip()) is not None


def mark(selector: Sequence[str]) -> str:
    """A selector as it stands in a text."""
    return "{{#" + ".".join(selector) + "#}}" if selector else ""


def marked(value: Any) -> str:
    """A text in which every reference has the format's own marks: models leave the signs out."""
    return _REFERENCE.sub(lambda m: "{{#" + m[1] + "#}}", text(value))


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def rows(value: Any, first: str = "name", second: str = "value") -> list[dict[str, Any]]:
    """A list of mappings. A mapping stands for rows of its keys and values, a text in a list for a row of a name."""
    if isinstance(value, Mapping):
        made = [{first: k, **(v if isinstance(v, Mapping) else {second: v})} for k, v in value.items()]
    elif isinstance(value, list):
        made = [dict(v) if isinstance(v, Mapping) else {first: v} for v in value if isinstance(v, Mapping | str)]
    else:
        made = []
    return made[:MOST_ROWS]


def pick(settings: Mapping[str, Any], *keys: str) -> Any:
    """The first of these settings that is there, else None."""
    return next((settings[k] for k in keys if settings.get(k) is not None), None)


def yes(value: Any, *, default: bool = False) -> bool:
    """A truth value, also one in words."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "1", "on")
    return default


def whole(value: Any, low: int, high: int, default: int) -> int:
    """A whole number between two others."""
    try:
        return max(low, min(high, int(value)))
    except (TypeError, ValueError, OverflowError):
        return default


def by(old: Any, field: str) -> dict[str, Mapping[str, Any]]:
    """The rows that a node has, by one of their fields, so that what a plan does not speak of stays."""
    return {str(r.get(field)): r for r in old if isinstance(r, Mapping)} if isinstance(old, list | tuple) else {}
