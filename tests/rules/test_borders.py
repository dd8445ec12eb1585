"""The borders between the rooms: which part may import which (architecture, section 2)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.imports import ROOT, Import, imports_below


def _is(module: str, *roots: str) -> bool:
    return any(module == root or module.startswith(root + ".") for root in roots)


def _say(bad: list[Import]) -> str:
    return "\n".join(str(b) for b in bad)


def test_engine_never_imports_qt_or_the_editor() -> None:
    bad = [i for i in imports_below("engine") if _is(i.module, "PySide6", "shiboken6", "qasync", "editor")]
    assert not bad, _say(bad)


def test_model_stands_alone() -> None:
    allowed = ("engine.model", "engine.errors", "engine.clock", "engine.logs", "engine.nodes", "engine.run.variables")
    bad = [
        i
        for i in imports_below("engine/model")
        if _is(i.module, "engine") and i.module != "engine" and not _is(i.module, *allowed)
    ]
    assert not bad, _say(bad)


def test_run_and_nodes_reach_the_outside_through_ports_only() -> None:
    bad = [
        i
        for folder in ("engine/run", "engine/nodes")
        for i in imports_below(folder)
        if _is(i.module, "engine.adapters", "engine.services", "engine.store", "engine.cli", "engine.host")
    ]
    assert not bad, _say(bad)


def test_adapters_are_wired_in_one_place() -> None:
    doors = ("engine/services/context.py", "engine/services/models.py", "engine/services/tools.py")
    bad = [
        i
        for i in imports_below("engine")
        if _is(i.module, "engine.adapters")
        and not str(i.file.relative_to(ROOT)).replace("\\", "/").startswith(("engine/adapters/", *doors))
    ]
    assert not bad, _say(bad)


def test_the_editor_uses_services_and_the_model_only() -> None:
    allowed = (
        "engine.services",
        "engine.model",
        "engine.nodes.spec",
        "engine.nodes.registry",
        "engine.nodes.specs",
        "engine.run.fold",
        "engine.run.events",
        "engine.run.variables",
        "engine.errors",
        "engine.clock",
        "engine.logs",
    )
    bad = [
        i
        for i in imports_below("editor")
        if _is(i.module, "engine")
        and i.module not in ("engine", "engine.nodes", "engine.run")
        and not _is(i.module, *allowed)
    ]
    assert not bad, _say(bad)


@pytest.mark.parametrize("word", ["pickle", "marshal", "shelve"])
def test_nothing_unpickles(word: str) -> None:
    bad = [i for folder in ("engine", "editor") for i in imports_below(folder) if _is(i.module, word)]
    assert not bad, _say(bad)


def test_yaml_is_loaded_safely() -> None:
    for file in [*Path(ROOT / "engine").rglob("*.py"), *Path(ROOT / "editor").rglob("*.py")]:
        text = file.read_text("utf-8")
        for word in ("yaml.load(", "yaml.full_load", "yaml.unsafe_load", "UnsafeLoader", "FullLoader"):
            assert word not in text, f"{file.relative_to(ROOT)} uses {word}"


HEAVY = (
    "sqlalchemy",
    "alembic",
    "pydantic_ai",
    "openai",
    "anthropic",
    "httpx",
    "jinja2",
    "xllamacpp",
    "cryptography",
    "keyring",
    "numpy",
    "requests",
    "lxml",
    "pypdf",
)


def _loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split()) | {line.split(".")[0] for line in done.stdout.split()}


@pytest.mark.parametrize("statement", ["import engine", "import engine.run", "import engine.nodes.registry"])
def test_the_engine_starts_light(statement: str) -> None:
    heavy = _loaded_by(statement) & {*HEAVY, "PySide6", "typer", "rich"}
    assert not heavy


def test_the_window_starts_light() -> None:
    """What is imported before the library shows: no database, and not the page of a workflow."""
    heavy = _loaded_by("import editor.app, editor.context, editor.windows.main") & {*HEAVY, "editor.windows.page"}
    assert not heavy


def test_the_engine_runs_with_qt_blocked() -> None:
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('PySide6', 'shiboken6', 'qasync', 'editor'):\n"
        "            raise ImportError('blocked: ' + name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "import runpy\n"
        "sys.argv = ['engine', '--help']\n"
        "runpy.run_module('engine', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nobody_asks_a_layout_for_its_items() -> None:
    # Only lists and trees are asked, for the row at a point; see `editor.layouts` for what a layout's items do.
    asked = re.compile(r"(?<!self)(?<!self\.tree)\.itemAt\(")
    bad = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in (ROOT / "editor").rglob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if asked.search(line)
    ]
    assert not bad, bad
