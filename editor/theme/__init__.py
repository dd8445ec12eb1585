"""How Penstock looks: tokens, the theme in force, and the application style sheet.

Widgets and painters import from here; no other module names a colour, a size or a font.
"""

from __future__ import annotations

from editor.theme.current import (
    ThemeChoice,
    ThemeSignal,
    dress,
    motion,
    palette,
    restyle,
    set_motion,
    set_theme,
    theme,
    theme_choice,
    theme_signal,
)
from editor.theme.growing import follow_text_size
from editor.theme.stylesheet import stylesheet
from editor.theme.tokens import DARK, LIGHT, FontRole, Theme, code_family_names, text_family_names

__all__ = [
    "DARK",
    "LIGHT",
    "FontRole",
    "Theme",
    "ThemeChoice",
    "ThemeSignal",
    "code_family_names",
    "dress",
    "follow_text_size",
    "motion",
    "palette",
    "restyle",
    "set_motion",
    "set_theme",
    "stylesheet",
    "text_family_names",
    "theme",
    "theme_choice",
    "theme_signal",
]
