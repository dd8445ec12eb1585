"""Contrast of colours as WCAG 2.2 counts it, with transparent colours laid over what is below them."""

from __future__ import annotations

from PySide6.QtGui import QColor


def luminance(colour: QColor) -> float:
    """Relative luminance, 0 to 1."""
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]  # type: ignore[index]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: QColor, second: QColor) -> float:
    """From 1 (the same) to 21 (black on white)."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def over(top: QColor, base: QColor, alpha: float | None = None) -> QColor:
    """What is seen of a colour with opacity over another."""
    share = top.alphaF() if alpha is None else alpha
    mixed = [t * share + b * (1 - share) for t, b in zip(top.getRgbF()[:3], base.getRgbF()[:3], strict=True)]  # type: ignore[index]
    return QColor.fromRgbF(*mixed)
