"""Words in the person's language: English source texts are the keys, catalogues are JSON files of the rooms.

`resources/i18n/<language>/<room>.json` maps an English text to its translation; plural texts map the plural form.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from engine.model.problems import Sentence
from resources import folder

LANGUAGES: Final = ("en", "zh_CN")


class LanguageSignal(QObject):
    """`changed` is sent after another language was chosen; whoever shows text says it again."""

    changed = Signal()


class _State:
    language: str = "en"


@cache
def language_signal() -> LanguageSignal:
    """The one object that tells of language changes."""
    return LanguageSignal()


@cache
def _catalogue(language: str) -> dict[str, str]:
    """All texts of a language; empty for English."""
    texts: dict[str, str] = {}
    place = folder("i18n", language)
    if place.is_dir():
        for file in sorted(place.glob("*.json")):
            texts.update(json.loads(file.read_text(encoding="utf-8")))
    return texts


def language() -> str:
    """The language in force."""
    return _State.language


def set_language(name: str) -> None:
    """Puts a language in force, live; unknown ones fall back to English."""
    chosen = name if name in LANGUAGES else "en"
    if chosen != _State.language:
        _State.language = chosen
        language_signal().changed.emit()


def tr(text: str, /, **values: Any) -> str:
    """`text` in the language in force, with `{name}` places filled; a `Sentence` of the engine knows its own."""
    if isinstance(text, Sentence):
        values = {**text.values, **values}
        text = text.template
    found = _catalogue(_State.language).get(text, text) if _State.language != "en" else text
    return found.format(**values) if values else found


def ntr(one: str, many: str, n: int) -> str:
    """The singular or plural text for a number, with `{n}` filled; other places stay for the caller."""
    if _State.language == "en":
        chosen = one if n == 1 else many
    else:
        # Chinese has one form, but a singular sentence may name the thing instead of counting it.
        texts = _catalogue(_State.language)
        wanted, other = (one, many) if n == 1 else (many, one)
        chosen = texts.get(wanted) or texts.get(other) or wanted
    return chosen.replace("{n}", str(n))
