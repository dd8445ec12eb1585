"""Which parameter of one tool is which of another: a guess that a person can correct, and a node that was changed over.

Names count most: the same, then alike, then words that mean the same; the last one that is needed goes to the last one
that is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from engine.ports.outside import ToolDescription, ToolParameter

ALIKE = 0.75
_MEANINGS = (
    {"query", "q", "question", "keyword", "keywords", "search", "prompt", "searchquery", "queryterm"},
    {"text", "content", "input", "mdtext", "markdown", "markdowncontent", "jsonstring", "body", "message", "script"},
    {"url", "link", "address", "uri", "website", "webpage"},
    {"file", "document", "pdfcontent", "audiofile", "video", "image", "attachment"},
    {"maxresults", "limit", "resultnum", "topk", "count", "num", "n"},
    {"filename", "outputfilename", "name", "title"},
    {"language", "lang", "hl", "languagecode", "translateto", "dest", "targetlanguage"},
    {"sql", "querysql", "statement", "query"},
)
_FILES = ("file", "files", "system-files")


def given_names(data: Mapping[str, Any]) -> list[str]:
    """The names of the parameters that a tool node sets, inputs first."""
    found: list[str] = []
    for key in ("tool_parameters", "tool_configurations"):
        stored = data.get(key)
        for name, item in stored.items() if isinstance(stored, Mapping) else ():
            value = item.get("value") if isinstance(item, Mapping) else item
            if value is not None and name not in found:
                found.append(str(name))
    return found


def guess(names: Sequence[str], tool: ToolDescription) -> dict[str, str]:
    """The file's names and what they are called by the tool; those that fit nowhere are missing."""
    targets = {p.name: p for p in tool.parameters}
    found = {name: name for name in names if name in targets}
    for test in (_like, _means):
        for name in names:
            if name in found:
                continue
            free = [t for t in targets if t not in found.values() and test(name, t)]
            if free:
                found[name] = max(free, key=lambda t: (targets[t].required, _likeness(name, t)))
    left = [n for n in names if n not in found]
    needed = [t for t, p in targets.items() if p.required and p.default is None and t not in found.values()]
    if left and len(needed) == 1 and targets[needed[0]].type not in _FILES:
        found[left[0]] = needed[0]
    return found


def lacking(pairs: Mapping[str, str], tool: ToolDescription) -> list[ToolParameter]:
    """The parameters that the tool needs and that nothing is given for."""
    return [p for p in tool.parameters if p.required and p.default is None and p.name not in pairs.values()]


def changed_over(data: Mapping[str, Any], tool: ToolDescription, pairs: Mapping[str, str]) -> dict[str, Any]:
    """The settings of a node that uses the tool from now on; values go with their names, what has no place is left
    out. Everything else of the node stays."""
    from engine.services.tool_snapshot import node_data

    found = node_data(tool)
    forms = {p.name: p.form for p in tool.parameters}
    for key in ("tool_parameters", "tool_configurations"):
        stored = data.get(key)
        for name, value in stored.items() if isinstance(stored, Mapping) else ():
            target = pairs.get(name, "")
            if target in forms:
                place = "tool_configurations" if forms[target] == "form" else "tool_parameters"
                found[place][target] = value if isinstance(value, Mapping) else {"type": "constant", "value": value}
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _plain(one), _plain(other)).ratio()


def _like(one: str, other: str) -> bool:
    return _likeness(one, other) >= ALIKE


def _means(one: str, other: str) -> bool:
    return any({_plain(one), _plain(other)} <= words for words in _MEANINGS)
