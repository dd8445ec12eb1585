"""Searches of the web through services that need an account or a server of one's own: Serper, SerpAPI, SearXNG."""

from __future__ import annotations

import json
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

SERPER_HOME, SERPAPI_HOME = "https://google.serper.dev", "https://serpapi.com"
KINDS = ("general", "images", "videos", "news", "map", "music", "it", "science", "files", "social_media")
TIMES = ("day", "week", "month", "year")


def _parts(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(row.get(name) or "") for name in ("title", "link", "snippet")}


async def serper(call: ToolCall) -> Answer:
    """Title, link and beginning of every page that was found."""
    headers = {"X-API-KEY": call.account("serperapi_api_key")}
    params = {"q": call.needed("query"), "gl": call.text("gl") or "us", "hl": call.text("hl") or "en"}
    url = f"{base(call, SERPER_HOME)}/search"
    found = await ask_json(call, "GET", url, service="Serper", headers=headers, params=params)
    graph = found.get("knowledgeGraph") if isinstance(found, Mapping) else None
    result: dict[str, Any] = {}
    if isinstance(graph, Mapping):
        result = {"title": str(graph.get("title") or ""), "description": str(graph.get("description") or "")}
    result["organic"] = [_parts(row) for row in rows(found, "organic")]
    return data(result)


async def google_search(call: ToolCall) -> Answer:
    """What Google found, by SerpAPI."""
    params = {
        "api_key": call.account("serpapi_api_key"),
        "q": call.needed("query"),
        "engine": "google",
        "google_domain": "google.com",
        "num": 10,
        "hl": call.text("language_code"),
        "gl": call.text("country_code"),
    }
    found = await ask_json(call, "GET", f"{base(call, SERPAPI_HOME)}/search", service="SerpAPI", params=params)
    graph = found.get("knowledge_graph") if isinstance(found, Mapping) else None
    organic = [_parts(row) for row in rows(found, "organic_results")]
    if call.flag("as_agent_tool"):
        return "\n\n".join(f"{row['title']}\n{row['link']}\n{row['snippet']}" for row in organic)
    result: dict[str, Any] = {
        "refs": [{"title": r["title"], "url": r["link"], "content": r["snippet"]} for r in organic]
    }
    if isinstance(graph, Mapping):
        result |= {"title": str(graph.get("title") or ""), "description": str(graph.get("description") or "")}
    return data(result | {"organic_results": organic})


async def searxng_search(call: ToolCall) -> Answer:
    """What a SearXNG server found. Its JSON answers must be switched on (`search.formats`)."""
    params = {
        "q": call.needed("query"),
        "format": "json",
        "categories": (call.text("search_type") or "general").replace("_", " "),
        "time_range": call.text("time_range"),
    }
    url = f"{base(call, '', 'searxng_base_url')}/search"
    found = rows(await ask_json(call, "GET", url, service="SearXNG", params=params), "results")
    if not found:
        return f"No results found for '{params['q']}' in SearXNG."
    kept = [row for row in found if isinstance(row.get("url"), str)]
    return [said(json.dumps(kept, ensure_ascii=False)), *(data(row) for row in kept)]


SERPER = BuiltinProvider(
    "serper",
    "Serper",
    "Searches with Google through Serper.",
    "search",
    (
        BuiltinTool(
            "serper",
            "Search with Serper",
            "A tool for searching with Google; gives titles, links and the beginnings of pages.",
            serper,
            (
                asked("query", "Query", "What to search for", required=True),
                fixed("gl", "Country", "Code of the country, such as us", default="us"),
                fixed("hl", "Language", "Code of the language, such as en", default="en"),
            ),
        ),
    ),
    (secret("serperapi_api_key", "Key"), address(SERPER_HOME)),
)

GOOGLE = BuiltinProvider(
    "google",
    "Google",
    "Searches with Google through SerpAPI.",
    "search",
    (
        BuiltinTool(
            "google_search",
            "Search with Google",
            "A tool for searching with Google; gives titles, links and the beginnings of pages.",
            google_search,
            (
                asked("query", "Query", "What to search for", required=True),
                fixed("language_code", "Language", "Code of the language, such as en"),
                fixed("country_code", "Country", "Code of the country, such as us"),
                fixed("as_agent_tool", "As text for an agent", kind="boolean", default=False),
            ),
        ),
    ),
    (secret("serpapi_api_key", "Key"), address(SERPAPI_HOME)),
)

SEARXNG = BuiltinProvider(
    "searxng",
    "SearXNG",
    "Searches with a SearXNG server of your own.",
    "search",
    (
        BuiltinTool(
            "searxng_search",
            "Search with SearXNG",
            "A tool for searching many engines at once.",
            searxng_search,
            (
                asked("query", "Query", "What to search for", required=True),
                fixed("search_type", "What kind", kind="select", default="general", options=KINDS),
                fixed("time_range", "Time range", kind="select", options=TIMES),
            ),
        ),
    ),
    (
        address(
            "", name="searxng_base_url", required=True, description="Such as http://localhost:8888, JSON switched on"
        ),
    ),
)
