"""RSS, RDF and Atom feeds as plain entries; the parser loads nothing and expands nothing."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from engine.adapters.tools.declare import ToolFailed


def read_feed(content: bytes, most: int) -> list[dict[str, str]]:
    """The newest entries: title, link, published, summary. Raises ToolFailed for what is no feed."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise ToolFailed(f"The feed cannot be read: {problem}") from problem
    if root is None:
        raise ToolFailed("The feed is empty.")
    entries = [e for e in root.iter() if isinstance(e.tag, str) and _name(e) in ("item", "entry")]
    if not entries and _name(root) not in ("rss", "RDF", "feed"):
        raise ToolFailed("The address gives no feed.")
    return [_entry(e) for e in entries[:most]]


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _entry(element: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in element:
        if isinstance(child.tag, str):
            name = _name(child)
            if name == "link" and child.get("href"):
                if child.get("rel", "alternate") == "alternate":
                    found.setdefault("link", child.get("href"))
            else:
                found.setdefault(name, "".join(child.itertext()).strip())
    summary = found.get("description") or found.get("summary") or found.get("encoded") or found.get("content") or ""
    return {
        "title": _plain(found.get("title", "")),
        "link": found.get("link") or found.get("id") or "",
        "published": found.get("pubDate") or found.get("published") or found.get("updated") or found.get("date") or "",
        "summary": _plain(summary)[:2000],
    }


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", unescape(text)))).strip()
