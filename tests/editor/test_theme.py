"""The look: readable contrasts, one place for colours, icons that exist, a live switch."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QListWidget, QPushButton, QTableWidget, QWidget

from editor import icons
from editor.block_habits import BlockHabits
from editor.i18n import set_language
from editor.panels.block_list import TYPE
from editor.panels.columns import set_columns
from editor.panels.forms.code_edit import CodeEdit
from editor.panels.forms.template_edit import ChipInfo, TemplateEdit
from editor.panels.glyph import Glyph
from editor.panels.palette import BlockList
from editor.panels.parts import ElidedLineEdit, EmptyState
from editor.panels.viewers.tree import DataTree
from editor.settings import Preferences
from editor.theme import DARK, LIGHT, Theme, set_theme, stylesheet, theme, theme_signal
from editor.toned import tone
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


def block_list(folder: Path) -> BlockList:
    return BlockList(BlockHabits(Preferences(folder / "preferences.json")), draggable=True)


def test_tiles_and_glyphs_of_panels_follow_the_theme(qapp: QApplication, tmp_path: Path) -> None:
    set_theme("dark")
    blocks = block_list(tmp_path)
    blocks.fill("workflow")
    row = next(blocks.item(n) for n in range(blocks.count()) if blocks.item(n).data(TYPE))
    empty = EmptyState("search", "Nothing found")
    empty.show()
    (glyph,) = empty.findChildren(Glyph)
    seen = []
    for name in ("dark", "light"):
        set_theme(name)  # type: ignore[arg-type]
        seen.append((row.icon().pixmap(QSize(24, 24)).toImage(), glyph.pixmap().toImage()))
    assert seen[0][0] != seen[1][0], "a tile of the palette"
    assert seen[0][1] != seen[1][1], "the picture of an empty list"
    set_theme("dark")
    empty.close()


def _code() -> QWidget:
    edit = CodeEdit("python3")
    edit.load("def main(a):\n    # why\n    return {'b': 12}\n")
    edit.renew_colours()  # which comes a moment after the text
    return edit


def _text() -> QWidget:
    edit = TemplateEdit(lambda name: ChipInfo("Step", name))
    edit.set_placeholder("Nothing yet")
    return edit


def _chip() -> QWidget:
    edit = TemplateEdit(lambda name: ChipInfo("Step", name))
    edit.load("a {{#b.c#}}")
    return edit


def _tile() -> QWidget:
    glyph = Glyph(size=28)
    glyph.show_tile("llm", "model")
    return glyph


def _list() -> QWidget:
    shown = QListWidget()
    shown.addItem("Then")
    tone(shown.item(0), "faint")
    return shown


def _value() -> QWidget:
    return DataTree({"a": {"b": [1, "x", None]}, "c": "words"})


@pytest.mark.spec("editor.80")
@pytest.mark.parametrize("make", [_code, _text, _chip, _tile, _list, _value])
def test_after_a_switch_a_widget_looks_as_one_made_then(qapp: QApplication, make: Callable[[], QWidget]) -> None:
    def picture(widget: QWidget) -> QImage:
        widget.resize(240, 120)
        qapp.processEvents()
        return widget.grab().toImage()

    set_theme("dark")
    widget = make()
    dark = picture(widget)
    set_theme("light")
    light, fresh = picture(widget), make()
    expected = picture(fresh)
    set_theme("dark")
    for each in (widget, fresh):
        each.deleteLater()
    assert light != dark
    assert light == expected


def test_titles_of_block_groups_are_readable_although_nobody_can_choose_them(
    qapp: QApplication, tmp_path: Path
) -> None:
    for current in (DARK, LIGHT):
        set_theme(current.name)
        blocks = block_list(tmp_path)
        blocks.fill("workflow")
        blocks.resize(240, 400)
        picture = blocks.grab(blocks.visualItemRect(blocks.item(0)).adjusted(1, 1, 1, 1)).toImage()
        ground = current.color("surface")
        best = max(
            contrast(picture.pixelColor(x, y), ground) for x in range(picture.width()) for y in range(picture.height())
        )
        assert best >= 4.5, current.name
    set_theme("dark")


def test_the_word_of_a_button_has_room_beside_its_icon_and_an_icon_alone_makes_a_square(qapp: QApplication) -> None:
    set_theme("dark")
    button, square = QPushButton("Open"), QPushButton()
    for one in (button, square):
        one.setIcon(icons.icon("folder", "text"))
    square.setProperty("kind", "icon")
    for one in (button, square):
        one.ensurePolished()
        one.resize(one.sizeHint())
    assert square.size() == QSize(32, 32)
    picture = button.grab().toImage()
    ground = picture.pixelColor(6, 16)
    columns = [
        any(abs(picture.pixelColor(x, y).lightness() - ground.lightness()) > 60 for y in range(6, 26))
        for x in range(4, picture.width() - 4)
    ]
    first = columns.index(True)
    gaps, run = [], 0
    for inked in columns[first : first + 30]:
        run = 0 if inked else run + 1
        gaps.append(run)
    assert max(gaps) >= 5, "the word is glued to the icon"


def test_columns_follow_the_text_size_and_never_cut_their_titles(qapp: QApplication) -> None:
    set_theme("dark", text_scale=1.0)
    table = QTableWidget(2, 3)
    table.setHorizontalHeaderLabels(["A", "B", "C"])
    header = table.horizontalHeader()
    set_columns(header, {0: 100, 1: 60}, rows=table.verticalHeader())
    table.show()
    rows = table.verticalHeader().defaultSectionSize()
    header.resizeSection(1, 80)  # as the person drags it
    set_theme("dark", text_scale=1.5)
    assert (header.sectionSize(0), header.sectionSize(1)) == (150, 120)
    assert table.verticalHeader().defaultSectionSize() > rows
    set_theme("light", text_scale=1.5)
    assert header.sectionSize(1) == 120, "another colour changes no widths"
    set_theme("dark", text_scale=1.0)
    assert (header.sectionSize(0), header.sectionSize(1)) == (100, 80)
    table.horizontalHeaderItem(1).setText("A title that is much longer")
    set_language("zh_CN")
    set_language("en")
    assert header.sectionSize(1) >= header.sectionSizeFromContents(1).width() > 80
    table.close()


def test_a_long_title_ends_in_an_ellipsis_until_somebody_types(qapp: QApplication) -> None:
    set_theme("dark")
    title, plain = "A model with a long title that does not fit", QLineEdit()
    edit = ElidedLineEdit()
    for one in (edit, plain):
        one.setText(title)
        one.setCursorPosition(0)
        one.resize(160, 32)
    assert edit.grab().toImage() != plain.grab().toImage()
    for one in (edit, plain):
        one.setText("Short")
    assert edit.grab().toImage() == plain.grab().toImage()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_icons_of_buttons_are_as_sharp_as_the_screen(qapp: QApplication, ratio: float) -> None:
    for made, size in ((icons.icon("play"), QSize(20, 16)), (icons.tile_icon("llm", "model"), QSize(24, 24))):
        picture = made.pixmap(size, ratio)
        assert picture.size() == size * ratio
        assert picture.devicePixelRatio() == ratio
