"""Everybody can read it: each pair of words and ground, glyph and ground, that the studio shows has enough contrast.

4.5:1 for words, 3:1 for icons, for the borders of fields and for edges (WCAG 2.2, 1.4.3 and 1.4.11). What stands in no
pair must be named as a ground or as decoration, so that a new token is thought about.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor

from editor.canvas.paint.drawing import TONE
from editor.theme import DARK, LIGHT, Theme
from tests.helpers.contrast import contrast, over

ROOT = Path(__file__).parents[2]
THEMES = pytest.mark.parametrize("current", [DARK, LIGHT], ids=["dark", "light"])
WORDS, SHAPES = 4.5, 3.0

PANELS = ("canvas", "chrome", "surface", "raised", "field")
NOTES = ("note_blue", "note_cyan", "note_green", "note_yellow", "note_pink", "note_violet")
TEXTS: dict[str, tuple[str, ...]] = {
    "text": (*PANELS, "chip", "hover", "pressed", "accent_soft", "bar", *NOTES),
    "muted": (*PANELS, "chip", "hover", "accent_soft", *NOTES),
    "faint": (*PANELS, "chip", "hover"),
    "accent": (*PANELS, "accent_soft"),
    "good": ("canvas", "surface", "raised"),
    "warn": ("canvas", "surface", "raised", "chip"),
    "bad": ("canvas", "surface", "raised"),
    "held": ("canvas", "surface", "raised"),
    "on_accent": ("accent", "accent_hover", "accent_pressed"),
    "on_status": ("good", "warn", "bad", "held"),
    "tooltip_text": ("tooltip",),
    **{f"code_{name}": ("surface", "field") for name in ("keyword", "string", "number", "comment", "name")},
}
GLYPHS: dict[str, tuple[str, ...]] = {
    "muted": ("chrome", "surface", "raised", "field", "chip", "pressed", "accent_soft"),
    "accent": (*PANELS, "accent_soft"),
    "good": PANELS,
    "warn": PANELS,
    "bad": (*PANELS, "hover"),
    "held": PANELS,
    "edge": ("canvas", "surface"),
    "control": (*PANELS, "hover"),
}
GROUNDS = {
    *PANELS, *NOTES, "chip", "hover", "pressed", "accent_soft", "bar", "tooltip", "room",
}  # fmt: skip
DECORATION = {
    "line": "divides; nothing is told by it alone",
    "line_strong": "divides",
    "grid": "the dots of the canvas",
    "shadow": "depth",
    "scroll": "the length of a list, which the wheel and the keys move in too",
    "scroll_hover": "as scroll",
    "disabled": "what cannot be used now (WCAG leaves it out)",
}
FAMILIES = ("entry", "end", "model", "logic", "container", "data", "outside", "knowledge", "human", "note", "unknown")


def on_panel(current: Theme, ground: str) -> QColor:
    """A ground as it is seen: those with opacity lie on a panel."""
    return over(current.color(ground), current.color("surface"))


def too_weak(current: Theme, pairs: dict[str, tuple[str, ...]], least: float) -> list[str]:
    found = []
    for token, grounds in pairs.items():
        for ground in grounds:
            seen = contrast(current.color(token), on_panel(current, ground))
            if seen < least:
                found.append(f"{token} on {ground}: {seen:.2f}")
    return found


@THEMES
@pytest.mark.spec("editor.80")
def test_words_can_be_read_on_every_ground_they_stand_on(current: Theme) -> None:
    assert not too_weak(current, TEXTS, WORDS)


@THEMES
def test_icons_borders_of_fields_and_edges_stand_out(current: Theme) -> None:
    assert not too_weak(current, GLYPHS, SHAPES)


@THEMES
def test_the_glyph_of_a_family_stands_out_from_its_tile(current: Theme) -> None:
    share = 0.24 if current.is_dark else 0.18
    for family in FAMILIES:
        tile = over(current.family(family), current.color("surface"), share)
        assert contrast(current.on_family(family), tile) >= SHAPES, family


@THEMES
def test_warnings_can_be_read_on_their_chips(current: Theme) -> None:
    for tone in ("bad", "warn"):
        chip = over(current.color(tone), current.color("surface"), TONE)
        assert contrast(current.color(tone), chip) >= WORDS, tone


@THEMES
def test_the_ring_of_the_focus_stands_out_from_fields_and_buttons(current: Theme) -> None:
    for ground in (*PANELS, "chip"):
        assert contrast(current.color("accent"), on_panel(current, ground)) >= SHAPES, ground
    # The filled button is ringed in the colour of words, seen against what it stands on.
    assert contrast(current.color("text"), current.color("surface")) >= SHAPES


def test_every_token_is_accounted_for() -> None:
    known = {*TEXTS, *GLYPHS, *GROUNDS, *DECORATION, "accent_hover", "accent_pressed"}
    assert set(DARK.color_names()) <= known, set(DARK.color_names()) - known


def test_the_sheet_uses_faint_colours_for_what_is_disabled_only() -> None:
    sheet = (ROOT / "resources" / "theme" / "app.qss").read_text(encoding="utf-8")
    wrong = [
        rule.strip()
        for rule in re.findall(r"[^{}]+\{[^{}]*\bcolor: \$disabled[^{}]*\}", sheet)
        if ":disabled" not in rule
    ]
    assert not wrong
