"""What a published version is called and what is to be said of it, also long after publishing (editor spec V5)."""

from __future__ import annotations

from PySide6.QtWidgets import QDialogButtonBox, QLabel, QLineEdit, QPlainTextEdit, QWidget

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import dialog_column
from editor.i18n import tr
from editor.panels.forms.parts import labelled
from editor.panels.parts import local_time
from engine.services.versions import VersionInfo


class VersionNotes(FittingDialog):
    """Accepted with `name` and `comment`."""

    def __init__(self, version: VersionInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumWidth(440)
        column = dialog_column(self, tr("Name and notes"))
        time = QLabel(tr("Published {time}", time=local_time(version.version)))
        time.setProperty("kind", "muted")
        column.addWidget(time)
        self.name = QLineEdit(version.name)
        self.name.setAccessibleName(tr("Name of this version"))
        self.name.setPlaceholderText(tr("Untitled version"))
        self.name.setMaxLength(255)
        self.comment = QPlainTextEdit(version.comment)
        self.comment.setAccessibleName(tr("What changed"))
        self.comment.setTabChangesFocus(True)
        self.comment.setMinimumHeight(120)
        column.addWidget(labelled(tr("Name of this version"), self.name))
        column.addWidget(labelled(tr("What changed"), self.comment))
        buttons = QDialogButtonBox()
        self.save = buttons.addButton(tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("kind", "primary")
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.name.setFocus()
        self.name.selectAll()
