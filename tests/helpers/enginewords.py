"""The texts that the engine can say to people, read from its sources: errors, hints, failures of nodes, the checklist.

A text is followed from where it is written to where it is said: through f-strings, joined pieces, local names,
constants, tables, helper functions that give a text and helper functions that take one.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from tests.helpers.sourcetexts import (
    TOLD,
    Function,
    assigned,
    bare,
    constant,
    ends,
    is_text,
    joined,
    kept,
    last,
    literals,
    name_of,
    names_in,
    own,
    walk,
)

ROOT: Final = Path(__file__).parents[2]
NOT_SHOWN: Final = ("engine/cli/", "engine/store/migrations/")
"""What speaks on the command line."""

SAYING: Final = {
    "failed": (0,),
    "NodeResult": (),
    "Problem": (2,),
    "Notice": (1,),
    "FieldProblem": (0, 1, 2),
    "Issue": (0, 1, 2),
    "TestResult": (1,),
    "CallResult": (),
    "Sentence.of": (0,),
    "fail": (0, 1),
    "_fail": (0,),
}
"""Calls that tell people something, and which of their arguments."""
ROOTS: Final = frozenset(
    {
        "ConnectionError",
        "Exception",
        "ImportError",
        "IndexError",
        "KeyError",
        "OSError",
        "OverflowError",
        "RuntimeError",
        "SecurityError",
        "TimeoutError",
        "TypeError",
        "UndefinedError",
        "ValueError",
    }
)
SENTENCE: Final = re.compile(r"[A-Z{“].*[a-z]{2,} .*[a-z]{2,}.*[.!?]|[A-Z{“].*[a-z]{2,} [a-z]{2,} .*\}")


@dataclass
class _Scope:
    """What names mean at one place."""

    module: _Module
    function: Function | None = None
    busy: frozenset[int] = frozenset()


@dataclass
class _Module:
    path: str
    tree: ast.Module
    constants: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    functions: dict[str, list[Function]] = field(default_factory=lambda: defaultdict(list))
    calls: list[tuple[tuple[Function, ...], ast.Call]] = field(default_factory=list)
    kept: list[tuple[Function | None, ast.expr]] = field(default_factory=list)

    @property
    def is_editor(self) -> bool:
        """Whether it belongs to the window, which translates most of its texts itself."""
        return self.path.startswith("editor/")


@dataclass(frozen=True)
class Said:
    """One text, with `{name}` for what is filled in, and where it is written."""

    text: str
    where: str


class Reader:
    """Reads the sources of the engine, and the errors that the editor raises itself."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.followed: set[ast.expr] = set()
        self.classes: list[ast.ClassDef] = []
        self._locals: dict[Function, dict[str, list[ast.expr]]] = {}
        self.modules: list[_Module] = []
        self.errors: set[str] = set(ROOTS)
        self.sinks: dict[str, set[int | str]] = {name: set(places) for name, places in SAYING.items()}
        self.functions: dict[str, list[tuple[_Module, Function]]] = defaultdict(list)
        self.constants: dict[str, list[tuple[_Module, ast.expr]]] = defaultdict(list)
        for folder in ("engine", "editor"):
            for file in sorted((root / folder).rglob("*.py")):
                self._load(file)
        self._find_errors()
        while self._find_forwarders():
            pass

    def _load(self, file: Path) -> None:
        module = _Module(file.relative_to(self.root).as_posix(), ast.parse(file.read_text("utf-8")))
        self.modules.append(module)
        for inside, node in walk(module.tree, ()):
            if isinstance(node, ast.Call):
                module.calls.append((inside, node))
            elif isinstance(node, ast.ClassDef):
                self.classes.append(node)
            elif module.is_editor:
                continue
            elif isinstance(node, Function):
                module.functions[node.name].append(node)
                self.functions[node.name].append((module, node))
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.Dict):
                module.kept += [(inside[-1] if inside else None, told) for told in kept(node)]
        if module.is_editor:
            return
        for statement in module.tree.body:
            for name, value in assigned(statement):
                module.constants[name].append(value)
                self.constants[name].append((module, value))

    def _find_errors(self) -> None:
        before = -1
        while len(self.errors) != before:
            before = len(self.errors)
            self.errors |= {c.name for c in self.classes if {last(b) for b in c.bases} & self.errors}

    def _find_forwarders(self) -> bool:
        """Functions that say what they are given."""
        found = False
        for module in (m for m in self.modules if not m.is_editor):
            for inside, call in module.calls:
                for name in (name for told in self._told_by(call) for name in names_in(told)):
                    for function in inside:
                        found |= self._forwards(function, name)
        return found

    def _forwards(self, function: Function, name: str) -> bool:
        """Whether it is news that a function says what it is given under a name."""
        names = [a.arg for a in function.args.args]
        bound = names[1:] if names[:1] in (["self"], ["cls"]) else names
        if function.name == "__init__" or name not in (*bound, *(a.arg for a in function.args.kwonlyargs)):
            return False
        known = self.sinks.setdefault(function.name, set())
        ways = {name, bound.index(name)} if name in bound else {name}
        if ways <= known:
            return False
        known |= ways
        return True

    def _told_by(self, call: ast.Call) -> Iterator[ast.expr]:
        """The expressions in a call that people are told."""
        name = last(call.func)
        full = f"{last(call.func.value)}.{name}" if isinstance(call.func, ast.Attribute) else name
        if name in self.errors or full == ".__init__":
            yield from (a for a in call.args if not isinstance(a, ast.Starred))
        wanted = self.sinks.get(name, set()) | self.sinks.get(full, set())
        yield from (a for n, a in enumerate(call.args) if n in wanted)
        yield from (k.value for k in call.keywords if k.arg in wanted or k.arg in TOLD)

    def said(self) -> Iterator[Said]:
        """Everything."""
        for module in self.modules:
            if module.path.startswith(NOT_SHOWN):
                continue
            for inside, call in module.calls:
                if module.is_editor and last(call.func) not in self.errors - ROOTS:
                    continue
                for told in self._told_by(call):
                    yield from self._said_by(told, _Scope(module, inside[-1] if inside else None))
            for function, told in module.kept:
                yield from self._said_by(told, _Scope(module, function))

    def _said_by(self, told: ast.expr, scope: _Scope) -> Iterator[Said]:
        for text, line in self.texts(told, scope):
            if is_text(text):
                yield Said(text, f"{scope.module.path}:{line}")

    def sentences(self) -> Iterator[Said]:
        """What reads like a sentence for people and was not followed: nobody is known to say it. After `said`."""
        for module in self.modules:
            if module.is_editor or module.path.startswith(NOT_SHOWN):
                continue
            for e in literals(module.tree):
                if e not in self.followed and (text := bare(e)) and SENTENCE.fullmatch(text):
                    yield Said(text, f"{module.path}:{e.lineno}")

    def literals(self) -> Iterator[str]:
        """Every text that is written in the sources, whole."""
        for module in self.modules:
            for e in ast.walk(module.tree):
                if isinstance(e, ast.JoinedStr) or (isinstance(e, ast.Constant) and isinstance(e.value, str)):
                    yield bare(e)

    def texts(self, told: ast.expr, scope: _Scope) -> list[tuple[str, int]]:
        """The texts that an expression can be, with their lines; texts that are filled into one are listed too."""
        nested: list[tuple[str, int]] = []
        forms = self._forms(told, scope, nested)
        line = getattr(told, "lineno", 0)
        return [(form, line) for form in forms] + nested

    def _forms(self, e: ast.expr, scope: _Scope, nested: list[tuple[str, int]]) -> list[str]:
        if id(e) in scope.busy:
            return []
        self.followed.add(e)
        scope = _Scope(scope.module, scope.function, scope.busy | {id(e)})

        def forms(part: ast.expr) -> list[str]:
            return self._forms(part, scope, nested)

        match e:
            case ast.Constant(value=str() as text):
                return [text]
            case ast.JoinedStr(values=values):
                return joined([self._piece(v, scope, nested) for v in values])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                sides = [forms(left) or ["{" + name_of(left) + "}"], forms(right) or ["{" + name_of(right) + "}"]]
                return joined(sides)
            case ast.IfExp(body=body, orelse=orelse):
                return forms(body) + forms(orelse)
            case ast.BoolOp(values=values):
                return [f for v in values for f in forms(v)]
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return forms(value)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format")):
                return [re.sub(r"\{(\w*)[^{}]*\}", r"{\1}", text)]
            case ast.Call(func=ast.Attribute(value=value, attr="strip" | "rstrip" | "lower" | "removesuffix")):
                return forms(value)
            case ast.Call(func=ast.Name(id="str"), args=[part]):
                return forms(part)
            case ast.Call(func=ast.Attribute(value=table, attr="get")):
                return self._table(table, scope, nested) + [f for a in e.args[1:] for f in forms(a)]
            case ast.Subscript(value=table):
                return self._table(table, scope, nested)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str())), args=[_]):
                return []
            case ast.Call(func=func):
                return self._returned(last(func), scope, nested)
            case ast.Name(id=name):
                return self._named(name, scope, nested)
            case ast.Attribute(attr=name) if name.isupper():
                return self._named(name, scope, nested)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    nested.extend((f, getattr(part, "lineno", 0)) for f in forms(part))
                return []
        return []

    def _piece(self, part: ast.expr, scope: _Scope, nested: list[tuple[str, int]]) -> list[str]:
        """One piece of an f-string: words, choices of words, or a place."""
        if isinstance(part, ast.Constant):
            return [str(part.value)]
        assert isinstance(part, ast.FormattedValue)
        if isinstance(part.value, ast.Constant):
            return [str(part.value.value)]
        inner: list[tuple[str, int]] = []
        forms = self._forms(part.value, scope, inner)
        if forms and self._few_ways(part.value, scope):
            nested.extend(inner)
            return forms
        nested.extend((form, part.value.lineno) for form in forms)
        nested.extend(inner)
        mark = "!r" if part.conversion == ord("r") else ""
        return ["{" + name_of(part.value) + mark + "}"]

    def _local(self, function: Function, name: str) -> list[ast.expr]:
        """What a name of a function can be."""
        known = self._locals.get(function)
        if known is None:
            known = self._locals[function] = defaultdict(list)
            for statement in ast.walk(function):
                for target, value in assigned(statement):
                    known[target].append(value)
        return known.get(name, [])

    def _few_ways(self, e: ast.expr, scope: _Scope) -> bool:
        """Whether a place is filled with one of a few words that stand beside it, and so belongs to the sentence."""
        if isinstance(e, ast.Name) and scope.function is not None:
            values = self._local(scope.function, e.id)
            leaves = [x for v in values for x in ends(v)]
            return bool(leaves) and len(leaves) < 5 and all(constant(x) for x in leaves)
        return isinstance(e, ast.IfExp) and all(constant(x) for x in ends(e))

    def _named(self, name: str, scope: _Scope, nested: list[tuple[str, int]]) -> list[str]:
        if scope.function is not None:
            values = self._local(scope.function, name)
            if values:
                return [f for v in values for f in self._forms(v, scope, nested)]
            if name in [a.arg for a in ast.walk(scope.function.args) if isinstance(a, ast.arg)]:
                return []
        mine = [(scope.module, v) for v in scope.module.constants.get(name, ())]
        known = mine or (self.constants.get(name, []) if name.isupper() else [])
        return [f for m, v in known for f in self._forms(v, _Scope(m, None, scope.busy), nested)]

    def _table(self, table: ast.expr, scope: _Scope, nested: list[tuple[str, int]]) -> list[str]:
        if not isinstance(table, ast.Name | ast.Attribute):
            return []
        name = last(table)
        mine = [(scope.module, v) for v in scope.module.constants.get(name, ())]
        texts: list[str] = []
        for module, value in mine or self.constants.get(name, []):
            if isinstance(value, ast.Dict):
                for one in value.values:
                    texts += self._forms(one, _Scope(module, None, scope.busy), nested)
        return texts

    def _returned(self, name: str, scope: _Scope, nested: list[tuple[str, int]]) -> list[str]:
        mine = [(scope.module, f) for f in scope.module.functions.get(name, ())]
        texts: list[str] = []
        for module, function in mine or self.functions.get(name, []):
            told = ast.unparse(function.returns) if function.returns is not None else ""
            if "str" not in told or told.startswith(("dict", "list[dict", "Mapping")):
                continue
            inside = _Scope(module, function, scope.busy)
            for statement in own(function):
                if isinstance(statement, ast.Return | ast.Yield) and statement.value is not None:
                    texts += self._forms(statement.value, inside, nested)
        return texts


@cache
def _read() -> tuple[dict[str, str], dict[str, str]]:
    """What is said and what else reads like it. The trees of the sources are let go of: with them in memory every
    search for what a test left behind would take a second."""
    reader = Reader()
    found: dict[str, str] = {}
    for said in reader.said():
        found.setdefault(said.text, said.where)
    return found, {said.text: said.where for said in reader.sentences()}


def engine_texts() -> dict[str, str]:
    """All texts of the engine, with the first place that says each."""
    return _read()[0]


def other_sentences() -> dict[str, str]:
    """What else reads like a sentence, with its place."""
    return _read()[1]
