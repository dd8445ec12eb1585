"""DuckDuckGo, read from its page for simple browsers; and translations by the two services that files name."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    address,
    asked,
    data,
    fixed,
    said,
)
from engine.adapters.tools.pages import BROWSER
from engine.adapters.tools.summary import summarize
from engine.adapters.tools.web import ask, ask_json, base

HOME, TRANSLATE_HOME = "https://html.duckduckgo.com", "https://translate.googleapis.com"
MOST = 30


async def ddgo_search(call: ToolCall) -> Answer:
    """Each page that was found as data; with `require_summary` their beginnings summarized too."""
    query, most = call.needed("query"), min(max(call.integer("max_results", 5), 1), MOST)
    found = (await _found(call, query))[:most]
    if not found:
        return f"No results found for '{query}'."
    answers = [data(row) for row in found]
    if call.flag("require_summary"):
        return [*await summarize(call.ports, "\n".join(row["body"] for row in found)), *answers]
    return answers


async def _found(call: ToolCall, query: str) -> list[dict[str, str]]:
    headers = {"User-Agent": BROWSER, "Referer": f"{HOME}/"}
    url = f"{base(call, HOME)}/html/"
    response = await ask(call, "POST", url, service="DuckDuckGo", headers=headers, form=[("q", query), ("b", "")])
    found = await asyncio.to_thread(_read, response.content)
    if not found and re.search(rb"anomaly|challenge-form", response.content):
        raise ToolFailed(
            "DuckDuckGo asks whether a person is searching and gives nothing.",
            hint="Try again later, or use another search such as SearXNG or Tavily.",
        )
    return found


def _read(content: bytes) -> list[dict[str, str]]:
    from lxml import html

    if not content.strip():
        return []
    found = []
    root = html.document_fromstring(content, parser=html.HTMLParser(encoding="utf-8"))
    for link in root.xpath("//a[contains(concat(' ', @class, ' '), ' result__a ')]"):
        if link.xpath("./ancestor::*[contains(@class,'result--ad')]"):
            continue
        bodies = link.xpath("./ancestor::*[contains(@class,'result__body')][1]//*[contains(@class,'result__snippet')]")
        href = _target(str(link.get("href") or ""))
        entry = {"title": _words(link), "href": href, "body": _words(bodies[0]) if bodies else ""}
        if href.startswith("http") and entry not in found:
            found.append(entry)
    return found


def _target(href: str) -> str:
    """Links go through a page that counts clicks; the address itself is in them."""
    inner = parse_qs(urlsplit(href).query).get("uddg")
    return inner[0] if inner else f"https:{href}" if href.startswith("//") else href


def _words(element: Any) -> str:
    return " ".join(str(element.text_content()).split())


async def ddgo_translate(call: ToolCall) -> Answer:
    """A text in another language. DuckDuckGo translates no more, so the other service is asked."""
    return await _translated(call, call.needed("query"), call.text("translate_to") or "en")


async def translate(call: ToolCall) -> Answer:
    """A text in another language."""
    dest = call.text("custom_dest") or call.text("dest") or "en"
    return await _translated(call, call.needed("content"), dest)


async def _translated(call: ToolCall, text: str, language: str) -> Answer:
    params = {"client": "gtx", "sl": "auto", "tl": language, "dt": "t", "q": text}
    url = f"{base(call, TRANSLATE_HOME, 'translate_url')}/translate_a/single"
    found = await ask_json(call, "GET", url, service="Google Translate", params=params)
    pieces = found[0] if isinstance(found, list) and found and isinstance(found[0], list) else []
    words = "".join(str(p[0]) for p in pieces if isinstance(p, list) and p and p[0])
    if not words:
        kind = type(found).__name__ if not isinstance(found, Mapping) else json.dumps(found)[:200]
        raise ToolFailed(f"Google Translate gave no translation ({kind}).")
    return said(words)


DUCKDUCKGO = BuiltinProvider(
    "duckduckgo",
    "DuckDuckGo",
    "Searches the web with DuckDuckGo.",
    "search",
    (
        BuiltinTool(
            "ddgo_search",
            "Search with DuckDuckGo",
            "A tool for searching the web with DuckDuckGo.",
            ddgo_search,
            (
                asked("query", "Query", "What to search for", required=True),
                fixed("max_results", "Results", "How many at most", "number", default=5),
                fixed("require_summary", "Summarize", "Give a summary by the default model", "boolean", default=False),
                fixed("proxy_server", "Proxy", "Kept for other places; the proxy of the system is used"),
            ),
        ),
        BuiltinTool(
            "ddgo_translate",
            "Translate",
            "A tool for translating a text.",
            ddgo_translate,
            (
                asked("query", "Text", "What to translate", required=True),
                fixed("translate_to", "Into", "Code of the language, such as en", default="en"),
            ),
        ),
    ),
    (address(HOME), address(TRANSLATE_HOME, name="translate_url", description="Where texts are translated")),
)

TRANSLATE = BuiltinProvider(
    "google_translate",
    "Google Translate",
    "Translates texts.",
    "language",
    (
        BuiltinTool(
            "translate",
            "Translate",
            "A tool for translating a text.",
            translate,
            (
                asked("content", "Text", "What to translate", required=True),
                fixed("dest", "Into", "Code of the language, such as en", default="en"),
                fixed("custom_dest", "Into another", "Code of a language that the list does not have"),
            ),
        ),
    ),
    (address(TRANSLATE_HOME, name="translate_url", description="Where texts are translated"),),
)
