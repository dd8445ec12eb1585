"""Tavily: a search made for models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    address,
    asked,
    data,
    fixed,
    said,
    secret,
)
from engine.adapters.tools.web import ask_json, base, rows

HOME = "https://api.tavily.com"
_FLAGS = ("include_images", "include_image_descriptions", "include_favicon", "auto_parameters")
_WORDS_OR_FLAGS = ("include_answer", "include_raw_content")
_NUMBERS = ("max_results", "days", "chunks_per_source")
_TEXTS = ("search_depth", "topic", "time_range", "country", "start_date", "end_date")
_UNSET = ("", "None", "not_specified")


async def tavily_search(call: ToolCall) -> Answer:
    """What Tavily found, as data and as Markdown."""
    query = call.text("query")
    if not query:
        return "Please input a query."
    headers = {"Authorization": f"Bearer {call.account('tavily_api_key')}"}
    url = f"{base(call, HOME)}/search"
    found = await ask_json(call, "POST", url, service="Tavily", headers=headers, body=_body(call, query))
    if not rows(found, "results"):
        return f"No results found for '{query}' in Tavily."
    return [data(found), said(_markdown(call, found))]


def _body(call: ToolCall, query: str) -> dict[str, Any]:
    body: dict[str, Any] = {"query": query, "search_depth": "basic", "topic": "general", "max_results": 5}
    for name in _TEXTS:
        if call.text(name) not in _UNSET:
            body[name] = call.text(name)
    for name in ("include_domains", "exclude_domains"):
        domains = call.text(name).replace(",", " ").split()
        if domains:
            body[name] = domains
    for name in _NUMBERS:
        if call.text(name) not in _UNSET:
            body[name] = call.integer(name)
    for name in _WORDS_OR_FLAGS:
        word = call.text(name)
        body[name] = word if word in ("basic", "advanced", "markdown", "text") else call.flag(name)
    for name in _FLAGS:
        body[name] = call.flag(name)
    if body["topic"] != "news":
        body.pop("days", None)
    if body["search_depth"] != "advanced":
        body.pop("chunks_per_source", None)
    if body["topic"] != "general":
        body.pop("country", None)
    return body


def _markdown(call: ToolCall, found: Mapping[str, Any]) -> str:
    lines: list[str] = []
    if found.get("answer"):
        lines.append(f"**Answer:** {found['answer']}\n")
    images = found.get("images")
    if isinstance(images, list) and images:
        lines.append("**Images:**\n")
        for image in images:
            row = image if isinstance(image, Mapping) else {"url": image}
            words = row.get("description") or "" if call.flag("include_image_descriptions") else ""
            lines.append(f"![{words}]({row.get('url', '')})\n")
    for number, row in enumerate(rows(found, "results"), 1):
        lines.append(f"### Result {number}: [{row.get('title') or 'No Title'}]({row.get('url', '')})\n")
        if call.text("topic") == "news" and row.get("published_date"):
            lines.append(f"**Published Date:** {row['published_date']}\n")
        lines.append(f"**URL:** {row.get('url', '')}\n")
        if row.get("score"):
            lines.append(f"**Relevance Score:** {row['score']}\n")
        if row.get("favicon"):
            lines.append(f"**Favicon:** {row['favicon']}\n")
        if row.get("content"):
            lines.append(f"**Content:**\n{row['content']}\n")
        if row.get("raw_content"):
            lines.append(f"**Raw Content:**\n{row['raw_content']}\n")
        lines.append("---\n")
    return "\n".join(lines)


def _choice(name: str, label: str, default: str, *options: str) -> Any:
    return asked(name, label, kind="select", default=default, options=options)


PROVIDER = BuiltinProvider(
    "tavily",
    "Tavily",
    "Searches the web with Tavily.",
    "search",
    (
        BuiltinTool(
            "tavily_search",
            "Search with Tavily",
            "A tool for searching the web, made for models.",
            tavily_search,
            (
                asked("query", "Query", "What to search for", required=True),
                _choice("search_depth", "Depth", "basic", "basic", "advanced", "fast", "ultra-fast"),
                _choice("topic", "Topic", "general", "general", "news", "finance"),
                asked("days", "Days back", "For news", "number", default=7),
                _choice("time_range", "Time range", "not_specified", "not_specified", "day", "week", "month", "year"),
                asked("start_date", "From day", "Such as 2026-01-31"),
                asked("end_date", "To day", "Such as 2026-01-31"),
                asked("country", "Country", "Name in English"),
                fixed("max_results", "Results", "How many at most", "number", default=5),
                fixed("chunks_per_source", "Pieces of each page", kind="number", default=3),
                fixed("include_images", "With images", kind="boolean", default=False),
                fixed("include_image_descriptions", "With descriptions of images", kind="boolean", default=False),
                fixed("include_answer", "With an answer", "true, false, basic or advanced", default="false"),
                fixed("include_raw_content", "With whole pages", "true, false, markdown or text", default="false"),
                fixed("include_favicon", "With icons", kind="boolean", default=False),
                fixed("auto_parameters", "Choose settings by the query", kind="boolean", default=False),
                fixed("include_domains", "Only these domains", "Separated by commas"),
                fixed("exclude_domains", "Not these domains", "Separated by commas"),
            ),
        ),
    ),
    (secret("tavily_api_key", "Key"), address(HOME)),
)
