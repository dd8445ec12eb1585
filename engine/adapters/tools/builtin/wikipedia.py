"""Articles of Wikipedia."""

from __future__ import annotations

import json
import re

from engine.adapters.tools.declare import BuiltinProvider, BuiltinTool, ToolCall, ToolFailed, asked
from engine.adapters.tools.pages import fetch

LONGEST = 4000
RESULTS = 3


async def wikipedia_search(call: ToolCall) -> str:
    """The beginnings of the articles that fit best."""
    query, language = call.text("query"), call.text("language").lower() or "en"
    if not query:
        return "Please input query"
    if not re.fullmatch(r"[a-z][a-z-]{1,11}", language):
        raise ToolFailed(f"{language!r} is no language of Wikipedia.")
    params = [
        ("action", "query"),
        ("format", "json"),
        ("generator", "search"),
        ("gsrsearch", query[:300]),
        ("gsrlimit", str(RESULTS)),
        ("prop", "extracts"),
        ("exintro", "1"),
        ("explaintext", "1"),
        ("exlimit", str(RESULTS)),
    ]
    address = f"https://{language}.wikipedia.org/w/api.php"
    response = await fetch(call.ports, address, headers=[("User-Agent", "penstock")], params=params)
    if response.status >= 400:
        raise ToolFailed(f"Wikipedia answered with the status code {response.status}.")
    try:
        pages = json.loads(response.content).get("query", {}).get("pages", {}).values()
    except (ValueError, AttributeError) as problem:
        raise ToolFailed("Wikipedia gave an answer that cannot be read.") from problem
    found = [
        f"Page: {page.get('title', '')}\nSummary: {str(page.get('extract') or '').strip()}"
        for page in sorted(pages, key=lambda p: p.get("index", 0))
    ]
    return "\n\n".join(found)[:LONGEST] or "No good Wikipedia Search Result was found"


PROVIDER = BuiltinProvider(
    "wikipedia",
    "Wikipedia",
    "Looks things up in Wikipedia.",
    "search",
    (
        BuiltinTool(
            "wikipedia_search",
            "Search Wikipedia",
            "A tool for looking things up in Wikipedia.",
            wikipedia_search,
            (
                asked("query", "Query", "What to look up", required=True),
                asked("language", "Language", "Code of the language, such as en", default="en"),
            ),
        ),
    ),
)
