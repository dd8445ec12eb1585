"""Smaller services of the web that files name: diagrams, users of GitHub, pages by Firecrawl, answers by Perplexity."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

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
    made_file,
    said,
    secret,
)
from engine.adapters.tools.web import ask, ask_json, base

MERMAID_HOME, GITHUB_HOME = "https://mermaid.ink", "https://api.github.com"
FIRECRAWL_HOME, PERPLEXITY_HOME = "https://api.firecrawl.dev", "https://api.perplexity.ai"
PICTURES = {"png": "image/png", "jpg": "image/jpeg", "svg": "image/svg+xml", "pdf": "application/pdf"}


async def mermaid_converter(call: ToolCall) -> Answer:
    """A diagram as a picture. A fence around it, as models write it, is taken off."""
    text = call.needed("mermaid_code").removeprefix("```mermaid").removeprefix("```").removesuffix("```").strip()
    shape = call.text("output_format") or "png"
    if shape not in PICTURES:
        raise ToolFailed(f"{shape!r} is none of {', '.join(PICTURES)}.")
    code = base64.urlsafe_b64encode(text.encode()).decode()
    kind = shape if shape in ("svg", "pdf") else "img"
    params = {"theme": call.text("theme"), "bgColor": call.text("background_color").lstrip("#")}
    params |= {name: call.text(name) for name in ("width", "height")}
    if kind == "img":
        params["type"] = "jpeg" if shape == "jpg" else "png"
    answer = await ask(call, "GET", f"{base(call, MERMAID_HOME)}/{kind}/{code}", service="mermaid.ink", params=params)
    return [said("The diagram was drawn."), made_file(answer.content, f"diagram.{shape}", PICTURES[shape])]


async def github_user_info(call: ToolCall) -> Answer:
    """What GitHub says of a user."""
    name = call.needed("username")
    if not name.replace("-", "").isalnum():
        raise ToolFailed(f"{name!r} cannot be the name of a user of GitHub.")
    headers = {"Accept": "application/vnd.github+json", "User-Agent": "penstock"}
    if call.account("access_tokens"):
        headers["Authorization"] = f"Bearer {call.account('access_tokens')}"
    url = f"{base(call, GITHUB_HOME)}/users/{name}"
    found = await ask_json(call, "GET", url, service="GitHub", headers=headers)
    return data(found)


async def firecrawl_scrape(call: ToolCall) -> Answer:
    """One page by Firecrawl: Markdown as text, everything as data."""
    body: dict[str, Any] = {
        "url": call.needed("url"),
        "formats": [f.strip() for f in call.text("formats").split(",") if f.strip()] or ["markdown"],
        "onlyMainContent": call.flag("onlyMainContent"),
        "waitFor": call.integer("waitFor"),
        "timeout": call.integer("timeout", 30000),
    }
    for name in ("includeTags", "excludeTags"):
        tags = [t.strip() for t in call.text(name).split(",") if t.strip()]
        if tags:
            body[name] = tags
    headers = {"Authorization": f"Bearer {call.account('firecrawl_api_key')}"}
    url = f"{base(call, FIRECRAWL_HOME)}/v1/scrape"
    found = await ask_json(call, "POST", url, service="Firecrawl", headers=headers, body=body, seconds=90.0)
    page = found.get("data") if isinstance(found, Mapping) else None
    if not isinstance(page, Mapping):
        raise ToolFailed(f"Firecrawl gave no page: {found.get('error') if isinstance(found, Mapping) else found}")
    return [said(str(page.get("markdown") or "")), data(dict(page))]


async def perplexity(call: ToolCall) -> Answer:
    """An answer that was looked up, with its sources."""
    body: dict[str, Any] = {
        "model": call.text("model") or "sonar",
        "messages": [
            {"role": "system", "content": "Be precise and concise."},
            {"role": "user", "content": call.needed("query")},
        ],
    }
    for name in ("max_tokens", "top_k"):
        body[name] = call.integer(name)
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
        if call.text(name):
            body[name] = float(call.text(name))
    domains = [d.strip() for d in call.text("search_domain_filter").split(",") if d.strip()]
    if domains:
        body["search_domain_filter"] = domains
    if call.text("search_recency_filter"):
        body["search_recency_filter"] = call.text("search_recency_filter")
    headers = {"Authorization": f"Bearer {call.account('perplexity_api_key')}"}
    url = f"{base(call, PERPLEXITY_HOME)}/chat/completions"
    found = await ask_json(call, "POST", url, service="Perplexity", headers=headers, body=body, seconds=120.0)
    try:
        words = str(found["choices"][0]["message"]["content"])
    except (KeyError, IndexError, TypeError) as problem:
        raise ToolFailed("Perplexity gave an answer without text.") from problem
    return [said(words), data(found)]


MERMAID = BuiltinProvider(
    "mermaid_converter",
    "Mermaid",
    "Draws Mermaid diagrams through mermaid.ink.",
    "chart",
    (
        BuiltinTool(
            "mermaid_converter",
            "Draw a diagram",
            "A tool for drawing Mermaid code as a picture or a PDF.",
            mermaid_converter,
            (
                asked("mermaid_code", "Mermaid code", required=True),
                fixed("output_format", "Format", kind="select", default="png", options=tuple(PICTURES)),
                fixed(
                    "theme", "Theme", kind="select", default="default", options=("default", "dark", "neutral", "forest")
                ),
                fixed("background_color", "Background", "Name or code of a color"),
                fixed("width", "Width", kind="number"),
                fixed("height", "Height", kind="number"),
            ),
        ),
    ),
    (address(MERMAID_HOME),),
)


GITHUB = BuiltinProvider(
    "github",
    "GitHub",
    "Looks things up on GitHub.",
    "code",
    (
        BuiltinTool(
            "github_user_info",
            "About a user",
            "A tool for looking up a user of GitHub.",
            github_user_info,
            (asked("username", "User", required=True),),
        ),
    ),
    (secret("access_tokens", "Token", "Only for more requests an hour", required=False), address(GITHUB_HOME)),
)


FIRECRAWL = BuiltinProvider(
    "firecrawl",
    "Firecrawl",
    "Reads web pages through Firecrawl.",
    "globe",
    (
        BuiltinTool(
            "scrape",
            "Read a page",
            "A tool for reading a web page that needs a browser.",
            firecrawl_scrape,
            (
                asked("url", "URL", required=True),
                fixed("formats", "Formats", "Separated by commas, such as markdown,html"),
                fixed("onlyMainContent", "Only the main part", kind="boolean", default=False),
                fixed("includeTags", "Only these elements", "Separated by commas"),
                fixed("excludeTags", "Not these elements", "Separated by commas"),
                fixed("waitFor", "Wait before reading", "Milliseconds", "number", default=0),
                fixed("timeout", "Longest time", "Milliseconds", "number", default=30000),
            ),
        ),
    ),
    (secret("firecrawl_api_key", "Key"), address(FIRECRAWL_HOME)),
)

PERPLEXITY = BuiltinProvider(
    "perplexity",
    "Perplexity",
    "Answers questions with what the web says.",
    "search",
    (
        BuiltinTool(
            "perplexity",
            "Ask Perplexity",
            "A tool for answers that are looked up on the web.",
            perplexity,
            (
                asked("query", "Query", required=True),
                fixed("model", "Model", default="sonar"),
                fixed("max_tokens", "Most tokens", kind="number", default=4096),
                fixed("temperature", "Temperature", kind="number", default=0.7),
                fixed("top_k", "Top K", kind="number", default=5),
                fixed("top_p", "Top P", kind="number", default=1),
                fixed("presence_penalty", "Presence penalty", kind="number", default=0),
                fixed("frequency_penalty", "Frequency penalty", kind="number", default=1),
                fixed("search_domain_filter", "Only these domains", "Separated by commas"),
                fixed(
                    "search_recency_filter",
                    "Time range",
                    kind="select",
                    default="month",
                    options=("day", "week", "month", "year"),
                ),
            ),
        ),
    ),
    (secret("perplexity_api_key", "Key"), address(PERPLEXITY_HOME)),
)
