"""The e-mail that asks a person to fill a form (nodes-logic spec 12.2): subject and body from what the node says.

Dify puts a link to its own web page where the body says `{{#url#}}`. There is no server here, and a link that opens a
program leads nowhere on the machine of somebody else; so a sentence stands there that says where the form waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from engine.nodes.human_input.config import recipients
from engine.ports.mail import Mail
from engine.run.variables.templates import render

if TYPE_CHECKING:
    from markdown_it.token import Token

    from engine.run.variables.pool import VariablePool

LINK = "{{#url#}}"
MARK = "PENSTOCKPLACEOFTHEFORM"
"""Stands for the link while Markdown is read: no sign of it means anything there."""
HIDDEN = "••••••"
"""What stands in a mail for a secret: other than a record, it goes to strangers and shows nothing of it."""
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_SCHEMES = ("http://", "https://", "mailto:")
_PASSED_OVER = frozenset({"blockquote_open", "blockquote_close", "hr"})
_KEPT_WHOLE = frozenset({"fence", "code_block"})


@dataclass(frozen=True)
class Letter:
    """What is sent, to whom, and who is left out: `members` are people of a Dify workspace, whom nobody here knows."""

    mails: tuple[Mail, ...]
    members: int = 0
    everybody: bool = False
    malformed: tuple[str, ...] = ()


def email_methods(methods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The ways of delivery that are e-mail and switched on."""
    return [m for m in methods if m.get("type") == "email" and m.get("enabled", True)]


def letter(method: Mapping[str, Any], pool: VariablePool, place: str, own: str, *, shortest: int = 4) -> Letter:
    """What an e-mail method sends. `own` is the account's address: the only one in debug mode. Secrets of the pool with
    `shortest` letters or more are hidden, whatever way they came into the text."""
    from engine.run.outbox import Masker

    config = method.get("config")
    config = config if isinstance(config, Mapping) else {}
    masker = Masker(pool.secrets(), shortest, HIDDEN)
    subject = subject_of(masker.text(render(str(config.get("subject") or ""), pool).text))
    body = masker.text(render(str(config.get("body") or ""), pool).markdown)
    html, text = bodies(body, masker.text(place))
    people = recipients(dict(method))
    own_only = bool(config.get("debug_mode"))
    wanted = list(dict.fromkeys([own] if own_only else [a.strip() for a in people["addresses"] if a.strip()]))
    return Letter(
        tuple(Mail(to, subject, text, html) for to in wanted if is_address(to)),
        0 if own_only else len(people["members"]),
        not own_only and people["everybody"],
        tuple(to for to in wanted if not is_address(to)),
    )


def is_address(text: str) -> bool:
    """Whether a text may be one e-mail address, without a name and without anything that could begin another header."""
    return re.fullmatch(r"[^@\s<>,;:\"\\]+@[^@\s<>,;:\"\\]+", text) is not None


def subject_of(text: str) -> str:
    """One line without tags and without signs that steer a terminal or a mail program."""
    return "".join(sign for sign in " ".join(_TAG.sub("", text).split()) if sign.isprintable())


# -- Markdown ----------------------------------------------------------------------------------------------------------


def bodies(markdown: str, place: str = "") -> tuple[str, str]:
    """Markdown as HTML of few tags, and as plain words; `place` stands where the link was to be."""
    from markdown_it import MarkdownIt

    converter = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    marked = markdown.replace(f"<{LINK}>", MARK).replace(LINK, MARK)
    html = str(converter.renderer.render(_tidied(converter.parse(marked)), converter.options, {}))
    if MARK in marked and MARK not in html:  # the link was an attribute of a tag, or the target of a picture
        html += f"<p>{MARK}</p>\n"
    html = html.replace(MARK, escape(place))
    return html, plain_words(html)


def _tidied(tokens: list[Token]) -> list[Token]:
    """Only paragraphs, lists, tables and code stay; a heading becomes a paragraph in bold letters."""
    kept: list[Token] = []
    is_heading = False
    for token in tokens:
        token.attrs = {}
        if token.type in _PASSED_OVER:
            continue
        if token.type == "html_block":
            kept += _paragraph(_without_tags(token.content))
            continue
        if token.type in _KEPT_WHOLE:
            token.info = ""  # the language of the code would become an attribute
        if token.type in ("heading_open", "heading_close"):
            is_heading = token.type == "heading_open"
            token.tag = "p"
        elif token.type == "inline":
            token.children = _tidied_line(token.children or [])
            if is_heading:
                token.children = [
                    _made("strong_open", "strong", 1),
                    *token.children,
                    _made("strong_close", "strong", -1),
                ]
        kept.append(token)
    return kept


def _tidied_line(tokens: list[Token]) -> list[Token]:
    """Only emphasis, code, breaks and links to addresses of the web stay; a picture leaves its words."""
    kept: list[Token] = []
    links: list[str] = []
    for token in tokens:
        if token.type == "html_inline":
            if token.content.lower().startswith("<br"):
                kept.append(_made("hardbreak", "br", 0))
            continue
        if token.type == "image":
            kept.append(_text(token.content))
            continue
        if token.type == "link_open":
            links.append(str(token.attrs.get("href") or ""))
            token.attrs = {"href": links[-1]}
        if token.type in ("link_open", "link_close"):
            href = links[-1] if token.type == "link_open" else links.pop()
            if token.type == "link_close" and MARK in href:
                kept.append(_text(f" ({MARK})"))
            if not href.lower().startswith(_SCHEMES) or MARK in href:
                continue
        kept.append(token)
    return kept


def _made(kind: str, tag: str, nesting: Any) -> Token:
    from markdown_it.token import Token

    return Token(kind, tag, nesting)


def _text(words: str) -> Token:
    token = _made("text", "", 0)
    token.content = words
    return token


def _paragraph(words: str) -> list[Token]:
    if not words:
        return []
    line = _made("inline", "", 0)
    line.children = [_text(words)]
    return [_made("paragraph_open", "p", 1), line, _made("paragraph_close", "p", -1)]


class _Words(HTMLParser):
    """The words between tags; those of scripts and styles are none."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in ("script", "style")))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def _without_tags(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.parts).split())


class _Plain(HTMLParser):
    """Our own small HTML as text: one line a block, a dash before what is in a list, addresses behind their words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self._hrefs: list[tuple[str, int]] = []
        self._lists: list[int] = []
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "pre", "table", "ul", "ol"):
            self._block(blank=not self._lists)
        if tag in ("tr", "br"):
            self._line()
        if tag in ("ul", "ol"):
            self._lists.append(0)
        elif tag == "li" and self._lists:
            self._line()
            self._lists[-1] += 1
            self.lines[-1] += "  " * (len(self._lists) - 1) + "- "
        elif tag in ("td", "th") and self.lines[-1]:
            self.lines[-1] = f"{self.lines[-1].rstrip()} | "
        elif tag == "a":
            self._hrefs.append((dict(attrs).get("href") or "", len("\n".join(self.lines))))
        self._in_code = self._in_code or tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag == "a" and self._hrefs:
            href, start = self._hrefs.pop()
            if "\n".join(self.lines)[start:] not in (href, href.removeprefix("mailto:")):
                self.lines[-1] += f" ({href})"
        if tag == "pre":
            self._in_code = False

    def handle_data(self, data: str) -> None:
        if self._in_code:
            first, *rest = data.rstrip("\n").split("\n")
            self.lines[-1] += first
            self.lines += rest
        else:
            words = re.sub(r"\s+", " ", data)
            self.lines[-1] += words if self.lines[-1] else words.lstrip()

    def _line(self) -> None:
        if self.lines[-1].strip():
            self.lines.append("")

    def _block(self, *, blank: bool) -> None:
        if self.lines[-1].strip() in ("", "-"):
            return
        self.lines += ["", ""] if blank else [""]


def plain_words(html: str) -> str:
    """The words of a letter without its tags."""
    reader = _Plain()
    reader.feed(html)
    reader.close()
    return "\n".join(line.rstrip() for line in reader.lines).strip() + "\n"
