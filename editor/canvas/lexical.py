"""Note texts: the rich-text tree that files carry (JSON with a `root`), as HTML for showing and back from what was
typed.

Only what the notes offer is kept apart: bold, italic, strikethrough, code, links, bullet and numbered lists,
headings, quotes.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any, Final

BOLD: Final = 1
ITALIC: Final = 2
STRIKE: Final = 4
UNDERLINE: Final = 8
CODE: Final = 16

EMPTY: Final = '<p style="-qt-paragraph-type:empty"><br/></p>'
"""An empty paragraph. A space that holds it open instead would stand in the text after somebody wrote there."""

_KEPT: Final = ' style="white-space: pre-wrap"'
"""Spaces in a row and at the start of a line are text, as in the format's own editor."""

NOTE_THEMES: Final = ("blue", "cyan", "green", "yellow", "pink", "violet")


def parse(text: str) -> dict[str, Any] | None:
    """The tree in a note's text, None when the text is something else (then it is plain text)."""
    stripped = text.lstrip()
    if not stripped.startswith("{"):
        return None
    try:
        tree = json.loads(stripped)
    except ValueError:
        return None
    return tree if isinstance(tree, dict) and isinstance(tree.get("root"), dict) else None


def to_html(text: str) -> str:
    """The note's text as a small HTML fragment that Qt shows."""
    tree = parse(text)
    if tree is None:
        return "".join(f"<p{_KEPT}>{html.escape(line)}</p>" if line else EMPTY for line in text.splitlines())
    return "".join(_block(child) for child in _children(tree["root"]))


def to_plain(text: str) -> str:
    """The note's words, one line per block."""
    tree = parse(text)
    if tree is None:
        return text
    return "\n".join(_words(child) for child in _children(tree["root"])).strip()


def _children(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = node.get("children")
    return [child for child in found if isinstance(child, Mapping)] if isinstance(found, list) else []


def _words(node: Mapping[str, Any]) -> str:
    if node.get("type") == "linebreak":
        return "\n"
    if isinstance(node.get("text"), str):
        return str(node["text"])
    found, apart = "", node.get("type") == "list"
    for number, child in enumerate(_children(node)):
        line = "\n" if number and (apart or child.get("type") == "list") else ""
        found += line + _words(child)
    return found


def _block(node: Mapping[str, Any]) -> str:
    kind = node.get("type")
    inner = "".join(_inline(child) for child in _children(node))
    if kind == "list":
        tag = "ol" if node.get("listType") == "number" else "ul"
        return f"<{tag}>{''.join(_item(child) for child in _children(node))}</{tag}>"
    if kind == "heading":
        level = str(node.get("tag", "h3"))
        level = level if level in ("h1", "h2", "h3", "h4") else "h3"
        return f"<{level}{_KEPT}>{inner}</{level}>"
    if kind == "quote":
        return f"<blockquote>{inner}</blockquote>"
    if kind == "code":
        return f"<pre>{inner}</pre>"
    return f"<p{_KEPT}>{inner}</p>" if inner else EMPTY


def _item(node: Mapping[str, Any]) -> str:
    nested = "".join(_block(child) for child in _children(node) if child.get("type") == "list")
    inner = "".join(_inline(child) for child in _children(node) if child.get("type") != "list")
    # An entry that only holds a list is no entry: files write lists in lists so.
    return f"<li{_KEPT}>{inner}{nested}</li>" if inner or not nested else nested


def _inline(node: Mapping[str, Any]) -> str:
    kind = node.get("type")
    if kind == "linebreak":
        return "<br/>"
    if kind in ("link", "autolink"):
        inner = "".join(_inline(child) for child in _children(node))
        return f'<a href="{html.escape(str(node.get("url", "")))}">{inner}</a>'
    if isinstance(node.get("text"), str):
        lines = html.escape(str(node["text"])).replace("\r\n", "\n").replace("\r", "\n")
        return _styled(lines.replace("\n", "<br/>"), node)
    return "".join(_inline(child) for child in _children(node))


def _styled(text: str, node: Mapping[str, Any]) -> str:
    flags = node.get("format")
    bits = flags if isinstance(flags, int) else 0
    for bit, tag in ((CODE, "code"), (UNDERLINE, "u"), (STRIKE, "s"), (ITALIC, "i"), (BOLD, "b")):
        if bits & bit:
            text = f"<{tag}>{text}</{tag}>"
    size = _font_size(node.get("style"))
    return f'<span style="font-size:{size}px">{text}</span>' if size else text


def _font_size(style: Any) -> int:
    if not isinstance(style, str):
        return 0
    for rule in style.split(";"):
        name, _, value = rule.partition(":")
        if name.strip() == "font-size" and value.strip().removesuffix("px").isdigit():
            return int(value.strip().removesuffix("px"))
    return 0


# -- building a tree ------------------------------------------------------------------------------------------


def text_node(text: str, *, flags: int = 0, size: int = 0) -> dict[str, Any]:
    """A run of text with its marks and, when not the default, its size."""
    return {
        "detail": 0,
        "format": flags,
        "mode": "normal",
        "style": f"font-size: {size}px;" if size else "",
        "text": text,
        "type": "text",
        "version": 1,
    }


def block_node(kind: str, children: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A paragraph, list, list item or link."""
    return {"children": children, "direction": "ltr", "format": "", "indent": 0, "type": kind, "version": 1, **more}


def document(blocks: list[dict[str, Any]]) -> str:
    """The note text for these blocks, as files carry it; empty for no text at all."""
    if not any(_words(block).strip() for block in blocks):
        return ""
    root = block_node("root", blocks)
    return json.dumps({"root": root}, ensure_ascii=False, separators=(",", ":"))
