"""CSS selectors as XPath: names, `*`, `#id`, `.class`, `[attribute]`, `[attribute=value]`, descendants, children,
commas.

A selector library would weigh more than what settings of a page reader need.
"""

from __future__ import annotations

import re

from engine.adapters.tools.declare import ToolFailed

_PIECE = re.compile(
    r"(?P<name>[\w-]+|\*)|#(?P<id>[\w-]+)|\.(?P<class>[\w-]+)"
    r"|\[\s*(?P<key>[\w-]+)\s*(?:=\s*(?P<quote>[\"']?)(?P<value>[^\"'\]]*)(?P=quote))?\s*\]"
)


def to_xpath(selector: str) -> str:
    """The XPath of a selector. Raises ToolFailed for one that is not understood."""
    return " | ".join(_one(part.strip()) for part in selector.split(",") if part.strip())


def _one(selector: str) -> str:
    path, axis = "", "//"
    for word in re.split(r"\s*(>)\s*|\s+", selector):
        if not word:
            continue
        if word == ">":
            axis = "/"
            continue
        path += axis + _compound(word, selector)
        axis = "//"
    return path


def _compound(word: str, selector: str) -> str:
    name, tests, at = "*", "", 0
    while at < len(word):
        piece = _PIECE.match(word, at)
        if piece is None or (piece["name"] and at):
            raise ToolFailed(f"The selector {selector!r} is not understood at {word[at:]!r}.")
        if piece["name"]:
            name = piece["name"].lower()
        elif piece["id"]:
            tests += f"[@id={_quoted(piece['id'])}]"
        elif piece["class"]:
            tests += f"[contains(concat(' ', normalize-space(@class), ' '), {_quoted(' ' + piece['class'] + ' ')})]"
        elif piece["value"] is None:
            tests += f"[@{piece['key'].lower()}]"
        else:
            tests += f"[@{piece['key'].lower()}={_quoted(piece['value'])}]"
        at = piece.end()
    return name + tests


def _quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text else f"'{text}'"
