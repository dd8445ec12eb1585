"""What a workflow does with its inputs, as far as it shows what they must look like: taken as an address, read as
JSON, made a number of, given to a tool for one kind of file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.model.workflow import Workflow

ADDRESS = "https://example.com/rivers"
_JSON = {
    "array[string]": '["SELECT 1"]',
    "array[number]": "[1, 2]",
    "array[object]": '[{"a": 1}]',
    "array[boolean]": "[true]",
}
_KINDS = {
    "xlsx": ("excel", "xlsx", "表格", "工作表"),
    "csv": ("csv",),
    "docx": ("docx", "word"),
    "pptx": ("pptx", "ppt", "powerpoint"),
    "pdf": ("pdf",),
}
"""Words in the names of tools and inputs, and the kind of file that they mean."""


def file_kind(words: str) -> str | None:
    """The extension that a name speaks of, or None."""
    low = words.lower()
    return next((kind for kind, names in _KINDS.items() if any(name in low for name in names)), None)


class Uses:
    """The needs of inputs by their name; those of the chat are `sys.query` and `sys.files`."""

    def __init__(self, workflow: Workflow) -> None:
        self.texts: dict[str, str] = {}
        self.files: dict[str, str] = {}
        nodes = [n for n in workflow.graph.nodes.values() if not n.is_note]
        self._starts = {n.id for n in nodes if n.type == "start"}
        for node in nodes:
            self._look(node.type, node.data)

    def _name(self, selector: Any) -> str | None:
        if not isinstance(selector, list | tuple) or len(selector) < 2:
            return None
        first, second = str(selector[0]), str(selector[1])
        if first == "sys":
            return f"sys.{second}"
        return second if first in self._starts else None

    def _whole(self, value: Any) -> str | None:
        """The input that a text begins with, or that a value is."""
        if isinstance(value, str):
            found = re.match(r"\s*\{\{#([^#.]+)\.([^#]+)#\}\}", value)
            return self._name((found[1], found[2])) if found else None
        return self._name(value)

    def _look(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "http-request":
            self._text(self._whole(data.get("url")), ADDRESS)
        elif kind == "code":
            self._code(data)
        elif kind == "tool":
            for name, value in self._given(data):
                if re.search(r"url|link|uri", name, re.IGNORECASE):
                    self._text(self._whole(value), ADDRESS)
                kept = self._whole(value)
                wanted = file_kind(f"{data.get('provider_id')} {data.get('tool_name')}")
                if kept is not None and wanted is not None:
                    self.files.setdefault(kept, wanted)

    def _text(self, name: str | None, value: str) -> None:
        if name is not None:
            self.texts.setdefault(name, value)

    @staticmethod
    def _given(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        stored = data.get("tool_parameters")
        for name, value in (stored if isinstance(stored, Mapping) else {}).items():
            yield str(name), value.get("value") if isinstance(value, Mapping) else value

    def _code(self, data: Mapping[str, Any]) -> None:
        source = str(data.get("code") or "")
        outputs = data.get("outputs")
        types = (
            [str(o.get("type")) for o in outputs.values() if isinstance(o, Mapping)]
            if isinstance(outputs, dict)
            else []
        )
        for variable in data.get("variables") or []:
            if not isinstance(variable, Mapping):
                continue
            name, argument = self._name(variable.get("value_selector")), re.escape(str(variable.get("variable")))
            if re.search(rf"(json\.loads|JSON\.parse)\(\s*{argument}\b", source):
                self._text(name, next((_JSON[t] for t in types if t in _JSON), '{"a": 1}'))
            elif re.search(rf"\b(int|float|Number|parseInt|parseFloat)\(\s*{argument}\b", source):
                self._text(name, "3")
