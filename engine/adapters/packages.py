"""Which modules user code may import besides the standard library: the packages that the workspace lists, with what
those need (nodes-logic spec 3.7)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_REQUIRED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Importable:
    """`modules` are names of the top level; `folders` are searched for them after Python's own; `missing` are the
    entries that name nothing here."""

    modules: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def importable(entries: Iterable[str]) -> Importable:
    """What a list of entries allows. An entry is a package as it is installed or imported (`numpy`, `PyYAML`, `yaml`),
    or a folder with packages, told by its separator."""
    wanted = [entry.strip() for entry in entries if entry.strip()]
    if not wanted:
        return Importable()
    modules: set[str] = set()
    folders: list[str] = []
    missing: list[str] = []
    provided = metadata.packages_distributions()
    for entry in wanted:
        if "/" in entry or os.sep in entry:
            found = _modules_below(Path(entry).expanduser())
            if found:
                modules |= found
                folders.append(str(Path(entry).expanduser().resolve()))
        else:
            found = _modules_of(entry, provided)
            modules |= found
        if not found:
            missing.append(entry)
    return Importable(tuple(sorted(modules)), tuple(folders), tuple(missing))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _modules_of(entry: str, provided: Mapping[str, list[str]]) -> set[str]:
    """The modules of an installed package and of all it requires."""
    by_distribution: dict[str, set[str]] = {}
    for module, names in provided.items():
        for name in names:
            by_distribution.setdefault(_canonical(name), set()).add(module)
    open_ = [_canonical(name) for name in provided.get(entry, ())] or [_canonical(entry)]
    seen: set[str] = set()
    while open_:
        name = open_.pop()
        if name in seen or name not in by_distribution:
            continue
        seen.add(name)
        for requirement in metadata.requires(name) or ():
            match = _REQUIRED.match(requirement)
            if match is not None and "extra ==" not in requirement:
                open_.append(_canonical(match[0]))
    return {module for name in seen for module in by_distribution[name]}


def _modules_below(folder: Path) -> set[str]:
    try:
        entries = list(folder.iterdir())
    except OSError:
        return set()
    names = {
        entry.name.partition(".")[0] for entry in entries if entry.is_dir() or entry.suffix in (".py", ".so", ".pyd")
    }
    return {name for name in names if name.isidentifier()}
