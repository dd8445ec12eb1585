"""The dialog about who an app is: name, description, and an icon of a sign on a colour or of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from editor.appicon import app_icon, has_emoji
from editor.dialogs.fitting import FittingDialog
from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from editor.theme.tokens import ICON_BACKGROUNDS
from engine.errors import PenstockError
from engine.services.library import Info

if TYPE_CHECKING:
    from editor.context import Studio

SIDE = 56
IMAGE_SIDE = 256
IMAGE_BYTES = 10 * 1024 * 1024
EMOJI = "🤖💬📝📚🔍📊🧮🗂🌐✉️🎧🎬🛒🏥⚖️🧪🎓🧭🛠🔔💡🧠🐳🦊"


class InfoDialog(FittingDialog):
    """`changed` carries the new Info. Nothing is written here."""

    changed = Signal(object)

    def __init__(self, studio: Studio, info: Info, mode: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio, self._info, self._mode = studio, info, mode
        self.setWindowTitle(tr("Name and icon"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(480, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        top = QHBoxLayout()
        top.setSpacing(14)
        self.badge = QLabel()
        self.badge.setFixedSize(SIDE, SIDE)
        self.badge.setAccessibleName(tr("Icon"))
        top.addWidget(self.badge)
        self.name = QLineEdit(info.name)
        self.name.setMaxLength(255)
        self.name.setAccessibleName(tr("Name"))
        self.name.setPlaceholderText(tr("Name"))
        self.name.textChanged.connect(self._look)
        top.addWidget(self.name, 1)
        column.addLayout(top)
        self.description = QPlainTextEdit(info.description)
        self.description.setAccessibleName(tr("Description"))
        self.description.setPlaceholderText(tr("What it is for"))
        self.description.setTabChangesFocus(True)
        self.description.setFixedHeight(84)
        column.addWidget(self.description)
        column.addLayout(self._icon_row())
        column.addWidget(self._emoji_grid())
        column.addLayout(self._colour_row())
        self.wrong = QLabel()
        self.wrong.setProperty("kind", "bad")
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        column.addWidget(self.wrong)
        buttons = QDialogButtonBox()
        self.save: QPushButton = buttons.addButton(tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("kind", "primary")
        self.save.setDefault(True)
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(button is self.save)  # Enter in a field saves, whatever stands before the button
        self.save.setDefault(True)
        self._look()
        self.name.selectAll()
        self.name.setFocus()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _icon_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(QLabel(tr("Icon")))
        self.sign = QLineEdit(self._info.icon if self._info.icon_type != "image" else "")
        self.sign.setMaxLength(8)
        self.sign.setFixedWidth(96)
        self.sign.setAccessibleName(tr("Emoji"))
        self.sign.setPlaceholderText(tr("Emoji"))
        self.sign.textChanged.connect(self._signed)
        row.addWidget(self.sign)
        self.image = QPushButton(tr("Picture…"))
        self.image.setIcon(icon("image", "text"))
        self.image.clicked.connect(self._choose_image)
        row.addWidget(self.image)
        none = QPushButton(tr("None"))
        none.setProperty("kind", "quiet")
        none.setToolTip(tr("The drawing of its kind"))
        none.clicked.connect(self._no_icon)
        row.addWidget(none)
        row.addStretch(1)
        return row

    def _emoji_grid(self) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for number, sign in enumerate(signs()):
            button = QPushButton(sign)
            button.setProperty("kind", "quiet")
            button.setFixedWidth(34)
            button.setStyleSheet("padding: 0;")
            button.setAccessibleName(sign)
            button.clicked.connect(lambda _=False, sign=sign: self.sign.setText(sign))
            grid.addWidget(button, number // 12, number % 12)
        if not has_emoji():
            box.hide()
        return box

    def _colour_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        words = QLabel(tr("Background"))
        row.addWidget(words)
        self.colours = QButtonGroup(self)
        for colour in ICON_BACKGROUNDS:
            button = QPushButton()
            button.setCheckable(True)
            button.setFixedSize(30, 30)
            button.setIcon(_square(colour))
            button.setStyleSheet("padding: 0;")
            button.setAccessibleName(colour)
            button.setChecked(colour.lower() == self._info.icon_background.lower())
            button.clicked.connect(lambda _=False, colour=colour: self._coloured(colour))
            self.colours.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        return row

    # -- changes -----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        info = self._info
        image = self._studio.services.file_path(info.icon) if info.icon_type == "image" else None
        self.badge.setPixmap(app_icon(info.icon, info.icon_background, self._mode, SIDE, str(image or "")))
        self.save.setEnabled(bool(self.name.text().strip()))

    def _signed(self, text: str) -> None:
        self._info = replace(self._info, icon_type="emoji", icon=text.strip())
        self._look()

    def _coloured(self, colour: str) -> None:
        self._info = replace(self._info, icon_background=colour)
        self._look()

    def _no_icon(self) -> None:
        self.sign.clear()
        self._info = replace(self._info, icon_type="emoji", icon="")
        self._look()

    def _choose_image(self) -> None:
        kinds = tr("Pictures") + " (*.png *.jpg *.jpeg *.webp *.gif *.bmp *.svg)"
        name, _ = QFileDialog.getOpenFileName(self, tr("Picture for the icon"), "", kinds)
        if name:
            self.use_image(Path(name))

    def use_image(self, path: Path) -> None:
        """Take a picture as the icon: cut square, made small, kept in the workspace."""
        picture = QImage(str(path)) if path.stat().st_size <= IMAGE_BYTES else QImage()
        if picture.isNull():
            self.wrong.setText(tr("{name} is not a picture that can be read, or has more than 10 MiB.", name=path.name))
            self.wrong.show()
            return
        self.wrong.hide()
        side = min(picture.width(), picture.height())
        cut = picture.copy((picture.width() - side) // 2, (picture.height() - side) // 2, side, side)
        if side > IMAGE_SIDE:
            cut = cut.scaled(
                IMAGE_SIDE,
                IMAGE_SIDE,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        cut.save(buffer, "PNG")  # type: ignore[call-overload]
        self._studio.tasks.run(
            self._studio.services.keep_bytes,
            bytes(buffer.data().data()),
            f"{path.stem}.png",
            "image/png",
            done=self._imaged,
            failed=self._failed,
        )

    def _imaged(self, reference: str) -> None:
        self.sign.blockSignals(True)
        self.sign.clear()
        self.sign.blockSignals(False)
        self._info = replace(self._info, icon_type="image", icon=reference)
        self._look()

    def _failed(self, error: PenstockError) -> None:
        self.wrong.setText(told(error))
        self.wrong.show()

    def _save(self) -> None:
        self._info = replace(
            self._info, name=self.name.text().strip(), description=self.description.toPlainText().strip()
        )
        self.changed.emit(self._info)
        self.accept()


def signs() -> Sequence[str]:
    """The emoji that are offered; one sign may be several characters."""
    found: list[str] = []
    for character in EMOJI:
        if character == "\ufe0f":
            found[-1] += character
        else:
            found.append(character)
    return found


def _square(colour: str) -> QIcon:
    picture = QPixmap(18, 18)
    picture.fill(QColor(colour))
    return QIcon(picture)
