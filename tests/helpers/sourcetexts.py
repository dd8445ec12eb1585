"""Texts in Python sources: what is written, what is filled in, and under which names."""

from __future__ import annotations

import ast
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

Function = ast.FunctionDef | ast.AsyncFunctionDef
TOLD: Final = frozenset({"hint", "message", "error", "reason", "problem", "fault"})
"""Names under which a text is told, whatever takes it."""
WORDS: Final = TOLD | {"what", "why", "words", "text", "said", "how"}
"""Names of parts of a text that are words themselves."""
LOGGED: Final = frozenset({"debug", "info", "warning", "error", "exception"})
MOST_WAYS: Final = 24
PLACE: Final = re.compile(r"\{([a-z]\w*)(!r)?\}")
"""What is filled in; other braces are words."""


def name_of(e: ast.expr) -> str:
    """A short name for what is filled in."""
    match e:
        case ast.Name(id=name):
            return name.lower().strip("_")
        case ast.Attribute(attr=name):
            return name.lower().strip("_")
        case ast.Subscript(slice=ast.Constant(value=str() as name)) if name.isidentifier():
            return name.lower().strip("_")
        case ast.Subscript(value=value):
            return name_of(value)
        case ast.Call(func=ast.Attribute(value=ast.Constant()), args=[first, *_]):
            return name_of(first)
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str() as name), *_]):
            return name.lower().strip("_")
        case ast.Call(func=ast.Name(id="len")):
            return "count"
        case ast.Call(func=ast.Name(id="repr" | "str" | "sorted" | "max"), args=[first, *_]):
            return name_of(first)
        case ast.Call(func=ast.Name(id="type")):
            return "kind"
        case ast.Call(func=ast.Attribute(value=value)):
            return name_of(value)
        case ast.Call(func=ast.Name(id=name)):
            return name.lower().strip("_")
        case (
            ast.GeneratorExp(elt=value)
            | ast.ListComp(elt=value)
            | ast.BinOp(left=value)
            | ast.BoolOp(values=[value, *_])
        ):
            return name_of(value)
        case ast.IfExp(body=value):
            return name_of(value)
        case ast.FormattedValue(value=value):
            return name_of(value)
    return "value"


def joined(pieces: list[list[str]]) -> list[str]:
    """All ways to put pieces together, with different names for different places."""
    ways = list(itertools.islice(itertools.product(*pieces), MOST_WAYS))
    return [numbered("".join(way)) for way in ways]


def numbered(text: str) -> str:
    seen: dict[str, int] = defaultdict(int)

    def other(match: re.Match[str]) -> str:
        name, mark = match[1], match[2] or ""
        seen[name] += 1
        return "{" + (name if seen[name] == 1 else f"{name.rstrip('0123456789_')}_{seen[name]}") + mark + "}"

    return PLACE.sub(other, text)


def assigned(statement: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                for one, value in zip(target.elts, statement.value.elts, strict=False):
                    if isinstance(one, ast.Name):
                        yield one.id, value
    elif isinstance(statement, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
        target = statement.target
        if isinstance(target, ast.Name) and statement.value is not None:
            yield target.id, statement.value


def own(function: Function) -> Iterator[ast.AST]:
    """The parts of a function without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, Function | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def walk(tree: ast.AST, inside: tuple[Function, ...]) -> Iterator[tuple[tuple[Function, ...], ast.AST]]:
    """Every part, with the functions that it stands in, the innermost last."""
    for child in ast.iter_child_nodes(tree):
        yield inside, child
        yield from walk(child, (*inside, child) if isinstance(child, Function) else inside)


def literals(tree: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Texts of a module, without docstrings and what is written to the log."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.JoinedStr) or (isinstance(child, ast.Constant) and isinstance(child.value, str)):
            yield child
        elif isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        elif not (isinstance(child, ast.Call) and last(child.func) in LOGGED):
            yield from literals(child)


def bare(e: ast.Constant | ast.JoinedStr) -> str:
    """A text as it is written, with places for what is filled in."""
    if isinstance(e, ast.Constant):
        return str(e.value).strip()
    return numbered("".join(str(v.value) if isinstance(v, ast.Constant) else place(v) for v in e.values)).strip()


def place(e: ast.expr) -> str:
    return "{" + name_of(e) + ("!r" if getattr(e, "conversion", -1) == ord("r") else "") + "}"


def kept(statement: ast.AST) -> Iterator[ast.expr]:
    """What is kept under a name that is told later: `self.error = ...`, `{"error": ...}`."""
    if isinstance(statement, ast.Dict):
        for key, value in zip(statement.keys, statement.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in TOLD:
                yield value
    elif isinstance(statement, ast.Assign):
        if any(last(target).strip("_") in TOLD for target in statement.targets):
            yield statement.value
    elif isinstance(statement, ast.AnnAssign) and last(statement.target).strip("_") in TOLD and statement.value:
        yield statement.value


def constant(e: ast.expr) -> bool:
    return isinstance(e, ast.Constant | ast.JoinedStr)


def ends(e: ast.expr) -> Iterator[ast.expr]:
    if isinstance(e, ast.IfExp):
        yield from ends(e.body)
        yield from ends(e.orelse)
    else:
        yield e


def names_in(e: ast.expr) -> Iterator[str]:
    match e:
        case ast.Name(id=name):
            yield name
        case ast.Call(func=ast.Name(id="str"), args=[part]):
            yield from names_in(part)
        case ast.BoolOp(values=values):
            for value in values:
                yield from names_in(value)
        case ast.IfExp(body=body, orelse=orelse):
            yield from names_in(body)
            yield from names_in(orelse)
        case ast.JoinedStr(values=values):
            for value in values:
                if isinstance(value, ast.FormattedValue):
                    yield from (name for name in names_in(value.value) if name in WORDS)


def last(e: ast.expr) -> str:
    return getattr(e, "id", None) or getattr(e, "attr", "") or ""


def is_text(text: str) -> bool:
    """Words for people; names, codes and selectors are none."""
    bare = PLACE.sub(" ", text)
    return " " in text.strip() and re.search(r"[A-Za-z]{2,}", bare) is not None
