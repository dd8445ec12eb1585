"""From bytes to plain data: safe YAML with bounds, every key and item with its line and column, nothing recursive.

Only plain tags are accepted; dates stay text; keys become text; an alias is followed, but what it stands for is counted
each time, so that a small file cannot become a large one (dsl spec, section 13).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from engine.errors import FilePlace, UserError

LARGEST_FILE = 10 * 1024 * 1024
DEEPEST = 200
MOST_VALUES = 2_000_000  # values after aliases are followed

_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value"})
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_BOOLS = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}


class DslError(UserError):
    """A file that cannot be read; the place is where reading stopped."""

    default_code = "dsl.unreadable"


@dataclass
class Parsed:
    """The document and where its parts stand. `marks` maps `id(container)` to the places of its keys or items."""

    root: Any
    marks: dict[int, dict[Any, tuple[int, int]]] = field(default_factory=dict)
    escaped: bool = False
    """Whether the text writes non-ASCII letters as escapes, as the oldest exports do."""

    def place(self, *path: str | int) -> FilePlace:
        """Line and column of the value at `path`, or of the last step of it that exists."""
        data, found = self.root, (1, 1)
        for step in path:
            marks = self.marks.get(id(data), {})
            if step not in marks:
                break
            found = marks[step]
            try:
                data = data[step]
            except (KeyError, IndexError, TypeError):
                break
        return FilePlace(found[0], found[1], ".".join(map(str, path)))


def parse(source: bytes | str) -> Parsed:
    """Read one YAML document. Raises DslError with a place for anything that is not safe, plain and in bounds."""
    size = len(source)
    if isinstance(source, str) and size <= LARGEST_FILE:
        size = len(source.encode("utf-8", "surrogatepass"))
    if size > LARGEST_FILE:
        raise DslError(
            f"The file has {size / 1048576:.1f} MiB; a workflow file may have 10 MiB.",
            code="parse.too_large",
            hint="Large data belongs into inputs or files, not into the workflow file.",
        )
    text = _decoded(source)
    try:
        return _Builder(text).build()
    except DslError as error:
        joined = _SURROGATES.sub(_joined, text) if "Unicode character escape" in error.message else text
        if joined == text:
            raise
        return _Builder(joined).build()


# Writers that think in UTF-16 escape one sign beyond 0xFFFF as two halves, which YAML forbids.
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")


def _joined(match: re.Match[str]) -> str:
    """The two halves as one escape; a half without its other half becomes the replacement sign."""
    if match[3] is None:
        return match[1] + "\\uFFFD"
    point = 0x10000 + ((int(match[2], 16) - 0xD800) << 10) + int(match[3], 16) - 0xDC00
    return f"{match[1]}\\U{point:08X}"


def _decoded(source: bytes | str) -> str:
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        column = error.start - source.rfind(b"\n", 0, error.start)
        raise DslError(
            "The file is not UTF-8 text.",
            code="parse.not_utf8",
            where=FilePlace(line, column),
            hint="Save it as UTF-8 in the editor it came from.",
        ) from error


@dataclass
class _Open:
    """A mapping or a list that is being read."""

    value: Any
    marks: dict[Any, tuple[int, int]]
    key: Any = None
    has_key: bool = False
    key_mark: tuple[int, int] = (1, 1)
    anchor: str | None = None
    start: int = 0


class _Builder:
    """Walks the parser's events with a stack of its own."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[_Open] = []
        self._root: Any = None
        self._done = False
        self._marks: dict[int, dict[Any, tuple[int, int]]] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._resolvers = yaml.SafeLoader.yaml_implicit_resolvers

    def build(self) -> Parsed:
        try:
            loader = Loader(self._text)
        except yaml.YAMLError as error:
            raise _syntax(error) from error
        try:
            while True:
                event = loader.get_event()
                if event is None or isinstance(event, yaml.StreamEndEvent):
                    break
                self._take(event)
        except yaml.YAMLError as error:
            raise _syntax(error) from error
        finally:
            loader.dispose()
        return Parsed(self._root, self._marks, "\\u" in self._text or "\\U" in self._text)

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._put(self._scalar(event), event)
        elif kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            self._open(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            self._close()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent and self._done:
            raise DslError(
                "The file holds more than one document.", code="parse.several_documents", where=_place(event.start_mark)
            )

    def _counted(self, count: int, event: Any) -> None:
        self._count += count
        if self._count > MOST_VALUES:
            raise DslError(
                "The file unfolds into too many values.", code="parse.too_many_values", where=_place(event.start_mark)
            )

    def _open(self, event: Any, value: Any) -> None:
        tag = event.tag
        if tag and tag not in (_TAG + "map", _TAG + "seq"):
            raise _bad_tag(event)
        if len(self._stack) >= DEEPEST:
            raise DslError(
                f"The file is nested deeper than {DEEPEST} levels.",
                code="parse.too_deep",
                where=_place(event.start_mark),
            )
        marks: dict[Any, tuple[int, int]] = {}
        self._put(value, event, scalar=False)
        self._marks[id(value)] = marks
        self._stack.append(_Open(value, marks, anchor=event.anchor, start=self._count))

    def _close(self) -> None:
        closed = self._stack.pop()
        if closed.anchor:
            self._anchors[closed.anchor] = (closed.value, self._count - closed.start)
        if isinstance(closed.value, dict) and _MERGE in closed.value:
            self._merge(closed)

    @staticmethod
    def _merge(closed: _Open) -> None:
        """`<<`: keys of other mappings, below the mapping's own."""
        merged = closed.value.pop(_MERGE)
        own = dict(closed.value)
        sources = merged if isinstance(merged, list) else [merged]
        closed.value.clear()
        for source in reversed(sources):
            if isinstance(source, dict):
                closed.value.update(source)
        closed.value.update(own)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise DslError(
                f"The alias *{event.anchor} points at nothing before it.",
                code="parse.bad_alias",
                where=_place(event.start_mark),
            )
        value, size = self._anchors[event.anchor]
        self._counted(size, event)
        self._put(value, event)

    def _put(self, value: Any, event: Any, *, scalar: bool = True) -> None:
        """Place a value where the stack stands: as key, as item, or as the root."""
        self._counted(1, event)
        mark = (event.start_mark.line + 1, event.start_mark.column + 1)
        if not self._stack:
            self._root, self._done = value, True
        else:
            top = self._stack[-1]
            if isinstance(top.value, list):
                top.marks[len(top.value)] = mark
                top.value.append(value)
            elif not top.has_key:
                if not scalar or isinstance(value, dict | list):
                    raise DslError("A key must be plain text.", code="parse.bad_key", where=FilePlace(*mark))
                top.key = _key(value, event)
                top.has_key, top.key_mark = True, mark
            else:
                top.marks[top.key] = mark if scalar else top.key_mark
                top.value[top.key] = value
                top.has_key = False
        anchor = getattr(event, "anchor", None)
        if scalar and anchor and not isinstance(event, yaml.AliasEvent):
            self._anchors[anchor] = (value, 1)

    def _scalar(self, event: Any) -> Any:
        tag, text = event.tag, event.value
        if tag is None or tag == "!":
            if not event.implicit[0]:
                return text
            return self._implicit(text)
        name = tag.removeprefix(_TAG)
        if tag == name or name not in _SCALARS:
            raise _bad_tag(event)
        try:
            return _make(name, text)
        except ValueError as error:
            raise DslError(
                f"{text!r} is not a valid {name}.", code="parse.bad_value", where=_place(event.start_mark)
            ) from error

    def _implicit(self, text: str) -> Any:
        """What an unquoted scalar means in YAML 1.1."""
        first = text[0] if text else ""
        for tag, pattern in self._resolvers.get(first, ()):
            if pattern.match(text):
                name = tag.removeprefix(_TAG)
                if name == "merge":
                    return _MERGE
                try:
                    return _make(name, text)
                except ValueError:
                    return text
        return text


class _Merge(str):
    """The key `<<`."""

    __slots__ = ()


_MERGE = _Merge("<<")


def _key(value: Any, event: Any) -> Any:
    """A key as text: `on` and `1` are the names `on` and `1`."""
    if isinstance(value, str):
        return value
    return event.value if hasattr(event, "value") else str(value)


def _make(name: str, text: str) -> Any:
    makers: dict[str, Callable[[str], Any]] = {"int": _int, "float": _float}
    if name == "null":
        return None
    if name == "bool":
        return _BOOLS[text.lower()]
    if name in makers:
        return makers[name](text)
    return text


def _int(text: str) -> int:
    return int(_CONSTRUCTOR.construct_yaml_int(yaml.ScalarNode(_TAG + "int", text)))


def _float(text: str) -> float:
    return float(_CONSTRUCTOR.construct_yaml_float(yaml.ScalarNode(_TAG + "float", text)))


def _place(mark: Any) -> FilePlace:
    return FilePlace(mark.line + 1, mark.column + 1)


def _bad_tag(event: Any) -> DslError:
    return DslError(
        f"The tag {event.tag!r} is not allowed in a workflow file.",
        code="parse.unsafe_tag",
        where=_place(event.start_mark),
    )


def _syntax(error: yaml.YAMLError) -> DslError:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    hints = {
        "could not find expected ':'": "A line is not indented like the text it belongs to.",
        "mapping values are not allowed": "A value that contains ': ' needs quotes.",
        "found character that cannot start any token": "Tabs cannot be used for indenting.",
    }
    hint = next((text for start, text in hints.items() if str(what).startswith(start)), "")
    return DslError(
        f"The file is not valid YAML: {what}.",
        code="parse.invalid_yaml",
        where=_place(mark) if mark is not None else None,
        hint=hint,
    )
