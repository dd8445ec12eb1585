"""Finding out which sentence a text was made from: `Node {title} has no output {name}.` and what was filled in.

Texts of the engine are kept in English, in runs of years. A sentence is found again by its fixed words, in one pass
and without going back, so that a long text costs no more than reading it.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PLACE: Final = re.compile(r"\{([a-z]\w*)(!r)?\}")
"""What is filled in: `{name}`, or `{name!r}` for a text that stands in quotes. Other braces are words."""
WORD_PLACES: Final = frozenset({"what"})
"""Names of places that hold a word of the program, such as "question", which is translated too."""
PATH_PLACES: Final = frozenset({"field"})
"""Names of places that hold a path without spaces."""
NUMBER_PLACES: Final = frozenset({"line", "column", "char", "count"})
"""Names of places that hold a number."""
_SIDE_BY_SIDE: Final = re.compile(r"(\{[a-z]\w*(?:!r)?\}) +\{[a-z]\w*\}(?=$|[.;,])")
_QUOTES: Final = frozenset({("'", "'"), ('"', '"'), ("[", "]"), ("{", "}"), ("(", ")")})
_TYPED: Final = re.compile(r"(\w*(?:Error|Exception|Refused|Warning)): (.+)", re.DOTALL)
_CODE: Final = re.compile(r"(\[[A-Z_]+\]) (.+)", re.DOTALL)
_MOST_TRIES: Final = 150
_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) +(?=\S)| +(?=[A-Z])")
_MOST_ENDS: Final = 60
_IN_BRACKETS: Final = re.compile(r"(.*\S) \(([^()]*)\)", re.DOTALL)
_FILE_PLACE: Final = re.compile(r"line (\d+)(?:, column (\d+))?(?:, (.+))?", re.DOTALL)


@dataclass(frozen=True)
class Template:
    """A sentence with places and its translation; `parts` are the fixed words around the places."""

    parts: tuple[str, ...]
    places: tuple[tuple[str, bool], ...]
    said: str

    @classmethod
    def of(cls, text: str, said: str) -> Template:
        """From `The node {title} is gone.` and its translation."""
        # Two places with nothing but a space between them cannot be told apart: the first one takes both.
        pieces = PLACE.split(_SIDE_BY_SIDE.sub(r"\1", text))
        places = tuple((name, mark is not None) for name, mark in zip(pieces[1::3], pieces[2::3], strict=True))
        return cls(tuple(pieces[::3]), places, said)

    @property
    def weight(self) -> int:
        """How much of it is fixed: of two that fit, the one that says more is meant."""
        return sum(map(len, self.parts))

    def match(self, text: str) -> list[str] | None:
        """What was filled in, if the text was made from this sentence."""
        first, *middle, last = self.parts
        if not (text.startswith(first) and text.endswith(last)) or len(text) < self.weight:
            return None
        found: list[str] = []
        at, end = len(first), len(text) - len(last)
        for part in middle:
            place = text.find(part, at, end)
            if place < 0:
                return None
            found.append(text[at:place])
            at = place + len(part)
        return [*found, text[at:end]] if at <= end else None

    def takes(self, values: list[str]) -> bool:
        """Whether what was found can be what was filled in."""
        return all(_fits(name, quoted, value) for (name, quoted), value in zip(self.places, values, strict=True))


def _fits(name: str, quoted: bool, value: str) -> bool:
    if quoted:
        return " " not in value or (value[0], value[-1]) in _QUOTES
    if name in NUMBER_PLACES:
        return value.replace(",", "").isdigit()
    return name not in PATH_PLACES or " " not in value


class Templates:
    """The sentences of one language, ready for finding."""

    def __init__(self, texts: Mapping[str, str], signs: Sequence[str] = ("（{}）", "：", "；", "。")) -> None:
        self._signs = signs
        self._whole: dict[str, str] = {}
        self._by_first_word: dict[str, list[Template]] = {}
        self._others: list[Template] = []
        for text, said in texts.items():
            if not PLACE.search(text):
                self._whole[text] = said
                continue
            template = Template.of(text, said)
            word, space, _ = template.parts[0].partition(" ")
            (self._by_first_word.setdefault(word, []) if space else self._others).append(template)
        for group in self._by_first_word.values():
            group.extend(self._others)
        for group in (*self._by_first_word.values(), self._others):
            group.sort(key=lambda t: -t.weight)

    def find(self, text: str) -> str | None:
        """The translation of a text; None when it was not made from these sentences."""
        return _Search(self._whole, self._candidates, self._signs).find(text)

    def _candidates(self, text: str) -> list[Template]:
        return self._by_first_word.get(text.partition(" ")[0], self._others)


class _Search:
    """Looking for the sentences of one text. What was looked for is remembered, and the tries are counted: a text of
    many colons and brackets can be taken apart in very many ways."""

    def __init__(
        self, whole: Mapping[str, str], candidates: Callable[[str], list[Template]], signs: Sequence[str]
    ) -> None:
        self._whole, self._candidates = whole, candidates
        self._bracket, self._colon, self._semicolon, self._stop = signs
        self._known: dict[str, str | None] = {}
        self._tries = _MOST_TRIES

    def find(self, text: str) -> str | None:
        if text not in self._known:
            self._known[text] = None
            self._known[text] = self._look(text)
        return self._known[text]

    def _look(self, text: str) -> str | None:
        stripped = text.strip()
        if stripped != text:
            found = self.find(stripped)
            return None if found is None else text.replace(stripped, found)
        if not text or text in self._whole:
            return self._whole.get(text)
        for way in (
            self._lines,
            self._typed,
            self._whole_and_placed,
            self._sentence,
            self._placed,
            self._coded,
            self._sentences,
            self._listed,
            self._after_colon,
        ):
            found = way(text)
            if found is not None:
                return found
        return None

    def _sentence(self, text: str) -> str | None:
        self._tries -= 1
        for template in self._candidates(text) if self._tries > 0 else ():
            values = template.match(text)
            if values is not None and template.takes(values):
                return self._filled(template, values)
        return None

    def _filled(self, template: Template, values: list[str]) -> str:
        filled: dict[str, str] = {}
        for (name, quoted), value in zip(template.places, values, strict=True):
            bare = _unquoted(value) if quoted else value
            if name in WORD_PLACES or " " in value:
                bare = self._whole.get(bare) or self.find(bare) or bare
            filled[name] = bare
        return PLACE.sub(lambda m: filled.get(m[1], ""), template.said).strip()

    def _lines(self, text: str) -> str | None:
        """Each line by itself; a sentence that goes over several lines when its first line alone says nothing."""
        if "\n" not in text:
            return None
        lines = text.split("\n")
        found = [self.find(line) for line in lines]
        if found[0] is None and (whole := self._sentence(text)) is not None:
            return whole
        if not any(found):
            return None
        return "\n".join(new if new is not None else old for old, new in zip(lines, found, strict=True))

    def _whole_and_placed(self, text: str) -> str | None:
        """A sentence to its full stop, and its place behind it, in brackets."""
        match = _IN_BRACKETS.fullmatch(text)
        if match is None or not match[1].endswith("."):
            return None
        found = self._alone(match[1])
        return None if found is None else found + self._bracket.format(self.place(match[2]))

    def _placed(self, text: str) -> str | None:
        """A text with its place behind it, in brackets."""
        match = _IN_BRACKETS.fullmatch(text)
        if match is None:
            return None
        found = self.find(match[1])
        return None if found is None else found + self._bracket.format(self.place(match[2]))

    def _typed(self, text: str) -> str | None:
        """An error of Python with the name of its type before it."""
        match = _TYPED.fullmatch(text)
        found = None if match is None else self.find(match[2])
        return None if match is None or found is None else f"{match[1]}{self._colon}{found}"

    def _coded(self, text: str) -> str | None:
        """A text with the code of its rule before it."""
        match = _CODE.fullmatch(text)
        found = None if match is None else self.find(match[2])
        return None if match is None or found is None else f"{match[1]} {found}"

    def place(self, words: str) -> str:
        """A line and column of a file; other places as they are."""
        match = _FILE_PLACE.fullmatch(words)
        if match is None:
            return words
        line, column, path = match.groups()
        said = self._whole.get("line {}", "line {}").format(line)
        if column:
            said += self._whole.get(", column {}", ", column {}").format(column)
        return f"{said} {path}" if path else said

    def _sentences(self, text: str) -> str | None:
        """Several sentences in a row, such as a fault and what to do about it."""
        for end in itertools.islice(_SENTENCE_END.finditer(text), _MOST_ENDS):
            first = self._alone(text[: end.start()])
            if first is not None:
                rest = text[end.end() :]
                found = self.find(rest)
                if first[-1:].isalnum() and found is not None:
                    first += self._stop
                return first + (found if found is not None else " " + rest)
        return None

    def _alone(self, text: str) -> str | None:
        whole = self._whole.get(text)
        return whole if whole is not None else self._sentence(text)

    def _listed(self, text: str) -> str | None:
        """Several faults, with semicolons between them."""
        parts = text.split("; ")
        if len(parts) == 1 or not all(found := [self.find(part) for part in parts]):
            return None
        return self._semicolon.join(map(str, found))

    def _after_colon(self, text: str) -> str | None:
        """Words of somebody else, a colon, and words of the program."""
        head, sep, rest = text.partition(": ")
        if not sep or "\n" in head:
            return None
        found = self.find(rest)
        return None if found is None else f"{self._alone(head) or head}{self._colon}{found}"


def _unquoted(value: str) -> str:
    """A text without the quotes that were put around it; numbers and the like stay."""
    if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
        try:
            return str(ast.literal_eval(value))
        except (ValueError, SyntaxError):
            return value[1:-1]
    return value


def shape(text: str) -> str:
    """A sentence without the names of its places: two with the same shape are the same sentence."""
    return PLACE.sub(lambda m: "{" + (m[2] or "") + "}", text)


def place_names(text: str) -> Iterator[str]:
    """The names of the places of a sentence."""
    return (m[1] for m in PLACE.finditer(text))
