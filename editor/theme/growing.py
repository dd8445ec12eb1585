"""Measures that follow the person's text size while a window stays open."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from editor.theme.current import theme, theme_signal


class _Follower(QObject):
    def __init__(self, owner: QObject, apply: Callable[[float], object]) -> None:
        super().__init__(owner)
        self._scale = theme().text_scale
        self._apply = apply
        theme_signal().changed.connect(self._changed)

    def _changed(self) -> None:
        before, self._scale = self._scale, theme().text_scale
        if before != self._scale:
            self._apply(self._scale / before)


def follow_text_size(owner: QObject, apply: Callable[[float], object]) -> None:
    """Call `apply` whenever the text size changes, with new size / old size, as long as `owner` lives."""
    _Follower(owner, apply)
