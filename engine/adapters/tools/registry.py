"""All built-in providers, found by every spelling of their names."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from engine.adapters.tools.declare import BuiltinProvider

_MODULES = (
    "time:PROVIDER",
    "maths:PROVIDER",
    "text_tools:PROVIDER",
    "regex:PROVIDER",
    "json_process:PROVIDER",
    "code:PROVIDER",
    "webscraper:PROVIDER",
    "jina:PROVIDER",
    "rookie_rss:PROVIDER",
    "wikipedia:PROVIDER",
    "duckduckgo:DUCKDUCKGO",
    "web_search:SEARXNG",
    "tavily:PROVIDER",
    "web_search:SERPER",
    "web_search:GOOGLE",
    "services:PERPLEXITY",
    "services:FIRECRAWL",
    "duckduckgo:TRANSLATE",
    "services:GITHUB",
    "audio:PROVIDER",
    "images:DALLE",
    "images:OPENAI",
    "mcp_sse:PROVIDER",
    "messages:WECOM",
    "messages:MAIL_163",
    "services:MERMAID",
    "chart:CHART",
    "chart:ECHARTS",
    "md_exporter:PROVIDER",
    "presentation:PROVIDER",
    "excel_tools:PROVIDER",
    "pdf_process:PROVIDER",
    "base64_codec:PROVIDER",
    "database:PROVIDER",
    "chunkers:EXTRACTOR",
    "chunkers:GENERAL",
    "chunkers:PARENT_CHILD",
    "chunkers:QA",
)


@cache
def providers() -> tuple[BuiltinProvider, ...]:
    """Every built-in provider in the order that a person sees."""
    found = []
    for place in _MODULES:
        module, _, name = place.partition(":")
        provider: BuiltinProvider = getattr(import_module(f"engine.adapters.tools.builtin.{module}"), name)
        found.append(provider)
    return tuple(found)


def provider(spelling: str) -> BuiltinProvider | None:
    """The provider of a bare name or a plugin path (`org/plugin/provider`)."""
    wanted = spelling.strip().rsplit("/", 1)[-1].lower()
    return next((p for p in providers() if p.id == wanted), None)
