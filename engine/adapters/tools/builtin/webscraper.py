"""A web page or document at an address as readable text."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from engine.adapters.tools.declare import Answer, BuiltinProvider, BuiltinTool, ToolCall, ToolFailed, asked, fixed
from engine.adapters.tools.pages import BROWSER, Page, content_type, fetch, read_page
from engine.adapters.tools.summary import summarize
from engine.ports.outside import HttpResponse, PortError

DOCUMENTS = {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.ms-excel": ".xls",
    "application/msword": ".doc",
    "application/epub+zip": ".epub",
    "text/csv": ".csv",
}
PLAIN = ("text/plain", "text/markdown", "text/xml", "application/xml", "application/json")
PAGES = ("text/html", "application/xhtml+xml")


async def webscraper(call: ToolCall) -> Answer:
    """Title, author and readable text of a page; or its summary by the default model."""
    url = call.text("url")
    if not url:
        return "Please input url"
    agent = call.text("user_agent") or BROWSER
    text = await page_text(call, await fetch(call.ports, url, headers=[("User-Agent", agent)]), url)
    return await summarize(call.ports, text) if call.flag("generate_summary") else text


async def page_text(call: ToolCall, response: HttpResponse, url: str) -> str:
    """The text of whatever an address gave."""
    if response.status != 200:
        return f"URL returned status code {response.status}."
    kind = content_type(response) or "text/html"
    if kind in PAGES:
        return described(await asyncio.to_thread(read_page, response.content, response.url or url, response.encoding))
    if kind in PLAIN:
        return response.content.decode(response.encoding or "utf-8", "replace")
    extension = DOCUMENTS.get(kind) or PurePosixPath(unquote(urlsplit(response.url or url).path)).suffix.lower()
    if kind not in DOCUMENTS and extension not in DOCUMENTS.values():
        return f"Unsupported content-type [{kind}] of URL."
    if call.ports.documents is None:
        raise ToolFailed("There is no reader for documents here.")
    try:
        return await call.ports.documents.text(response.content, extension=extension, mime_type=kind)
    except PortError as problem:
        raise ToolFailed(f"The document at {url} cannot be read: {problem}") from problem


def described(page: Page) -> str:
    """A page as the tool writes it."""
    return f"TITLE: {page.title}\nAUTHOR: {page.author}\nTEXT:\n\n{page.text}"


PROVIDER = BuiltinProvider(
    "webscraper",
    "Web page",
    "Reads web pages and documents at an address.",
    "globe",
    (
        BuiltinTool(
            "webscraper",
            "Read a web page",
            "A tool for scraping webpages. Input should be a URL.",
            webscraper,
            (
                asked("url", "URL", "url for scraping", required=True),
                fixed("user_agent", "User agent", "What the reader calls itself", default=BROWSER),
                fixed("generate_summary", "Summarize", "Give a summary by the default model", "boolean", default=False),
            ),
        ),
    ),
)
