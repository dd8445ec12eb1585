"""What the engine says, in the person's language: errors, hints, reasons.

The engine speaks English, and so do logs and events on disk; what it said is translated when it is shown, old runs
too. What is not known (words of a server, of a library, of people) is shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache, lru_cache, partial
from typing import Final

from editor.i18n import language, remember, tr
from editor.templates import Templates
from engine.errors import FilePlace, PenstockError
from engine.model.problems import Sentence
from resources import folder

ROOMS: Final = ("engine", "errors", "outside")
"""The catalogues: checklist and edits; errors; what other programs say that people meet often."""
_LONGEST: Final = 20_000


@cache
def _templates(name: str) -> Templates:
    texts: dict[str, str] = {}
    for room in ROOMS:
        file = folder("i18n", name) / f"{room}.json"
        if file.is_file():
            texts.update(json.loads(file.read_text(encoding="utf-8")))
    return Templates(texts)


@lru_cache(maxsize=4096)
def _translated(name: str, text: str) -> str:
    found = _templates(name).find(text)
    return text if found is None else found


def _now(text: str) -> str:
    name = language()
    if name == "en" or not text or len(text) > _LONGEST:
        return text
    return _translated(name, text)


def told(what: str | BaseException | None) -> str:
    """An engine's text or error in the language in force; a widget that shows it says it again when that changes."""
    if what is None:
        return ""
    if isinstance(what, Sentence):
        values = {name: told(v) if isinstance(v, str) and " " in v else v for name, v in what.values.items()}
        return tr(what.template, **values)
    if isinstance(what, PenstockError) and isinstance(what.where, FilePlace) and str(what.where):
        text = f"{what.message} ({what.where})"
    else:
        text = str(what)
    for line in text.split("\n") if "\n" in text else ():
        remember(_now(line), partial(_now, line))
    return remember(_now(text), partial(_now, text))


def told_with_hint(error: BaseException, between: str = " ") -> str:
    """What went wrong, and what to do about it."""
    hint = getattr(error, "hint", "")
    return f"{told(error)}{between}{told(hint)}".strip() if hint else told(error)


def told_line(text: str, longest: int = 200) -> str:
    """The line of an engine's text that says what is wrong, cut, in the language in force: the first one that is not
    indented, as places in code are."""
    return remember(_line_now(text, longest), partial(_line_now, text, longest))


def _line_now(text: str, longest: int) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    line = next((line for line in lines if not line[0].isspace()), lines[0].strip() if lines else "")
    return _now(line)[:longest]


def told_lines(messages: Iterable[str], most: int = 3) -> str:
    """Several sentences for a note that is read in passing: a line each, and how many more there are after `most`."""
    lines = [told(message) for message in messages]
    more = [tr("and {n} more", n=len(lines) - most)] if len(lines) > most else []
    return "\n".join([*lines[:most], *more])
