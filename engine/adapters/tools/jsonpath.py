"""JSONPath as tools use it: names, indexes, slices, wildcards, unions and descent; every match knows its place.

`$.a.b`, `a.b`, `$['a'][0]`, `$.list[*].name`, `$..price`, `$.list[1:3]`, `$['a','b']`. No filters, no scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST_MATCHES = 100_000
_NAME = re.compile(r"[^.\[\]\s,'\"*]+")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?$")
_INDEX = re.compile(r"\s*(-?\d+)\s*$")


class PathProblem(ValueError):
    """A path that cannot be read."""


@dataclass(frozen=True)
class Match:
    """A value and where it is: `container[key]`; the root has no container."""

    value: Any
    container: Any = None
    key: Any = None


@dataclass(frozen=True)
class _Step:
    """One step: keys (names, indexes, slices) or all, of the value itself or of everything below it."""

    keys: tuple[Any, ...] = ()
    everything: bool = False
    descend: bool = False


def find(path: str, document: Any) -> list[Match]:
    """All matches in document order. Raises PathProblem."""
    matches = [Match(document)]
    for step in parse(path):
        found: list[Match] = []
        for match in matches:
            places = _below(match) if step.descend else iter((match,))
            for place in places:
                found.extend(_children(place.value, step))
                if len(found) > MOST_MATCHES:
                    raise PathProblem(f"The path has more than {MOST_MATCHES} matches.")
        matches = found
    return matches


def parse(path: str) -> Sequence[_Step]:
    """The steps of a path. Raises PathProblem."""
    text = path.strip()
    at = 1 if text.startswith(("$", "@")) else 0
    steps: list[_Step] = []
    while at < len(text):
        descend = text.startswith("..", at)
        at += 2 if descend else text.startswith(".", at)
        if at >= len(text):
            raise PathProblem(f"The path {path!r} ends too early.")
        if text[at] == "[":
            end = _closing(text, at)
            steps.append(_bracket(text[at + 1 : end], descend, path))
            at = end + 1
        elif text[at] == "*":
            steps.append(_Step((), everything=True, descend=descend))
            at += 1
        elif (quoted := _QUOTED.match(text, at)) is not None:
            steps.append(_Step((_unquoted(quoted),), descend=descend))
            at = quoted.end()
        elif (name := _NAME.match(text, at)) is not None:
            steps.append(_Step((name.group(),), descend=descend))
            at = name.end()
        else:
            raise PathProblem(f"The path {path!r} cannot be read at {text[at:][:20]!r}.")
    return steps


def _closing(text: str, at: int) -> int:
    """Where the bracket that opens at `at` closes; quoted names may hold brackets."""
    place = at + 1
    while place < len(text):
        quoted = _QUOTED.match(text, place)
        if quoted is not None:
            place = quoted.end()
        elif text[place] == "]":
            return place
        else:
            place += 1
    raise PathProblem(f"The path {text!r} has an open bracket.")


def _bracket(inside: str, descend: bool, path: str) -> _Step:
    if inside.strip() == "*":
        return _Step((), everything=True, descend=descend)
    keys: list[Any] = []
    for part in _parts(inside):
        quoted = _QUOTED.fullmatch(part.strip())
        index, cut = _INDEX.match(part), _SLICE.match(part)
        if quoted is not None:
            keys.append(_unquoted(quoted))
        elif index is not None:
            keys.append(int(index.group(1)))
        elif cut is not None:
            keys.append(slice(*(int(g) if g else None for g in cut.groups())))
        elif _NAME.fullmatch(part.strip()):
            keys.append(part.strip())
        else:
            raise PathProblem(f"The path {path!r} cannot be read at [{inside}].")
    return _Step(tuple(keys), descend=descend)


def _parts(inside: str) -> list[str]:
    """The union's members; commas in quoted names do not part them."""
    found, at, begin = [], 0, 0
    while at < len(inside):
        quoted = _QUOTED.match(inside, at)
        if quoted is not None:
            at = quoted.end()
            continue
        if inside[at] == ",":
            found.append(inside[begin:at])
            begin = at + 1
        at += 1
    return [*found, inside[begin:]]


def _unquoted(match: re.Match[str]) -> str:
    text = match.group(1) if match.group(1) is not None else match.group(2)
    return re.sub(r"\\(.)", r"\1", text)


def _below(match: Match) -> Iterator[Match]:
    """The value and everything in it; not recursive, documents of strangers may be deep."""
    waiting = [match]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed([*_all(here.value)]))


def _all(value: Any) -> Iterator[Match]:
    if isinstance(value, dict):
        yield from (Match(item, value, key) for key, item in value.items())
    elif isinstance(value, list):
        yield from (Match(item, value, index) for index, item in enumerate(value))


def _children(value: Any, step: _Step) -> Iterator[Match]:
    if step.everything:
        yield from _all(value)
        return
    for key in step.keys:
        if isinstance(key, str) and isinstance(value, dict) and key in value:
            yield Match(value[key], value, key)
        elif isinstance(key, int) and isinstance(value, list) and -len(value) <= key < len(value):
            yield Match(value[key], value, key % len(value))
        elif isinstance(key, slice) and isinstance(value, list):
            yield from (Match(value[i], value, i) for i in range(len(value))[key])
