"""Web pages as text: fetched by the rules of the workspace, the readable part found, written as Markdown or plain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from engine.adapters.tools.declare import ToolFailed
from engine.ports.bundle import Ports
from engine.ports.outside import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from lxml.html import HtmlElement

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.1000.0 Safari/537.36"
)
MOST_BYTES = 20 * 1024 * 1024
CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
_NOISE = "script|style|noscript|template|svg|iframe|object|embed|canvas|button|select|input|textarea|dialog"
_FRAME = "nav|footer|aside|form|header"
_BLOCKS = frozenset(
    (
        *("p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "figure", "figcaption"),
        *("address", "details", "summary", "dl", "dt", "dd", "fieldset", "form", "body", "html", "center"),
    )
)
_UNLIKELY = re.compile(
    r"comment|sidebar|side-bar|footer|menu|breadcrumb|advert|\bads?\b|promo|related|share|social|popup|cookie|banner|"
    r"newsletter|subscribe|pagination|masthead|toolbar",
    re.IGNORECASE,
)
_LIKELY = re.compile(r"article|body|content|entry|main|page|post|text|blog|story", re.IGNORECASE)


async def fetch(
    ports: Ports, url: str, *, headers: Sequence[tuple[str, str]] = (), params: Sequence[tuple[str, str]] = ()
) -> HttpResponse:
    """One page. Raises PortError when it cannot be had; the status is the caller's business."""
    if ports.http is None:
        raise ToolFailed("There is no way to the network here.")
    if not re.match(r"https?://", url, re.IGNORECASE):
        raise ToolFailed(f"{url[:200]!r} is not an address that begins with http:// or https://.")
    request = HttpRequest(
        "GET",
        url,
        headers=headers,
        params=params,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_bytes=MOST_BYTES,
    )
    return await ports.http.send(request)


def header(response: HttpResponse, name: str) -> str:
    """A response header, empty when it is not there."""
    return next((v for k, v in response.headers if k.lower() == name), "")


def content_type(response: HttpResponse) -> str:
    """The MIME type without parameters, in small letters."""
    return header(response, "content-type").split(";")[0].strip().lower()


@dataclass
class Page:
    """A page that was read: what it is called and its readable part as Markdown and as plain text."""

    title: str = ""
    author: str = ""
    markdown: str = ""
    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)


def read_page(
    content: bytes, url: str, encoding: str | None = None, *, selector: str = "", remove: str = "", whole: bool = False
) -> Page:
    """The readable part of an HTML page; with `selector` (CSS: names, #id, .class, descendants) that part of it.

    Runs on a thread: large pages take a while.
    """
    from lxml import etree, html

    from engine.adapters.tools.selectors import to_xpath

    if not content.strip():
        return Page()
    parser = html.HTMLParser(encoding=_encoding(content, encoding), recover=True, huge_tree=False, remove_comments=True)
    try:
        root = html.document_fromstring(content, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as problem:
        raise ToolFailed(f"The page at {url} cannot be read: {problem}") from problem
    base = root.xpath("string(//base/@href)")
    place = urljoin(url, str(base)) if base else url
    page = Page(_title(root), _author(root))
    for element in root.xpath("|".join(f"//{name}" for name in _NOISE.split("|"))):
        element.drop_tree()
    for part in filter(None, (s.strip() for s in remove.split(","))):
        for element in root.xpath(to_xpath(part)):
            if element.getparent() is not None:
                element.drop_tree()
    bodies: list[HtmlElement] = root.xpath(to_xpath(selector)) if selector else [root if whole else _readable(root)]
    page.links = [(_flat(a.text_content()), urljoin(place, a.get("href", ""))) for b in bodies for a in b.iter("a")]
    page.images = [(i.get("alt", ""), urljoin(place, i.get("src", ""))) for b in bodies for i in b.iter("img")]
    page.markdown = _tidy("\n\n".join(_Writer(place, marked=True).block(b) for b in bodies))
    page.text = _tidy("\n\n".join(_Writer(place, marked=False).block(b) for b in bodies))
    return page


def _encoding(content: bytes, stated: str | None) -> str | None:
    """What the server said, if Python knows it; else what the page itself says, which the parser finds."""
    import codecs

    for name in (stated, "utf-8" if _is_utf8(content) else None):
        try:
            if name:
                return codecs.lookup(name).name
        except LookupError:
            continue
    return None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _title(root: HtmlElement) -> str:
    for path in ("//meta[@property='og:title']/@content", "//title/text()", "//h1"):
        for found in root.xpath(path):
            text = _flat(found if isinstance(found, str) else found.text_content())
            if text:
                return text
    return ""


def _author(root: HtmlElement) -> str:
    paths = ("//meta[@name='author']/@content", "//meta[@property='article:author']/@content", "//*[@rel='author']")
    for path in paths:
        for found in root.xpath(path):
            text = _flat(found if isinstance(found, str) else found.text_content())
            if text:
                return text
    return ""


def _readable(root: HtmlElement) -> HtmlElement:
    """The element that holds the article: marked as such, or the one whose paragraphs have the most text."""
    for element in root.xpath("|".join(f"//{name}" for name in _FRAME.split("|"))):
        inside = [a.tag for a in element.iterancestors()]
        if element.tag != "header" or not {"article", "main"} & set(inside):
            element.drop_tree()
    body = root.find("body") if root.find("body") is not None else root
    whole = len(_flat(body.text_content()))
    for path in ("//article", "//main", "//*[@role='main']"):
        marked = root.xpath(path)
        if len(marked) == 1 and len(_flat(marked[0].text_content())) > min(250, whole / 3):
            return marked[0]
    scores: dict[HtmlElement, float] = {}
    for paragraph in body.iter("p", "pre", "td", "li", "blockquote"):
        length = len(_flat(paragraph.text_content()))
        if length < 25:
            continue
        points = 1 + min(length / 100, 3) + paragraph.text_content().count(",") + paragraph.text_content().count("，")
        for element, share in zip(paragraph.iterancestors(), (1.0, 0.5, 0.25), strict=False):
            scores[element] = scores.get(element, _weight(element)) + points * share
    best = max(scores, key=lambda e: scores[e] * (1 - _link_share(e)), default=None)
    if best is None or len(_flat(best.text_content())) < whole * 0.2:
        return body
    return best


def _weight(element: HtmlElement) -> float:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return (-25.0 if _UNLIKELY.search(names) else 0.0) + (15.0 if _LIKELY.search(names) else 0.0)


def _link_share(element: HtmlElement) -> float:
    length = len(_flat(element.text_content())) or 1
    return min(sum(len(_flat(a.text_content())) for a in element.iter("a")) / length, 1.0)


def _tidy(text: str) -> str:
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


class _Writer:
    """Writes an element tree as Markdown, or as plain text with the same line breaks. Bounded in depth."""

    DEEPEST = 200

    def __init__(self, base: str, *, marked: bool) -> None:
        self._base, self._marked = base, marked

    def block(self, element: Any, depth: int = 0) -> str:
        """An element that begins and ends a line."""
        if depth > self.DEEPEST:
            return _flat(element.text_content())
        tag = element.tag
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            text = _flat(self.inside(element, depth))
            return f"{'#' * int(tag[1])} {text}" if self._marked and text else text
        if tag == "pre":
            text = element.text_content().strip("\n")
            return f"```\n{text}\n```" if self._marked else text
        if tag in ("ul", "ol"):
            return self._list(element, depth)
        if tag == "table":
            return self._table(element, depth)
        if tag == "blockquote":
            text = _tidy(self.inside(element, depth))
            return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if self._marked else text
        if tag == "hr":
            return "---" if self._marked else ""
        return self.inside(element, depth)

    def inside(self, element: Any, depth: int) -> str:
        """What is in an element: runs of text, and blocks apart from them."""
        parts: list[str] = [self._words(element.text)]
        for child in element:
            if not isinstance(child.tag, str):
                pass
            elif child.tag in _BLOCKS or child.tag in _OWN_BLOCKS:
                parts.append(f"\n\n{self.block(child, depth + 1)}\n\n")
            else:
                parts.append(self._inline(child, depth + 1))
            parts.append(self._words(child.tail))
        return re.sub(r" *\n *", "\n", "".join(parts)) if depth == 0 else "".join(parts)

    @staticmethod
    def _words(text: str | None) -> str:
        return re.sub(r"\s+", " ", text) if text else ""

    def _inline(self, element: Any, depth: int) -> str:
        tag = element.tag
        if tag == "br":
            return "\n"
        if tag == "img":
            alt = _flat(element.get("alt", ""))
            source = element.get("src", "")
            if not self._marked:
                return alt
            return f"![{alt}]({urljoin(self._base, source)})" if source and not source.startswith("data:") else alt
        text = self.inside(element, depth)
        if not self._marked or not text.strip():
            return text
        if tag == "a":
            target = element.get("href", "")
            if target and not target.startswith(("#", "javascript:")):
                return f"[{_flat(text)}]({urljoin(self._base, target)})"
        if tag in ("b", "strong"):
            return f"**{text.strip()}**"
        if tag in ("i", "em"):
            return f"*{text.strip()}*"
        if tag == "code":
            return f"`{text.strip()}`"
        return text

    def _list(self, element: Any, depth: int) -> str:
        lines: list[str] = []
        for number, item in enumerate(element.iterchildren("li"), 1):
            sign = f"{number}." if element.tag == "ol" else "-"
            text = _tidy(self.inside(item, depth + 1))
            first, *rest = text.split("\n") if text else [""]
            lines += [f"{sign} {first}", *(f"  {line}".rstrip() for line in rest if line.strip())]
        return "\n".join(lines)

    def _table(self, element: Any, depth: int) -> str:
        rows = [
            [_flat(self.inside(cell, depth + 1)).replace("|", "\\|") for cell in row.iterchildren("td", "th")]
            for row in element.iter("tr")
        ]
        rows = [row for row in rows if any(row)]
        if not rows:
            return ""
        if max(len(row) for row in rows) == 1:  # tables that only lay a page out
            return "\n\n".join(row[0] for row in rows)
        width = max(len(row) for row in rows)
        lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
        return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


_OWN_BLOCKS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol", "table", "blockquote", "hr"))
