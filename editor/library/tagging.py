"""The dialog of all tags: new ones, other names and colours, and away with those that nobody needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.dialogs.fitting import FittingDialog
from editor.enginetexts import told
from editor.i18n import ntr, tr
from editor.library.tagmarks import WORDS, dot
from editor.panels.parts import tool_button
from engine.services.library import Tag

if TYPE_CHECKING:
    from editor.context import Studio


class TagsDialog(FittingDialog):
    """Changes are in force at once; `changed` says that the tags are other than before."""

    changed = Signal()

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle(tr("Tags"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(460, 420)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.fresh = QLineEdit()
        self.fresh.setPlaceholderText(tr("New tag"))
        self.fresh.setAccessibleName(tr("New tag"))
        self.fresh.setMaxLength(60)
        row.addWidget(self.fresh, 1)
        self.add = QPushButton(tr("Add"))
        self.add.setProperty("kind", "primary")
        self.add.setDefault(True)
        self.add.clicked.connect(self._add)
        row.addWidget(self.add)
        column.addLayout(row)
        self.wrong = QLabel()
        self.wrong.setProperty("kind", "bad")
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        column.addWidget(self.wrong)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        self._box = QWidget()
        self._rows = QVBoxLayout(self._box)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(6)
        self._rows.setAlignment(Qt.AlignmentFlag.AlignTop)
        scroll.setWidget(self._box)
        column.addWidget(scroll, 1)
        buttons = QDialogButtonBox()
        buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole).setAutoDefault(False)
        buttons.rejected.connect(self.accept)
        column.addWidget(buttons)
        self.add.setDefault(True)
        self._load()
        self.fresh.setFocus()

    def _load(self) -> None:
        library = self._studio.services.library
        self._studio.tasks.run(
            lambda: (library.tags(), library.marks()), done=self._show, failed=self._failed, key="tags"
        )

    def _show(self, found: tuple[Sequence[Tag], dict[str, list[str]]]) -> None:
        if not isValid(self):
            return  # closed meanwhile
        tags, marks = found
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for tag in tags:
            used = sum(tag.name in names for names in marks.values())
            self._rows.addWidget(self._row(tag, used))
        if not tags:
            words = QLabel(tr("No tags yet. Tags group workflows across their kinds."))
            words.setProperty("kind", "muted")
            self._rows.addWidget(words)

    def _row(self, tag: Tag, used: int) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        colour = QComboBox()
        colour.setAccessibleName(tr("Colour of {name}", name=tag.name))
        for token, word in WORDS.items():
            colour.addItem(dot(token), tr(word), token)
        colour.setCurrentIndex(max(0, colour.findData(tag.colour)))
        colour.activated.connect(lambda _: self._change(tag, tag.name, colour.currentData()))
        name = QLineEdit(tag.name)
        name.setMaxLength(60)
        name.setAccessibleName(tr("Name of {name}", name=tag.name))
        name.editingFinished.connect(lambda: self._renamed(tag, name))
        row.addWidget(name, 1)
        row.addWidget(colour)
        count = QLabel(ntr("{n} workflow", "{n} workflows", used))
        count.setProperty("kind", "small")
        row.addWidget(count)
        row.addWidget(tool_button("trash", tr("Remove {name}", name=tag.name), lambda: self._remove(tag, used)))
        return box

    def _work(self, work: Callable[..., Any], *arguments: Any) -> None:
        self.wrong.hide()
        self._studio.tasks.run(work, *arguments, done=lambda _: self._changed(), failed=self._failed)

    def _changed(self) -> None:
        if not isValid(self):
            return
        self._load()
        self.changed.emit()

    def _failed(self, error: Any) -> None:
        if not isValid(self):
            return
        self.wrong.setText(told(error))
        self.wrong.show()
        self._load()

    def _add(self) -> None:
        name = self.fresh.text()
        if not name.strip():
            return  # Enter in the name of another tag
        self.fresh.clear()
        self._work(self._studio.services.library.add_tag, name)

    def _renamed(self, tag: Tag, field: QLineEdit) -> None:
        if field.text().strip() != tag.name:
            self._change(tag, field.text(), tag.colour)

    def _change(self, tag: Tag, name: str, colour: str) -> None:
        self._work(self._studio.services.library.change_tag, tag.name, name, colour)

    def _remove(self, tag: Tag, used: int) -> None:
        words = ntr("{n} workflow has it.", "{n} workflows have it.", used)
        if used and not self._studio.messages.confirm(
            tr("Remove the tag “{name}”?", name=tag.name), words, tr("Remove"), danger=True
        ):
            return
        self._work(self._studio.services.library.remove_tag, tag.name)
