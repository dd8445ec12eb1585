"""EPUB books and OpenDocument texts: XML in a package."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from engine.adapters.documents.problems import encrypted

_BLOCKS = frozenset(
    [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "td",
        "th",
        "dt",
        "dd",
        "blockquote",
        "pre",
        "figcaption",
        "caption",
        "section",
        "article",
        "body",
        "tr",
        "table",
        "ul",
        "ol",
        "header",
        "footer",
        "aside",
        "nav",
        "main",
        "address",
        "hr",
    ]
)
_SILENT = frozenset(("script", "style", "head", "title", "template", "noscript"))
_OD = "{urn:oasis:names:tc:opendocument:xmlns:"


def _xml(content: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def book_text(content: bytes) -> str:
    """The chapters in reading order, a line for each piece of text."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        container = _xml(book.read("META-INF/container.xml"))
        package = next(element for element in container.iter() if _local(element) == "rootfile").get("full-path")
        if "META-INF/encryption.xml" in book.namelist() and "META-INF/rights.xml" in book.namelist():
            raise encrypted(".epub")
        tree = _xml(book.read(package))
        hrefs = {e.get("id"): e.get("href") for e in tree.iter() if _local(e) == "item"}
        order = [e.get("idref") for e in tree.iter() if _local(e) == "itemref"]
        folder = posixpath.dirname(package)
        lines: list[str] = []
        for name in order:
            if hrefs.get(name):
                path = posixpath.normpath(posixpath.join(folder, unquote(hrefs[name])))
                lines += html_lines(book.read(path))
    return "\n".join(lines)


def html_lines(content: bytes | str) -> list[str]:
    """The text of an HTML page, one entry a block, spaces joined."""
    from lxml import html

    if not content.strip():
        return []
    lines = [" ".join(text.split()) for text in _blocks(html.fromstring(content))]
    return [line for line in lines if line]


def _blocks(root: Any) -> Iterator[str]:
    current: list[str] = []

    def walk(element: Any) -> Iterator[str]:
        tag = _local(element)
        if not tag or tag in _SILENT:
            return
        block = tag in _BLOCKS or tag == "br"
        if block:
            yield "".join(current)
            current.clear()
        if element.text:
            current.append(element.text)
        for child in element:
            yield from walk(child)
            if child.tail:
                current.append(child.tail)
        if block:
            yield "".join(current)
            current.clear()

    yield from walk(root)
    yield "".join(current)


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def open_document_text(content: bytes) -> str:
    """Headings, paragraphs and list items of an OpenDocument text, a line each."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if "META-INF/manifest.xml" in packed.namelist() and b"encryption-data" in packed.read("META-INF/manifest.xml"):
            raise encrypted(".odt")
        tree = _xml(packed.read("content.xml"))
    body = next(tree.iter(f"{_OD}office:1.0}}text"), tree)
    paragraphs = (e for e in body.iter(f"{_OD}text:1.0}}p", f"{_OD}text:1.0}}h"))
    return "\n".join(_open_text(element) for element in paragraphs).strip()


def _open_text(element: Any) -> str:
    parts = [element.text or ""]
    for child in element:
        name = _local(child)
        if name == "s":
            parts.append(" " * int(child.get(f"{_OD}text:1.0}}c") or 1))
        elif name == "tab":
            parts.append("\t")
        elif name == "line-break":
            parts.append("\n")
        elif name not in ("note", "annotation", "p", "h"):
            parts.append(_open_text(child))
        parts.append(child.tail or "")
    return "".join(parts)
