"""The page reader of many files: fetched and written as Markdown here; no account and no service in between."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from engine.adapters.tools.builtin.webscraper import DOCUMENTS, PAGES, page_text
from engine.adapters.tools.declare import Answer, BuiltinProvider, BuiltinTool, ToolCall, ToolFailed, asked, fixed
from engine.adapters.tools.pages import BROWSER, Page, content_type, fetch, read_page
from engine.adapters.tools.summary import summarize
from engine.ports.outside import HttpResponse, PortError

MOST_RETRIES = 10
FORMATS = ("default", "markdown", "html", "text", "screenshot", "pageshot")


async def jina_reader(call: ToolCall) -> Answer:
    """The page as Markdown with its title and address in front."""
    url = call.needed("url")
    shape = call.text("content_format") or "default"
    if shape in ("screenshot", "pageshot"):
        raise ToolFailed("Pictures of pages need the remote service; choose another content format.")
    response = await _fetched(call, url)
    if response.status >= 400:
        raise ToolFailed(f"{url} answered with the status code {response.status}.")
    kind = content_type(response) or "text/html"
    if shape == "html" and kind in PAGES:
        return response.content.decode(response.encoding or "utf-8", "replace")
    if kind in PAGES:
        page = await asyncio.to_thread(
            read_page,
            response.content,
            response.url or url,
            response.encoding,
            selector=call.text("target_selector"),
            remove=call.text("remove_selector"),
        )
        text = _written(call, page, response.url or url, plain=shape == "text")
    else:
        text = await page_text(call, response, url)
        if kind in DOCUMENTS:
            text = f"URL Source: {url}\n\nMarkdown Content:\n{text}"
    return await summarize(call.ports, text) if call.flag("summary") else text


async def _fetched(call: ToolCall, url: str) -> HttpResponse:
    """The answer, asked for again when there is none."""
    left = min(max(call.integer("max_retries", 3), 0), MOST_RETRIES)
    while True:
        try:
            return await fetch(call.ports, url, headers=[("User-Agent", BROWSER)], params=_params(call))
        except PortError as problem:
            refused = getattr(problem, "code", "") == "network.refused" or isinstance(problem, ToolFailed)
            if refused or left <= 0:
                raise
        left -= 1


def _params(call: ToolCall) -> list[tuple[str, str]]:
    text = call.text("request_params")
    if not text:
        return []
    try:
        found: Any = json.loads(text)
    except ValueError as problem:
        raise ToolFailed(f"The request parameters are not valid JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise ToolFailed("The request parameters must be a JSON object.")
    return [(str(k), v if isinstance(v, str) else json.dumps(v)) for k, v in found.items()]


def _written(call: ToolCall, page: Page, url: str, *, plain: bool) -> str:
    body = page.text if plain else page.markdown
    if call.flag("remove_images") or (call.values.get("retain_images") is not None and not call.flag("retain_images")):
        import re

        body = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", body)
    if call.flag("image_caption"):
        for number, (alt, source) in enumerate(page.images, 1):
            body = body.replace(f"![{alt}]({source})", f"![Image {number}: {alt}]({source})", 1)
    parts = [f"Title: {page.title}", f"URL Source: {url}", f"Markdown Content:\n{body}"]
    if call.flag("gather_all_links_at_the_end"):
        rows = dict.fromkeys((text or target, target) for text, target in page.links if target)
        parts.append("Links/Buttons:\n" + "\n".join(f"- [{text}]({target})" for text, target in rows))
    if call.flag("gather_all_images_at_the_end"):
        shown = enumerate(page.images, 1)
        parts.append("Images:\n" + "\n".join(f"- ![Image {n}: {alt}]({source})" for n, (alt, source) in shown))
    return "\n\n".join(parts)


def _switch(name: str, label: str, description: str = "") -> Any:
    return fixed(name, label, description, "boolean", default=False)


PROVIDER = BuiltinProvider(
    "jina",
    "Page reader",
    "Turns web pages and documents into Markdown.",
    "globe",
    (
        BuiltinTool(
            "jina_reader",
            "Fetch a page as Markdown",
            "A tool for scraping webpages. Input should be a URL.",
            jina_reader,
            (
                asked("url", "URL", "url for scraping", required=True),
                asked("request_params", "Request parameters", 'JSON such as {"key1": "value1"}'),
                fixed("target_selector", "Part to read", "A CSS selector"),
                fixed("wait_for_selector", "Wait for", "Kept for the remote service; pages are read at once here"),
                fixed("remove_selector", "Parts to leave out", "A CSS selector"),
                fixed("remove_images", "Leave images out", kind="boolean"),
                fixed("retain_images", "Keep images", kind="boolean"),
                _switch("image_caption", "Number the images"),
                _switch("gather_all_links_at_the_end", "List all links at the end"),
                _switch("gather_all_images_at_the_end", "List all images at the end"),
                fixed("proxy_server", "Proxy server", "Kept for the remote service"),
                _switch("no_cache", "Bypass the cache", "There is none here"),
                _switch("no_cache_track", "Do not cache or track", "Nothing is kept here"),
                fixed("with_iframe", "With frames", kind="boolean"),
                fixed("with_shadow_dom", "With shadow DOM", kind="boolean"),
                _switch("summary", "Summarize", "Give a summary by the default model"),
                fixed("max_retries", "Retries", kind="number", default=3),
                fixed("content_format", "Content format", kind="select", default="default", options=FORMATS),
            ),
        ),
    ),
)
