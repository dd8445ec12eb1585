"""The application style sheet: every standard widget in the look of the design, written from theme tokens.

The rules themselves are `resources/theme/app.qss`, a template over the tokens. Variants are chosen by dynamic
properties, so that widgets need no style sheet of their own: `kind` on buttons (primary, accent, quiet, danger, link),
on labels (large, heading, title, section, muted, faint, small, tiny, code, bad, warn, good, chip), on frames (card,
panel, chrome, line, vline, raised, banner, canvas), on texts (code, bare, plain) and on tab bars (document); `wrong`
= true marks a field with an error.
"""

from __future__ import annotations

from functools import cache
from string import Template

from PySide6.QtGui import QColor

from editor.theme.tokens import Theme, code_family_names, text_family_names
from resources import folder


@cache
def _sheet() -> Template:
    return Template(folder("theme", "app.qss").read_text(encoding="utf-8"))


def _css(colour: QColor) -> str:
    if colour.alpha() == 255:
        return colour.name()
    return f"rgba({colour.red()}, {colour.green()}, {colour.blue()}, {colour.alpha()})"


def stylesheet(theme: Theme) -> str:
    """The style sheet for the whole application in this theme. Needs a QGuiApplication (for the fonts)."""
    values = {name: _css(theme.color(name)) for name in theme.color_names()}
    sizes = {role: f"{theme.pixels(role):g}" for role in ("tiny", "small", "base", "heading", "large", "code")}
    field = max(32, round(theme.pixels("base") * 2.46))
    return _sheet().substitute(
        values,
        **sizes,
        **{f"r_{name}": str(theme.radius(name)) for name in ("chip", "field", "button", "menu", "card")},
        field_inner=str(field - 2),
        field_focus=str(field - 4),
        spin_inner=str(field - 5),
        button=_css(theme.color("raised")),
        button_hover=_css(theme.color("chip")),
        button_pressed=_css(theme.color("bar")),
        tooltip_text=theme.hex("tooltip_text"),
        text_families=", ".join(f'"{name}"' for name in text_family_names()),
        code_families=", ".join(f'"{name}"' for name in code_family_names()),
        glyphs=(folder("icons") / "style" / theme.name).as_posix(),
    )
