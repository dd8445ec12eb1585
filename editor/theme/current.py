"""Which theme is in force: chosen by the person or following the system, switched live for the whole application."""

from __future__ import annotations

import os
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from editor.theme.stylesheet import stylesheet
from editor.theme.tokens import DARK, LIGHT, Theme

ThemeChoice = Literal["dark", "light", "system"]


class ThemeSignal(QObject):
    """`changed` is sent after the application wears another theme; painters then drop what they cached."""

    changed = Signal()


class _State:
    choice: ThemeChoice = "system"
    theme: Theme = DARK
    following: bool = False
    motion: bool | None = None


@cache
def theme_signal() -> ThemeSignal:
    """The one object that tells of theme changes."""
    return ThemeSignal()


def theme() -> Theme:
    """The theme in force."""
    return _State.theme


def theme_choice() -> ThemeChoice:
    """What was asked for: `dark`, `light` or `system`."""
    return _State.choice


def set_theme(name: ThemeChoice, *, text_scale: float | None = None) -> Theme:
    """Puts a theme in force, dresses the running application (if any) and tells everyone.

    `system` follows the desktop's colour scheme, now and when it changes. `text_scale` (1.0 to 2.0) enlarges text.
    """
    _State.choice = name
    app = QGuiApplication.instance()
    if name == "system" and isinstance(app, QGuiApplication):
        hints = app.styleHints()
        if not _State.following:
            hints.colorSchemeChanged.connect(_follow_system)
            _State.following = True
        dark = hints.colorScheme() != Qt.ColorScheme.Light
    else:
        dark = name != "light"
    scale = _State.theme.text_scale if text_scale is None else text_scale
    chosen = DARK if dark else LIGHT
    _State.theme = chosen if scale == 1.0 else chosen.with_text_scale(scale)
    if isinstance(app, QApplication):
        dress(app)
    theme_signal().changed.emit()
    return _State.theme


def dress(app: QApplication) -> None:
    """Gives the application the style, palette, font and style sheet of the theme in force."""
    current = _State.theme
    if app.style().objectName() != "fusion" and not app.styleSheet():
        app.setStyle("Fusion")
    app.setFont(current.font("base"))
    app.setPalette(palette(current))
    app.setStyleSheet(stylesheet(current))


def restyle(widget: QWidget, **properties: object) -> None:
    """Give a widget other values of properties that the style sheet asks for, and its look with them: Qt does not look
    again by itself."""
    if all(widget.property(name) == value for name, value in properties.items()):
        return
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def palette(current: Theme) -> QPalette:
    """The theme as a Qt palette, for what style sheets do not reach."""
    result = QPalette()
    roles: dict[QPalette.ColorRole, QColor] = {
        QPalette.ColorRole.Window: current.color("surface"),
        QPalette.ColorRole.WindowText: current.color("text"),
        QPalette.ColorRole.Base: current.color("field"),
        QPalette.ColorRole.AlternateBase: current.color("surface"),
        QPalette.ColorRole.Text: current.color("text"),
        QPalette.ColorRole.Button: current.color("raised"),
        QPalette.ColorRole.ButtonText: current.color("text"),
        QPalette.ColorRole.BrightText: current.color("on_accent"),
        QPalette.ColorRole.Highlight: current.color("accent"),
        QPalette.ColorRole.HighlightedText: current.color("on_accent"),
        QPalette.ColorRole.Accent: current.color("accent"),
        QPalette.ColorRole.Link: current.color("accent"),
        QPalette.ColorRole.LinkVisited: current.color("held"),
        QPalette.ColorRole.PlaceholderText: current.color("faint"),
        QPalette.ColorRole.ToolTipBase: current.color("tooltip"),
        QPalette.ColorRole.ToolTipText: current.color("tooltip_text"),
        QPalette.ColorRole.Mid: current.color("line"),
        QPalette.ColorRole.Dark: current.color("line"),
        QPalette.ColorRole.Light: current.color("raised"),
    }
    for role, colour in roles.items():
        result.setColor(role, colour)
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, current.color("disabled"))
    return result


def motion() -> bool:
    """Whether things may move by themselves: not in tests, not when the person or the system asked for calm."""
    if os.environ.get("PENSTOCK_NO_MOTION"):
        return False
    if _State.motion is not None:
        return _State.motion
    if os.name != "nt":
        # Qt tells of the desktop's wish for calm on Windows only; elsewhere its answer means nothing.
        return True
    app = QApplication.instance()
    return isinstance(app, QApplication) and app.isEffectEnabled(Qt.UIEffect.UI_General)


def set_motion(allowed: bool | None) -> None:
    """The person's wish about motion; None follows the system."""
    _State.motion = allowed


def _follow_system() -> None:
    if _State.choice == "system":
        set_theme("system")
