"""From a text document that was typed in back to the tree that note files carry."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QFont, QTextBlock, QTextCharFormat, QTextDocument, QTextList, QTextListFormat

from editor.canvas import lexical

_NUMBERED = QTextListFormat.Style.ListDecimal
_CODE = "monospace"
"""The family that Qt gives to `<code>`."""
_HEADINGS = {1: "h1", 2: "h2", 3: "h3", 4: "h4"}


Entry = tuple[int, str, list[dict[str, Any]]]
"""Level, kind and content of one entry of a list."""


def to_lexical(document: QTextDocument, base_pixels: int) -> str:
    """The note text for what the document holds; `base_pixels` is the size that needs no mark."""
    blocks: list[dict[str, Any]] = []
    entries: list[Entry] = []
    block = document.begin()
    while block.isValid():
        children = _inline(block, base_pixels)
        found: QTextList | None = block.textList()
        if found is not None:
            form = found.format()
            kind = "number" if form.style() == _NUMBERED else "bullet"
            entries.append((form.indent() + block.blockFormat().indent(), kind, children))
        else:
            blocks += _lists(entries)
            entries = []
            level = block.blockFormat().headingLevel()
            if level in _HEADINGS:
                blocks.append(lexical.block_node("heading", children, tag=_HEADINGS[level]))
            else:
                blocks.append(lexical.block_node("paragraph", children))
        block = block.next()
    return lexical.document([*blocks, *_lists(entries)])


def _lists(entries: list[Entry], depth: int = 0) -> list[dict[str, Any]]:
    """The lists that entries one after the other make: another kind begins another list, and deeper entries stand in
    a list of their own within an entry."""
    found: list[dict[str, Any]] = []
    least = min((level for level, _, _ in entries), default=0)
    items: list[dict[str, Any]] = []
    kind, index = "", 0
    while index < len(entries):
        level, wanted, children = entries[index]
        end = index + 1
        if level > least:
            while end < len(entries) and entries[end][0] > least:
                end += 1
            children = _lists(entries[index:end], depth + 1)
            wanted = kind or wanted
        if items and kind != wanted:
            found.append(_list(items, kind))
            items = []
        kind = wanted
        items.append(lexical.block_node("listitem", children, value=len(items) + 1, indent=depth))
        index = end
    return [*found, _list(items, kind)] if items else found


def _list(items: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    tag = "ol" if kind == "number" else "ul"
    return lexical.block_node("list", items, listType=kind, start=1, tag=tag)


def _inline(block: QTextBlock, base_pixels: int) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = []
    iterator = block.begin()
    heading = block.blockFormat().headingLevel() > 0
    while not iterator.atEnd():
        fragment = iterator.fragment()
        iterator += 1
        if not fragment.isValid():
            continue
        form = fragment.charFormat()
        lines = fragment.text().replace("\u2028", "\n").split("\n")
        pieces: list[dict[str, Any]] = []
        for number, line in enumerate(lines):
            if number:
                pieces.append({"type": "linebreak", "version": 1})
            if line:
                flags = _flags(form, heading=heading)
                pieces.append(lexical.text_node(line, flags=flags, size=_size(form, base_pixels, heading=heading)))
        if form.isAnchor() and form.anchorHref():
            children.append(lexical.block_node("link", pieces, url=form.anchorHref(), rel="noreferrer", target=None))
        else:
            children.extend(pieces)
    return children


def _flags(form: QTextCharFormat, *, heading: bool) -> int:
    flags = 0
    if form.fontWeight() >= QFont.Weight.DemiBold and not heading:
        flags |= lexical.BOLD
    if form.fontItalic():
        flags |= lexical.ITALIC
    if form.fontStrikeOut():
        flags |= lexical.STRIKE
    if form.fontUnderline() and not form.isAnchor():
        flags |= lexical.UNDERLINE
    if _CODE in (form.fontFamilies() or ()):
        flags |= lexical.CODE
    return flags


def _size(form: QTextCharFormat, base_pixels: int, *, heading: bool) -> int:
    size = form.intProperty(QTextCharFormat.Property.FontPixelSize)
    return size if size > 0 and size != base_pixels and not heading else 0
