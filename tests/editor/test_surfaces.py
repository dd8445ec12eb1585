"""Every surface of the studio, in both languages, at the least size and with large text: no words are cut off, and
every control has a name for those who cannot see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QToolButton, QWidget

from editor.theme import set_theme
from tests.helpers.fits import cut_off, place, reachable, shows_focus, unnamed
from tests.helpers.gallery import shown
from tests.helpers.studio import opened_studio

SMALL = (1280, 720)
PARTS = {
    "window": [
        "library",
        "canvas",
        "panels",
        "history",
        "running",
        "run_form",
        "chat",
        "inspector",
        "retrieval",
        "pipeline",
        "find",
    ],
    "dialogs": [
        "preferences",
        "shortcuts",
        "publish",
        "dialogs",
        "messages",
        "menus",
        "selector",
        "values",
        "human_forms",
        "logs",
        "batch",
        "snippets",
        "generating",
    ],
}


@pytest.mark.parametrize("part", sorted(PARTS))
@pytest.mark.parametrize(("language", "scale"), [("en", 1.5), ("zh_CN", 1.0)])
@pytest.mark.spec("editor.83")
def test_no_words_are_cut_off_and_every_control_has_a_name(
    tmp_path: Path, language: str, scale: float, part: str
) -> None:
    cut: dict[str, str] = {}
    nameless: dict[str, str] = {}
    seen = 0
    with opened_studio(tmp_path, size=SMALL, language=language) as studio:
        set_theme("dark", text_scale=scale)
        try:
            for name, widget in shown(studio, PARTS[part]):
                seen += 1
                for fault in cut_off(widget):
                    cut.setdefault(fault, name)
                for fault in unnamed(widget.window()):
                    nameless.setdefault(fault, name)
        finally:
            set_theme("dark", text_scale=1.0)
    assert seen > 30
    faults = [f"{name}: {fault}" for fault, name in cut.items()]
    faults += [f"{name}: no name: {fault}" for fault, name in nameless.items()]
    assert not faults, "\n".join(faults)


FOCUSED = [
    "library", "panels", "run_form", "chat", "inspector", "retrieval", "pipeline", "history", "preferences",
    "shortcuts", "publish", "dialogs", "messages", "selector", "logs", "batch", "human_forms",
    "snippets", "generating",
]  # fmt: skip


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.spec("editor.81")
def test_one_sees_where_the_keyboard_is(tmp_path: Path, theme: str) -> None:
    unseen: dict[str, str] = {}
    asked = 0
    with opened_studio(tmp_path, size=SMALL) as studio:
        set_theme("light" if theme == "light" else "dark")
        try:
            for name, widget in shown(studio, FOCUSED[:11] if theme == "dark" else FOCUSED[8:]):
                widget.window().activateWindow()
                for control in reachable(widget):
                    seen = shows_focus(control)
                    asked += seen is not None
                    if seen is False:
                        unseen.setdefault(place(control), name)
        finally:
            set_theme("dark")
    assert asked > 250
    assert not unseen, "\n".join(f"{name}: {where}" for where, name in unseen.items())


def test_what_is_cut_off_or_has_no_name_is_found(qapp: QApplication) -> None:
    window = QWidget()
    window.resize(200, 200)
    label, wrapped = QLabel("Words that are longer than their place", window), QLabel("Many words " * 4, window)
    label.setGeometry(0, 0, 60, 20)
    wrapped.setWordWrap(True)
    wrapped.setGeometry(0, 170, 100, 10)
    button = QPushButton("A long word on a button", window)
    button.setGeometry(0, 60, 40, 32)
    beyond = QLabel("Beyond", window)
    beyond.setGeometry(180, 100, 80, 20)
    silent = QToolButton(window)
    silent.setGeometry(0, 130, 32, 32)
    window.show()
    assert len(cut_off(window)) == 4
    assert len(unnamed(window)) == 1
    label.setToolTip(label.text())
    button.resize(button.sizeHint())
    silent.setAccessibleName("Close")
    wrapped.setGeometry(0, 30, 150, wrapped.heightForWidth(150))
    wrapped.lower()
    beyond.move(100, 0)
    assert cut_off(window) == []
    assert unnamed(window) == []
    window.close()
    window.deleteLater()


def test_a_control_that_looks_the_same_with_the_keyboard_is_found(qapp: QApplication) -> None:
    set_theme("dark")
    window = QWidget()
    window.resize(200, 80)
    field, bare = QLineEdit(window), QLineEdit(window)
    bare.move(0, 40)
    bare.setStyleSheet("QLineEdit, QLineEdit:focus { border: none; color: transparent; }")
    bare.setReadOnly(True)
    window.show()
    window.activateWindow()
    assert shows_focus(field) is True
    assert shows_focus(bare) is False
    window.close()
    window.deleteLater()
