"""What stands in the repository itself: no addresses in locks, no paths of one machine, translations complete."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.imports import ROOT


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks; every file where there is no git (a source archive)."""
    done = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_locks_pin_names_versions_and_hashes_only() -> None:
    for lock in (ROOT / "packaging").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text
        for line in text.splitlines():
            assert re.match(r"[A-Za-z0-9_.\-\[\]]+==\S+|    --hash=sha256:[0-9a-f]{64}", line), f"{lock.name}: {line}"


def test_every_dependency_is_pinned() -> None:
    pinned = {
        line.split("==")[0].split("[")[0].lower().replace("_", "-")
        for line in (ROOT / "packaging" / "requirements.lock").read_text().splitlines()
        if "==" in line and not line.startswith(" ")
    }
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=;! ]", w)[0].lower().replace("_", "-") for w in wanted}
    assert names <= pinned


def test_no_paths_of_one_machine() -> None:
    bad = []
    for file in tracked("*.py", "*.md", "*.toml", "*.sh", "*.yml", "Makefile", ".ci/run", "*.json"):
        if file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), 1):
            if re.search(r"(?<![\w./-])/(work|farm|root|tmp/plan)/", line):
                bad.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not bad, "\n".join(bad)


def _strings_to_translate(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == "tr" and node.args and isinstance(node.args[0], ast.Constant):
            yield node.lineno, node.args[0].value
        if name == "ntr" and len(node.args) >= 2:
            for argument in node.args[:2]:
                if isinstance(argument, ast.Constant):
                    yield node.lineno, argument.value


def catalog() -> dict[str, str]:
    """Every Chinese translation by its English source."""
    merged: dict[str, str] = {}
    for file in sorted((ROOT / "resources" / "i18n" / "zh_CN").glob("*.json")):
        merged.update(json.loads(file.read_text("utf-8")))
    return merged


def test_every_visible_string_has_its_chinese() -> None:
    known = catalog()
    missing = [
        f"{file.relative_to(ROOT)}:{line}: {text!r}"
        for file in sorted((ROOT / "editor").rglob("*.py"))
        for line, text in _strings_to_translate(ast.parse(file.read_text("utf-8")))
        if text not in known
    ]
    assert not missing, f"{len(missing)} strings without a translation:\n" + "\n".join(missing[:60])


def test_every_word_of_the_node_types_has_its_chinese() -> None:
    from engine.nodes.registry import SPECS

    known = catalog()
    words: set[str] = set()
    for spec in SPECS.values():
        words |= {spec.title, spec.description}
        for mode in sorted(spec.modes & {"workflow", "advanced-chat"}):
            data = spec.default_data(mode)
            words |= {o.description for o in spec.outputs(data)}
    assert sorted(w for w in words if w and w not in known) == []


def test_every_action_has_its_chinese() -> None:
    from editor.actions import ACTIONS, MENUS, PLACES
    from editor.panels.palette import GROUPS

    words = {*(a.text for a in ACTIONS), *MENUS, *PLACES, *(title for title, _ in GROUPS)}
    assert sorted(words - set(catalog())) == []


def test_every_action_has_its_drawing() -> None:
    from editor.actions import ACTIONS
    from editor.icons import has_icon

    assert [a.id for a in ACTIONS if a.icon and not has_icon(a.icon)] == []


def test_every_sample_has_its_chinese() -> None:
    from engine.services.templates import TemplateService

    words = {w for t in TemplateService.list() for w in (t.name, t.teaches, t.description, t.group)}
    assert sorted(words - set(catalog())) == []


def test_translations_keep_their_fields() -> None:
    bad = [
        english
        for english, chinese in catalog().items()
        if set(re.findall(r"\{(\w+)", english)) != set(re.findall(r"\{(\w+)", chinese))
    ]
    assert not bad, bad
