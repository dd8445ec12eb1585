"""Reads the imports of every source file without running any."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Import:
    """One imported module and where; `top` is true outside functions and `if TYPE_CHECKING`."""

    file: Path
    line: int
    module: str
    top: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}: imports {self.module}"


def _is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in ast.unparse(test)


def _walk(node: ast.AST, file: Path, package: list[str], top: bool, found: list[Import]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            found.extend(Import(file, child.lineno, alias.name, top) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else []
            module = ".".join([*base, *([child.module] if child.module else [])])
            found.append(Import(file, child.lineno, module, top))
            found.extend(Import(file, child.lineno, f"{module}.{a.name}", top) for a in child.names)
        elif isinstance(child, ast.If) and _is_type_checking(child.test):
            _walk(child, file, package, False, found)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            _walk(child, file, package, top and not inside, found)


def imports_below(folder: str) -> list[Import]:
    """Every import of every module below `folder` (relative to the repository)."""
    found: list[Import] = []
    for file in sorted((ROOT / folder).rglob("*.py")):
        package = list(file.relative_to(ROOT).parent.parts)
        _walk(ast.parse(file.read_text("utf-8")), file, package, True, found)
    return found
