"""One picture, large: fitted to the window, or pixel for pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from editor.dialogs.fitting import FittingDialog
from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import ElidedLabel
from editor.panels.viewers.pictures import NoPicture, Picture, decoded
from editor.panels.viewers.viewing import Viewing

MARGIN: Final = 16
SIZE: Final = QSize(720, 560)


class PictureWindow(FittingDialog):
    """Esc closes it; `whole` switches between fitted and pixel for pixel."""

    def __init__(self, picture: Picture, viewing: Viewing, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._picture = picture
        self._image = QImage()
        self.setWindowTitle(picture.name)
        self.setMinimumSize(320, 240)
        room = parent.size() * 0.85 if parent is not None else SIZE
        self.resize(SIZE.boundedTo(room).expandedTo(QSize(320, 240)))
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(12)
        self.area = QScrollArea()
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.view = QLabel(tr("Loading…"))
        self.view.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.view.setAccessibleName(picture.name)
        self.view.setMinimumSize(1, 1)  # else its picture would keep it as large as it was
        self.area.setWidget(self.view)
        self.area.setWidgetResizable(True)
        column.addWidget(self.area, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.facts = ElidedLabel(picture.name, "small", middle=True)
        row.addWidget(self.facts, 1)
        self.whole = QPushButton(tr("Actual size"))
        self.whole.setCheckable(True)
        self.whole.setEnabled(False)
        self.whole.toggled.connect(self._fit)
        self.save = QPushButton(tr("Save as…"))
        self.save.setIcon(icon("save", "text"))
        self.save.setEnabled(False)
        self.save.clicked.connect(self._save)
        close = QPushButton(tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        for button in (self.whole, self.save, close):
            button.setAccessibleName(button.text())
            row.addWidget(button)
        column.addLayout(row)
        close.setFocus()
        viewing.later(self._read, self._show)

    def _read(self) -> tuple[QImage, int] | str:
        try:
            content = self._picture.content()
            return decoded(content)[0], len(content)
        except NoPicture as problem:
            return str(problem)

    def _show(self, found: tuple[QImage, int] | str) -> None:
        if not isValid(self):
            return
        if isinstance(found, str):
            self.view.setText(found)
            return
        self._image, size = found
        words = f"{self._picture.name}  ·  {self._image.width()} × {self._image.height()}  ·  {_bytes(size)}"
        self.facts.setText(words)
        self.whole.setEnabled(True)
        self.save.setEnabled(True)
        self._fit()

    def _fit(self) -> None:
        if self._image.isNull():
            return
        self.area.setWidgetResizable(not self.whole.isChecked())
        shown = QPixmap.fromImage(self._image)
        if not self.whole.isChecked():
            ratio = self.devicePixelRatioF()
            room = self.area.viewport().size() * ratio
            if shown.width() > room.width() or shown.height() > room.height():
                keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
                shown = shown.scaled(room.expandedTo(QSize(1, 1)), keep, smooth)
                shown.setDevicePixelRatio(ratio)
        self.view.setPixmap(shown)
        if self.whole.isChecked():
            self.view.resize(shown.deviceIndependentSize().toSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save as…"), self._picture.name)
        if not chosen:
            return
        try:
            Path(chosen).write_bytes(self._picture.content())
        except (OSError, NoPicture) as error:
            reason = error.strerror if isinstance(error, OSError) else ""
            self.facts.setText(tr("The file cannot be written: {what}", what=reason or str(error)))


def _bytes(count: int) -> str:
    return f"{count / 1024:.1f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"
