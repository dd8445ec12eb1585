"""Words in the person's language: English source texts are the keys, catalogues are JSON files of the rooms.

`resources/i18n/<language>/<room>.json` maps an English text to its translation; plural texts map the plural form.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
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


# The sentence that a text came from: singular (or the only form), plural, number, values.
_Sentence = tuple[str, str, int, dict[str, Any]]
_Source = _Sentence | Callable[[], str]
"""A function says what another module translates by itself."""
_said: dict[str, dict[str, _Source]] = {}
"""What was said lately, and by which module: one word of a language may stand for several of another one."""
_open: dict[str, _Sentence] = {}
"""Sentences with places that the caller fills."""
_MOST_SAID: Final = 20_000
_LONGEST_RUN: Final = 15
_SEAM: Final = re.compile(r"(\n+|  ·  |: |, | \*$|\t)")
"""Where words that were said one by one are put together."""


def _remember(words: str, source: _Source) -> None:
    place = sys._getframe(2).f_globals["__name__"]  # noqa: SLF001 - who speaks
    known = _said.get(words)
    if known is None:
        if len(_said) >= _MOST_SAID:
            for old in list(_said)[: _MOST_SAID // 4]:
                del _said[old]
        known = _said[words] = {}
        if isinstance(source, tuple) and source[1] and "{" in words:
            _open[words] = source
    known.setdefault(place, source)


def remember(words: str, again: Callable[[], str]) -> str:
    """`words` are shown; `again` gives them in the language then in force. Gives the words."""
    if words:
        _remember(words, again)
    return words


def said_again(text: str, places: Sequence[str] = ()) -> str:
    """A text that was said earlier, in the language in force now; the text itself when it was not said by the program.

    What was put together from several sentences is said again piece by piece. `places` are the modules that are asked
    first what they meant.
    """
    known = _said.get(text)
    if known is not None:
        place = next((p for p in places if p in known), next(iter(known)))
        again = _from(known[place], places)
        _said.setdefault(again, {}).setdefault(place, known[place])  # the same speaker, when the language changes back
        return again
    for words, source in _open.items():
        match = _pattern(words).fullmatch(text)
        if match is not None:
            again = _from(source, places)
            for name, value in match.groupdict().items():
                again = again.replace("{" + name + "}", said_again(value, places))
            return again
    pieces = _SEAM.split(text)
    if len(pieces) == 1:
        return text
    return "".join(_pieces_again(pieces, places))


def _pieces_again(pieces: list[str], places: Sequence[str]) -> Iterator[str]:
    """Pieces and the seams between them; a sentence that has a seam in it is found as a whole."""
    at = 0
    while at < len(pieces):
        for end in range(min(len(pieces), at + _LONGEST_RUN), at + 1, -2):
            run = "".join(pieces[at:end])
            if run in _said:
                yield said_again(run, places)
                break
        else:
            end = at + 1
            yield said_again(pieces[at], places) if pieces[at] else ""
        yield "".join(pieces[end : end + 1])
        at = end + 1


def _from(source: _Source, places: Sequence[str]) -> str:
    if not isinstance(source, tuple):
        return source()
    one, many, n, values = source
    if many:
        return ntr(one, many, n)
    return tr(one, **{k: said_again(v, places) if isinstance(v, str) else v for k, v in values.items()})


@cache
def _pattern(words: str) -> re.Pattern[str]:
    """A sentence whose places somebody fills later."""
    parts = re.split(r"\{(\w+)\}", words)
    made = "".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>.+)" for n, part in enumerate(parts))
    return re.compile(made, re.DOTALL)


def language() -> str:
    """The language in force."""
    return _State.language


def set_language(name: str) -> None:
    """Puts a language in force, live; unknown ones fall back to English."""
    chosen = name if name in LANGUAGES else "en"
    if chosen != _State.language:
        _State.language = chosen
        language_signal().changed.emit()


_COUNTS = ("n", "count", "total", "done")


def tr(text: str, /, **values: Any) -> str:
    """`text` in the language in force, with `{name}` places filled; a `Sentence` of the engine knows its own."""
    if isinstance(text, Sentence):
        values = {**text.values, **values}
        text = text.template
    found = _catalogue(_State.language).get(text, text) if _State.language != "en" else text
    words = found.format(**{key: _readable(key, value) for key, value in values.items()}) if values else found
    _remember(words, (text, "", 0, values))
    return words


def ntr(one: str, many: str, n: int) -> str:
    """The singular or plural text for a number, with `{n}` filled; other places stay for the caller."""
    words = _counted(one, many, n)
    _remember(words, (one, many, n, {}))
    return words


def _counted(one: str, many: str, n: int) -> str:
    if _State.language == "en":
        chosen = one if n == 1 else many
    else:
        # Chinese has one form, but a singular sentence may name the thing instead of counting it.
        texts = _catalogue(_State.language)
        wanted, other = (one, many) if n == 1 else (many, one)
        chosen = texts.get(wanted) or texts.get(other) or wanted
    return chosen.replace("{n}", amount(n))


def amount(n: int) -> str:
    """A count as people read it, its thousands apart. Both languages part them by a comma."""
    return f"{n:,}"


def _readable(key: str, value: Any) -> Any:
    """Values of a sentence as they are shown; only those that count something are grouped, names and codes never."""
    return amount(value) if key in _COUNTS and isinstance(value, int) else value
