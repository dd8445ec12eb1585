"""The numbers and colours of the visual design, as data: one `Theme` for dark and one for light.

Everything that is drawn asks a `Theme`; literal colours, sizes and font names live in this module only.
Qt fonts and colours are made lazily and kept, because painters ask for them many thousand times a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QScreen

FontRole = Literal["base", "small", "title", "heading", "large", "code", "tiny"]

UNIT: Final = 4
"""All distances are multiples of this many logical pixels."""

FONT_PIXELS: Final[Mapping[str, float]] = MappingProxyType(
    {"tiny": 11, "small": 12, "base": 13, "title": 13, "heading": 15, "large": 20, "code": 12.5}
)
FONT_WEIGHTS: Final[Mapping[str, int]] = MappingProxyType({"title": 600, "heading": 600, "large": 600})

TEXT_FAMILIES: Final = (
    "Inter",
    "Inter Variable",
    "Segoe UI",
    "SF Pro Text",
    ".AppleSystemUIFont",
    "Noto Sans",
    "DejaVu Sans",
)
CJK_FAMILIES: Final = (
    "PingFang SC",
    "Microsoft YaHei UI",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
)
CODE_FAMILIES: Final = (
    "JetBrains Mono",
    "Cascadia Mono",
    "SF Mono",
    "Menlo",
    "Consolas",
    "Noto Sans Mono",
    "DejaVu Sans Mono",
    "Liberation Mono",
)
EMOJI_FAMILIES: Final = ("Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji")

RADIUS: Final[Mapping[str, int]] = MappingProxyType(
    {"chip": 6, "tile": 8, "field": 8, "button": 8, "menu": 10, "card": 12, "room": 16, "panel": 12, "badge": 8}
)

_FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "entry": "#5B9DFF",
        "end": "#5B9DFF",
        "model": "#8B7CF6",
        "logic": "#2BB8A3",
        "container": "#2BB8A3",
        "data": "#E5933B",
        "outside": "#E0629A",
        "knowledge": "#4FB35A",
        "human": "#D9B23A",
        "note": "#8A92A0",
        "unknown": "#8A92A0",
    }
)

_DARK: Final[Mapping[str, str]] = MappingProxyType(
    {
        "canvas": "#15171C",
        "chrome": "#191B21",
        "surface": "#1D2026",
        "raised": "#262A32",
        "field": "#15171C",
        "line": "#31363F",
        "line_strong": "#474E5A",
        "text": "#E8EAED",
        "muted": "#A3AAB5",
        "faint": "#9098A4",
        "disabled": "#6F7782",
        "control": "#737B87",
        "accent": "#5B9DFF",
        "accent_hover": "#78AEFF",
        "accent_pressed": "#4A8AEB",
        "on_accent": "#0B1424",
        "accent_soft": "#265B9DFF",
        "good": "#3FBF7F",
        "warn": "#E5A83B",
        "bad": "#F0616D",
        "held": "#B48CFF",
        "on_status": "#14161A",
        "hover": "#12FFFFFF",
        "pressed": "#1CFFFFFF",
        "chip": "#2A2F38",
        "grid": "#2A2D34",
        "edge": "#7C8592",
        "shadow": "#66000000",
        "bar": "#333842",
        "room": "#991D2026",
        "scroll": "#3B414C",
        "scroll_hover": "#555D6B",
        "tooltip": "#2E333C",
        "tooltip_text": "#E8EAED",
        "note_blue": "#1E2B40",
        "note_cyan": "#1B323A",
        "note_green": "#1E3429",
        "note_yellow": "#383120",
        "note_pink": "#3A2531",
        "note_violet": "#2C2744",
        "code_keyword": "#B48CFF",
        "code_string": "#7CC894",
        "code_number": "#E5A83B",
        "code_comment": "#9098A4",
        "code_name": "#78AEFF",
    }
)

_LIGHT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "canvas": "#F4F5F7",
        "chrome": "#FBFBFC",
        "surface": "#FFFFFF",
        "raised": "#FFFFFF",
        "field": "#FFFFFF",
        "line": "#E2E5EA",
        "line_strong": "#C3C9D2",
        "text": "#1B1F26",
        "muted": "#5A6270",
        "faint": "#656D7B",
        "disabled": "#8A92A0",
        "control": "#828A98",
        "accent": "#2563EB",
        "accent_hover": "#1D56D6",
        "accent_pressed": "#1A4BBD",
        "on_accent": "#FFFFFF",
        "accent_soft": "#142563EB",
        "good": "#15803D",
        "warn": "#A84D08",
        "bad": "#D11A2A",
        "held": "#7C3AED",
        "on_status": "#FFFFFF",
        "hover": "#0C1B1F26",
        "pressed": "#161B1F26",
        "chip": "#EEF0F4",
        "grid": "#DFE2E7",
        "edge": "#7B8594",
        "shadow": "#1F1B2230",
        "bar": "#E6E9EE",
        "room": "#99FFFFFF",
        "scroll": "#CBD0D8",
        "scroll_hover": "#A9B0BB",
        "tooltip": "#2A2F38",
        "tooltip_text": "#F4F5F7",
        "note_blue": "#E3EEFE",
        "note_cyan": "#DDF3F7",
        "note_green": "#E1F4E6",
        "note_yellow": "#FCF4D9",
        "note_pink": "#FBE7EF",
        "note_violet": "#EDE9FD",
        "code_keyword": "#7C3AED",
        "code_string": "#15803D",
        "code_number": "#B45309",
        "code_comment": "#656D7B",
        "code_name": "#2563EB",
    }
)


@cache
def _installed(families: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `families` that this system has: asking Qt for missing ones costs an alias search on macOS."""
    present = set(QFontDatabase.families())
    return tuple(name for name in families if name in present or name.startswith("."))


@cache
def _text_families() -> tuple[str, ...]:
    default = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    return (*_installed(TEXT_FAMILIES), default, *_installed(CJK_FAMILIES), *_installed(EMOJI_FAMILIES))


@cache
def _code_families() -> tuple[str, ...]:
    default = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
    return (*_installed(CODE_FAMILIES), default, *_installed(CJK_FAMILIES), *_installed(EMOJI_FAMILIES))


def text_family_names() -> tuple[str, ...]:
    """Installed interface fonts, best first, with Chinese and emoji fallbacks. Needs a QGuiApplication."""
    return _text_families()


def code_family_names() -> tuple[str, ...]:
    """Installed fixed-width fonts, best first, with Chinese and emoji fallbacks. Needs a QGuiApplication."""
    return _code_families()


class Theme:
    """Colours, fonts and distances of one appearance. Immutable in use; `name` is `dark` or `light`."""

    def __init__(self, name: Literal["dark", "light"], colours: Mapping[str, str], text_scale: float = 1.0) -> None:
        self.name: Literal["dark", "light"] = name
        self.text_scale = text_scale
        self.space = UNIT
        self._hex = colours
        self._colours: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, int, float], QFont] = {}

    @property
    def is_dark(self) -> bool:
        """Whether this is the dark appearance."""
        return self.name == "dark"

    def color(self, name: str) -> QColor:
        """The colour of a token. Do not change the returned object; KeyError for a name that is no token."""
        found = self._colours.get(name)
        if found is None:
            found = self._colours[name] = QColor(self._hex[name])
        return found

    def mix(self, name: str, alpha: float) -> QColor:
        """A token's colour with opacity `alpha` (0 to 1)."""
        colour = QColor(self.color(name))
        colour.setAlphaF(alpha)
        return colour

    def hex(self, name: str) -> str:
        """The token as text that style sheets understand (`#RRGGBB` or `#AARRGGBB`)."""
        return self._hex[name]

    def color_names(self) -> tuple[str, ...]:
        """Every colour token."""
        return tuple(self._hex)

    def family(self, name: str) -> QColor:
        """The tint of a node family (`entry`, `model`, `logic` ...); unknown names get the neutral tint."""
        key = f"family:{name}"
        found = self._colours.get(key)
        if found is None:
            found = self._colours[key] = QColor(_FAMILIES.get(name, _FAMILIES["unknown"]))
        return found

    def on_family(self, name: str) -> QColor:
        """The family's tint made readable for glyphs and small text on `surface`."""
        key = f"on_family:{name}"
        found = self._colours.get(key)
        if found is None:
            tint = self.family(name)
            found = self._colours[key] = tint.lighter(112) if self.is_dark else tint.darker(140)
        return found

    def pixels(self, role: str) -> float:
        """The text size of a role in logical pixels, including the person's text scale."""
        return FONT_PIXELS[role] * self.text_scale

    def font(self, role: FontRole, weight: int | None = None, scale: float = 1.0) -> QFont:
        """The font of a role. `weight` 400 or 600 overrides the role's own; `scale` is for zoomed drawing.

        Numbers are tabular. The returned object is shared: copy it before changing it.
        """
        key = (role, weight or 0, scale)
        found = self._fonts.get(key)
        if found is None:
            if len(self._fonts) > 512:
                self._fonts.clear()
            found = self._fonts[key] = self._make_font(role, weight, scale)
        return found

    def _make_font(self, role: str, weight: int | None, scale: float) -> QFont:
        font = QFont()
        font.setFamilies(list(_code_families() if role == "code" else _text_families()))
        if role == "code":
            font.setStyleHint(QFont.StyleHint.Monospace)
            font.setFixedPitch(True)
        else:
            font.setFeature(QFont.Tag("tnum"), 1)
        pixels = max(1.0, FONT_PIXELS[role] * self.text_scale * scale)
        # Pixel sizes are whole numbers in QFont; fractions go through points.
        if pixels == int(pixels):
            font.setPixelSize(int(pixels))
        else:
            screen: QScreen | None = QGuiApplication.primaryScreen()
            font.setPointSizeF(pixels * 72 / (screen.logicalDotsPerInch() if screen is not None else 96))
        font.setWeight(QFont.Weight(weight or FONT_WEIGHTS.get(role, 400)))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def radius(self, name: str) -> int:
        """Corner radius of a kind of thing: chip, tile, field, button, menu, card, room, panel, badge."""
        return RADIUS[name]

    def grown(self, pixels: float, share: float = 1.0) -> int:
        """A width or height that holds text, in logical pixels for the person's text scale; `share` (0 to 1) says how
        much of the growth it takes part in."""
        return round(pixels * (1 + (self.text_scale - 1) * share))

    def with_text_scale(self, text_scale: float) -> Theme:
        """The same colours with another text scale (1.0 to 2.0)."""
        return Theme(self.name, self._hex, min(2.0, max(0.8, text_scale)))


DARK: Final = Theme("dark", _DARK)
LIGHT: Final = Theme("light", _LIGHT)


ICON_BACKGROUNDS = (
    "#FFEAD5",
    "#E4FBCC",
    "#D3F8DF",
    "#E0F2FE",
    "#E0EAFF",
    "#EFF1F5",
    "#FBE8FF",
    "#FCE7F6",
    "#FEF7C3",
    "#FEE4E2",
)
"""Grounds that the icon of a workflow may have: kept with the workflow, so the same in both themes."""
