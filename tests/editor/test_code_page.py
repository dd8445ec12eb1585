"""The pages of the settings for code and runs, with clicks and keys: what is set there changes what a run gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTabWidget, QWidget

from editor.dialogs.preferences import PreferencesDialog
from editor.isolation import Isolation
from editor.screenshot import wait_until
from tests.helpers.model import dsl, node
from tests.helpers.studio import Studio, opened_studio


@pytest.fixture
def studio(qapp: object, tmp_path: Path) -> Iterator[Studio]:
    with opened_studio(tmp_path) as opened:
        yield opened


def open_code(studio: Studio, tmp_path: Path, code: str, **outputs: str) -> None:
    """start -> code -> end, in a tab."""
    work = node(
        "work",
        "code",
        code_language="python3",
        code=code,
        variables=[],
        outputs={name: {"type": kind, "children": None} for name, kind in outputs.items()},
    )
    results = [{"variable": n, "value_selector": ["work", n], "value_type": kind} for n, kind in outputs.items()]
    nodes = [node("start", "start", variables=[]), work, node("end", "end", outputs=results)]
    file = tmp_path / "code.yml"
    file.write_text(dsl(nodes, [("start", "work"), ("work", "end")]), "utf-8")
    studio.open_file(file)


def settings(studio: Studio, tab: str) -> PreferencesDialog:
    studio.window.preferences()
    dialog = studio.dialog(PreferencesDialog)
    assert isinstance(dialog, PreferencesDialog)
    tabs = dialog.findChild(QTabWidget)
    assert isinstance(tabs, QTabWidget)
    names = [tabs.tabText(index) for index in range(tabs.count())]
    QTest.mouseClick(tabs.tabBar(), Qt.MouseButton.LeftButton, pos=tabs.tabBar().tabRect(names.index(tab)).center())
    assert tabs.tabText(tabs.currentIndex()) == tab
    return dialog


def named(place: QWidget, kind: type[QWidget], name: str) -> Any:
    return next(w for w in place.findChildren(kind) if w.accessibleName() == name)


def test_packages_that_are_listed_may_be_imported_by_the_next_run(studio: Studio, tmp_path: Path) -> None:
    open_code(studio, tmp_path, 'import yaml\ndef main():\n    return {"r": yaml.safe_load("a: [1]")}\n', r="object")
    before = studio.run()
    assert before["status"] == "failed"
    assert "import of 'yaml' is not allowed" in str(before["error"])

    dialog = settings(studio, "Code")
    isolation = studio.window.studio.isolation
    assert wait_until(lambda: bool(isolation.facts), 60)
    assert isolation.facts["packages"] == ["jinja2", "markupsafe"]
    edit = named(dialog, QPlainTextEdit, "Packages for code")
    edit.setFocus()
    for word in ("PyYAML", "no-such-package"):
        QTest.keyClicks(edit, word)
        QTest.keyClick(edit, Qt.Key.Key_Return)
    assert wait_until(lambda: "yaml" in isolation.facts.get("packages", ()), 60), isolation.facts
    fault = named(dialog, QLabel, "Packages that are not there")
    assert fault.isVisible()
    assert fault.text().startswith("Not found: no-such-package. Install")
    dialog.accept()
    assert studio.services.settings.get("code_packages") == ["PyYAML", "no-such-package"]

    studio.activate()
    after = studio.run()
    assert (after["status"], after["outputs"]) == ("succeeded", {"r": {"a": [1]}})


def test_what_was_typed_last_is_kept_when_the_settings_close(studio: Studio) -> None:
    dialog = settings(studio, "Code")
    edit = named(dialog, QPlainTextEdit, "Packages for code")
    edit.setFocus()
    QTest.keyClicks(edit, "numpy")
    dialog.accept()
    assert wait_until(lambda: studio.services.settings.get("code_packages") == ["numpy"], 30)


def test_strict_upstream_changes_what_a_run_gives(studio: Studio, tmp_path: Path) -> None:
    open_code(studio, tmp_path, 'def main():\n    return {"r": "1e+5", "o": {"a": "1E-3"}}\n', r="string", o="object")
    assert studio.run()["outputs"] == {"r": "1e+5", "o": {"a": "1E-3"}}

    dialog = settings(studio, "Runs")
    studio.click("Strict upstream", dialog)
    assert wait_until(lambda: studio.services.settings.get("strict_upstream") is True, 30)
    dialog.accept()
    studio.activate()
    strict = studio.run()
    assert strict["status"] == "failed"
    assert "Output r must be a string" in str(strict["error"])

    dialog = settings(studio, "Runs")
    studio.click("Strict upstream", dialog)
    assert wait_until(lambda: studio.services.settings.get("strict_upstream") is False, 30)
    dialog.accept()
    studio.activate()
    assert studio.run()["status"] == "succeeded"


def test_the_inspector_of_code_says_which_isolation_is_in_force(studio: Studio, tmp_path: Path) -> None:
    open_code(studio, tmp_path, "def main():\n    return {}\n")
    studio.page.inspector.show_node("work")
    label = named(studio.page.inspector, QLabel, "Isolation")
    assert label.text() == "Isolation: told as soon as the engine runs."
    studio.window.studio.runs.host.warm_up()
    assert wait_until(lambda: label.text().startswith("Isolation in force: "), 60), label.text()
    facts = studio.window.studio.isolation.facts
    word = {"kernel": "full", "partial": "partial", "process": "basic"}[str(facts["level"])]
    assert label.text().startswith(f"Isolation in force: {word}.")
    assert label.property("kind") == ("small" if word == "full" else "warn")
    assert "audit hook" in label.toolTip()


@pytest.mark.parametrize(
    ("level", "missing", "kind", "words"),
    [
        ("kernel", [], "small", "full"),
        ("partial", ["Landlock file rules"], "warn", "your files are only guarded by Python"),
        ("partial", ["seccomp filter"], "warn", "network and programs are only refused by Python"),
        ("process", ["Landlock file rules", "seccomp filter"], "warn", "basic"),
    ],
)
def test_each_level_has_its_words(studio: Studio, level: str, missing: list[str], kind: str, words: str) -> None:
    isolation = Isolation(studio.window.studio.runs)
    isolation.facts = {"level": level, "missing": missing, "held": ["audit hook"]}
    found = isolation.words()
    assert found[0] == kind
    assert words in found[1]
