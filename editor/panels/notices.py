"""What was done to a model's answer, or left out of its question, without an error: said in words where a step's run
is shown, so that nobody takes a mended answer for the model's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from editor.enginetexts import told
from editor.i18n import tr
from editor.panels.glyph import Glyph

_LEFT_OUT = re.compile(r"(.+) does not take (\w+) files: (.+) was left out\.", re.DOTALL)
_EMPTY = "The model gave an empty answer."
_CUT_OFF = re.compile(r"The answer was cut off at its limit of tokens, after (\d+);.*", re.DOTALL)


def notices_of(facts: Mapping[str, Any]) -> list[str]:
    """The notices of a step by its process data or its metadata."""
    found = []
    if facts.get("structured_output_repaired"):
        found.append(tr("The answer was no clean JSON. It was repaired before it was read; look whether it is right."))
    if facts.get("structured_output_booleans"):
        found.append(
            tr("The provider refuses booleans in a schema. It was asked for texts, which were turned back into them.")
        )
    warnings = facts.get("warnings")
    found += [_in_words(str(words)) for words in warnings] if isinstance(warnings, list) else []
    return found


def _in_words(warning: str) -> str:
    """A warning of the engine in the language in force; records keep it in English."""
    cut = _CUT_OFF.fullmatch(warning)
    if cut is not None:
        text = tr("The answer was cut off at its limit of {count} tokens.", count=cut[1])
        return f"{text} {tr('Set a larger limit (max_tokens) in the settings of the node.')}"
    if warning == _EMPTY:
        return tr("The model gave an empty answer.")
    left_out = _LEFT_OUT.fullmatch(warning)
    if left_out is None:
        return told(warning)
    kinds = {"image": tr("images"), "audio": tr("audio"), "video": tr("videos"), "document": tr("documents")}
    model, kind, file = left_out.groups()
    return tr("{model} does not take {kind}: {file} was left out.", model=model, kind=kinds.get(kind, kind), file=file)


class Notices(QWidget):
    """The notices, one under the other."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for text in texts:
            column.addWidget(_notice(text))


def _notice(text: str) -> QWidget:
    box = QFrame()
    box.setProperty("kind", "notice")
    row = QHBoxLayout(box)
    row.setContentsMargins(10, 8, 10, 8)
    row.setSpacing(8)
    row.addWidget(Glyph("warning", "warn"), 0, Qt.AlignmentFlag.AlignTop)
    words = QLabel(text)
    words.setTextFormat(Qt.TextFormat.PlainText)
    words.setWordWrap(True)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    row.addWidget(words, 1)
    return box
