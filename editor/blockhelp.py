"""The texts about blocks: one Markdown file for each node type and language, and what is put together of a tool.

A text begins with what the block does; then come the headings of `HEADINGS`. The last one names related blocks as links
whose address is the node type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from editor.i18n import tr
from engine.nodes.registry import canonical
from resources import folder

if TYPE_CHECKING:
    from engine.services.tool_snapshot import ToolDescription, ToolGroup

HEADINGS: Final = {
    "en": (
        "When to use it",
        "Settings",
        "Outputs",
        "When it fails",
        "Example",
        "Different from Dify",
        "See also",
    ),
    "zh_CN": ("何时使用", "设置", "输出", "失败时", "示例", "与 Dify 的不同", "相关节点"),
}
MAY_LACK: Final = 5
"""The place of the heading that a text may leave out: not every block differs."""
_LINK = re.compile(r"\[[^\]]+\]\(([a-z-]+)\)")


@dataclass(frozen=True)
class BlockHelp:
    """What is said of a node type: Markdown without the related blocks, and these."""

    type: str
    text: str
    related: tuple[str, ...]


@cache
def help_of(node_type: str, language: str) -> BlockHelp | None:
    """The text about a node type under any of its names, in English where the language has none; None for types that
    Penstock does not know."""
    name = canonical(node_type)
    for spoken in (language, "en"):
        file = folder("help", spoken, f"{name}.md")
        if name and file.is_file():
            body, _, related = file.read_text(encoding="utf-8").partition(f"\n## {HEADINGS[spoken][-1]}\n")
            return BlockHelp(name, body.strip(), tuple(_LINK.findall(related)))
    return None


def tool_text(tool: ToolDescription, group: ToolGroup | None) -> str:
    """What a tool says of itself, as Markdown: what it does, whose it is, what it takes."""
    parts = [_plain(tr(tool.description))] if tool.description else []
    if group is not None:
        whose = tr("Provider: {name}", name=_plain(tr(group.name)))
        about = _plain(tr(group.description)) if group.description not in ("", tool.description) else ""
        parts.append(f"{whose}  \n{about}" if about else whose)
    parts.append(f"## {tr('Parameters')}")
    if not tool.parameters:
        parts.append(tr("It takes none."))
    lines = []
    for parameter in tool.parameters:
        facts = [parameter.type, *([tr("required")] if parameter.required else [])]
        said = _plain(tr(parameter.description)) if parameter.description else ""
        words = f"- `{parameter.name}` ({', '.join(facts)})"
        lines.append(f"{words} — {said}" if said else words)
    if lines:
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """A stranger's words on one line, as words: nothing in them is a heading, a link or a picture."""
    return re.sub(r"([\\`*_\[\]#<>!|])", r"\\\1", " ".join(text.split()))
