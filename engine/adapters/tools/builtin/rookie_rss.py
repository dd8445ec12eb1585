"""News feeds: of the platforms that files name, or of any address."""

from __future__ import annotations

from engine.adapters.tools.declare import (
    Answer,
    BuiltinProvider,
    BuiltinTool,
    ToolCall,
    ToolFailed,
    asked,
    data,
    fixed,
    said,
)
from engine.adapters.tools.feeds import read_feed
from engine.adapters.tools.pages import BROWSER, fetch

FEEDS = {
    "36kr": "https://36kr.com/feed",
    "huxiu": "https://www.huxiu.com/rss/0.xml",
    "juejin": "https://juejin.cn/rss",
    "ithome": "https://www.ithome.com/rss/",
    "sspai": "https://sspai.com/feed",
    "solidot": "https://www.solidot.org/index.rss",
    "infoq": "https://feed.infoq.com/",
    "oschina": "https://www.oschina.net/news/rss",
    "ruanyifeng": "https://www.ruanyifeng.com/blog/atom.xml",
    "hackernews": "https://hnrss.org/frontpage",
    "github": "https://github.blog/feed/",
    "v2ex": "https://www.v2ex.com/index.xml",
}
MOST = 100


async def rookie_rss(call: ToolCall) -> Answer:
    """The newest entries of a platform."""
    platform = call.needed("platform")
    address = FEEDS.get(platform.lower(), platform)
    if not address.startswith(("http://", "https://")):
        known = ", ".join(FEEDS)
        raise ToolFailed(f"The platform {platform!r} is not known here. Known are {known}; or give a feed's address.")
    return await _entries(call, address, call.integer("result_num", 10))


async def rss(call: ToolCall) -> Answer:
    """The newest entries of a feed."""
    return await _entries(call, call.needed("url"), call.integer("limit", 10))


async def _entries(call: ToolCall, address: str, count: int) -> Answer:
    response = await fetch(call.ports, address, headers=[("User-Agent", BROWSER)])
    if response.status >= 400:
        raise ToolFailed(f"{address} answered with the status code {response.status}.")
    entries = read_feed(response.content, min(max(count, 1), MOST))
    lines = [f"{n}. {e['title']}\n{e['link']}\n{e['summary'][:300]}".strip() for n, e in enumerate(entries, 1)]
    return [said("\n\n".join(lines)), *([data({"entries": entries})] if entries else [])]


PROVIDER = BuiltinProvider(
    "rookie_rss",
    "News feeds",
    "Reads RSS and Atom feeds.",
    "list",
    (
        BuiltinTool(
            "rookie_rss",
            "News of a platform",
            "A tool for reading the newest entries of a news platform.",
            rookie_rss,
            (
                fixed("platform", "Platform", "A known name, or the address of a feed", required=True, default="36kr"),
                fixed("result_num", "Entries", kind="number", default=10),
            ),
        ),
        BuiltinTool(
            "rss",
            "Read a feed",
            "A tool for reading an RSS or Atom feed by its address.",
            rss,
            (
                asked("url", "URL", "The address of the feed", required=True),
                fixed("limit", "Entries", kind="number", default=10),
            ),
        ),
    ),
)
