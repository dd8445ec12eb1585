"""Columns of tables that fit their words: after a change of the text size or the language as well as when they open."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHeaderView

from editor.i18n import language_signal
from editor.theme import follow_text_size, theme


class _Columns(QObject):
    """Keeps what the person dragged: widths grow and shrink with the text, and never cut a column's title."""

    def __init__(self, header: QHeaderView, rows: QHeaderView | None) -> None:
        super().__init__(header)
        self._header, self._rows = header, rows
        follow_text_size(self, self._grow)
        # The titles are said anew by then.
        language_signal().changed.connect(self._hold_titles)

    def _grow(self, by: float) -> None:
        header = self._header
        for section in self._own():
            header.resizeSection(section, round(header.sectionSize(section) * by))
        if self._rows is not None:
            self._rows.setDefaultSectionSize(round(self._rows.defaultSectionSize() * by))
        self._hold_titles()

    def _hold_titles(self) -> None:
        header = self._header
        for section in self._own():
            wanted = header.sectionSizeFromContents(section).width()
            if header.sectionSize(section) < wanted:
                header.resizeSection(section, wanted)

    def _own(self) -> list[int]:
        """Sections whose width is not made of the room or of what they hold."""
        header = self._header
        fixed = (QHeaderView.ResizeMode.Interactive, QHeaderView.ResizeMode.Fixed)
        return [s for s in range(header.count()) if header.sectionResizeMode(s) in fixed]


def set_columns(header: QHeaderView, widths: Mapping[int, int], *, rows: QHeaderView | None = None) -> None:
    """Widths in logical pixels for text of the usual size; from now on they follow its size, and so do `rows`."""
    for section, width in widths.items():
        header.resizeSection(section, theme().grown(width))
    if header.findChild(_Columns) is None:
        if rows is not None:
            rows.setDefaultSectionSize(theme().grown(rows.defaultSectionSize()))
        _Columns(header, rows)
