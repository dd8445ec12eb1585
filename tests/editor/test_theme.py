"""The look: readable contrasts, one place for colours, icons that exist, a live switch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton

from editor import icons
from editor.theme import DARK, LIGHT, Theme, set_theme, stylesheet, theme, theme_signal
from tests.helpers.contrast import contrast

ROOT = Path(__file__).parents[2]
THEMES = pytest.mark.parametrize("current", [DARK, LIGHT], ids=["dark", "light"])


@THEMES
@pytest.mark.spec("editor.80")
def test_texts_are_readable_on_every_ground(current: Theme) -> None:
    for ground in ("canvas", "surface", "raised", "chip", "field"):
        assert contrast(current.color("text"), current.color(ground)) >= 7
        assert contrast(current.color("muted"), current.color(ground)) >= 4.5
    assert contrast(current.color("on_accent"), current.color("accent")) >= 4.5
    for name in ("blue", "cyan", "green", "yellow", "pink", "violet"):
        assert contrast(current.color("text"), current.color(f"note_{name}")) >= 7


@THEMES
def test_states_and_families_stand_out_from_the_card(current: Theme) -> None:
    for token in ("accent", "good", "warn", "bad", "held"):
        assert contrast(current.color(token), current.color("surface")) >= 4.5
    for family in ("entry", "end", "model", "logic", "container", "data", "outside", "knowledge", "human"):
        assert contrast(current.on_family(family), current.color("surface")) >= 3


def test_both_themes_have_the_same_tokens() -> None:
    assert DARK.color_names() == LIGHT.color_names()


@THEMES
def test_the_sheets_glyphs_have_the_themes_colours(current: Theme) -> None:
    for file in (ROOT / "resources" / "icons" / "style" / current.name).glob("*.svg"):
        used = set(re.findall(r"#[0-9A-Fa-f]{6}", file.read_text(encoding="utf-8")))
        tokens = {current.hex(name) for name in ("muted", "on_accent", "accent")}
        assert used <= tokens, file.name


def test_no_colours_outside_the_theme() -> None:
    found = []
    for file in (ROOT / "editor").rglob("*.py"):
        if "theme" in file.parts:
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"""["']#[0-9A-Fa-f]{3,8}["']|QColor\(\d""", line):
                found.append(f"{file.relative_to(ROOT)}:{number}")
    assert not found


def test_icons_are_line_drawings_on_one_grid(qapp: QApplication) -> None:
    files = list((ROOT / "resources" / "icons").glob("*.svg"))
    assert len(files) > 150
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert 'viewBox="0 0 24 24"' in text, file.name
        assert 'stroke-width="1.5"' in text, file.name
        assert "currentColor" in text, file.name
        drawn = icons.image(file.stem, theme().color("text").name(), 24)
        inked = any(drawn.pixelColor(x, y).alpha() for x in range(24) for y in range(24))
        edge = [drawn.pixelColor(x, y).alpha() for x in range(24) for y in (0, 23)]
        assert inked, file.name
        assert max(edge) < 60, f"{file.name} touches the border"


def test_icons_follow_the_theme_without_being_set_again(qapp: QApplication) -> None:
    set_theme("dark")
    button = QPushButton()
    button.setIcon(icons.icon("play", "accent"))
    seen = []
    for name in ("dark", "light"):
        set_theme(name)  # type: ignore[arg-type]
        picture = button.icon().pixmap(QSize(16, 16)).toImage()
        colours = {
            picture.pixelColor(x, y).name()
            for x in range(16)
            for y in range(16)
            if picture.pixelColor(x, y).alpha() > 250
        }
        seen.append(colours)
        assert theme().color("accent").name() in colours
    assert seen[0] != seen[1]
    assert not button.icon().pixmap(QSize(16, 16), QIcon.Mode.Disabled).isNull()
    set_theme("dark")


def test_a_switch_dresses_the_application_and_tells_everyone(qapp: QApplication) -> None:
    told: list[str] = []
    theme_signal().changed.connect(lambda: told.append(theme().name))
    set_theme("light")
    assert qapp.styleSheet() == stylesheet(LIGHT)
    assert qapp.palette().window().color() == LIGHT.color("surface")
    set_theme("dark")
    assert told == ["light", "dark"]


def test_fields_and_buttons_are_32_high(qapp: QApplication) -> None:
    set_theme("dark")
    for widget in (QLineEdit("x"), QComboBox(), QPushButton("Go")):
        widget.ensurePolished()
        assert widget.sizeHint().height() == 32, type(widget).__name__


@pytest.mark.spec("editor.83")
def test_texts_can_be_twice_as_large(qapp: QApplication) -> None:
    set_theme("dark", text_scale=2.0)
    assert theme().font("base").pixelSize() == 26
    field = QLineEdit("x")
    field.ensurePolished()
    assert field.sizeHint().height() >= 52
    set_theme("dark", text_scale=1.0)
    assert theme().font("base").pixelSize() == 13
