"""The name and description of a snippet: of one that is made from a selection, or of one that is there (editor spec
C34)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QDialogButtonBox, QLineEdit, QPlainTextEdit, QWidget
from shiboken6 import isValid

from editor.dialogs.fitting import FittingDialog
from editor.dialogs.parts import MARGIN, dialog_column
from editor.i18n import ntr, tr
from editor.library.pictures import THUMBNAIL_RATIO, draw_graph
from editor.panels.forms.parts import labelled
from editor.panels.glyph import Glyph
from editor.panels.parts import Words
from editor.theme import theme
from engine.services.snippets import LONGEST_DESCRIPTION, LONGEST_NAME

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.model.graph import Graph
    from engine.services.snippets import Snippet

WIDTH = 460
PICTURE = QSize(WIDTH - 2 * MARGIN, 132)


class SnippetDialog(FittingDialog):
    """Asks for a name and a description. `graph` is what the snippet holds; `snippet` is the one that is changed, None
    for a new one: a new one may replace another of its name after a question, a changed one may not.

    `saveWanted` asks to save the words; the dialog stays until `leave` tells that they are kept, so that nothing typed
    is lost when they cannot be.
    """

    saveWanted = Signal()

    def __init__(
        self, studio: Studio, graph: Graph | None, parent: QWidget, snippet: Snippet | None = None, left_out: int = 0
    ) -> None:
        super().__init__(parent)
        self._studio, self._snippet = studio, snippet
        self.replacing = self._saving = False
        self.setMinimumWidth(WIDTH)
        column = dialog_column(self, tr("Save as snippet") if snippet is None else tr("Rename and describe"))
        if graph is not None:
            column.addWidget(_picture(graph))
            column.addWidget(Words(counted(graph)))
        if left_out:
            said = ntr(
                "{n} selected node is left out: a snippet cannot hold it.",
                "{n} selected nodes are left out: a snippet cannot hold them.",
                left_out,
            )
            column.addWidget(Words(said))
        self.name = QLineEdit(snippet.name if snippet is not None else "")
        self.name.setAccessibleName(tr("Name"))
        self.name.setMaxLength(LONGEST_NAME)
        self.name.textChanged.connect(lambda _: self._follow())
        self.description = QPlainTextEdit(snippet.description if snippet is not None else "")
        self.description.setAccessibleName(tr("Description"))
        self.description.setPlaceholderText(tr("What it is for"))
        self.description.setTabChangesFocus(True)
        self.description.setMinimumHeight(84)
        self.description.textChanged.connect(self._follow)
        column.addWidget(labelled(tr("Name"), self.name, required=True))
        self.notice = Words("", "small")
        self.notice.hide()
        column.addWidget(self.notice)
        column.addWidget(labelled(tr("Description"), self.description))
        buttons = QDialogButtonBox()
        self.save = buttons.addButton(tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("kind", "primary")
        self.save.setDefault(True)
        buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        studio.snippets.changed.connect(self._follow)
        studio.snippets.load()
        self._follow()
        self.name.setFocus()
        self.name.selectAll()

    @property
    def words(self) -> tuple[str, str]:
        """The name and the description."""
        return self.name.text().strip(), self.description.toPlainText().strip()

    def _other(self) -> Snippet | None:
        """Another snippet that has the name already."""
        found = self._studio.snippets.named(self.name.text())
        return None if found is None or (self._snippet is not None and found.id == self._snippet.id) else found

    def _follow(self) -> None:
        """What the name means: nothing yet, a new one, one that is taken."""
        name, description = self.words
        other = self._other()
        over = len(description) - LONGEST_DESCRIPTION
        said = ""
        if other is not None and self._snippet is None:
            said = tr("There is a snippet of this name already; saving replaces it.")
        elif other is not None:
            said = tr("There is a snippet of this name already.")
        if over > 0:
            said = ntr(
                "The description is {n} character too long.", "The description is {n} characters too long.", over
            )
        self.notice.setText(said)
        self.notice.setVisible(bool(said))
        free = other is None or self._snippet is None
        self.save.setEnabled(bool(name) and free and over <= 0 and not self._saving)

    def accept(self) -> None:
        """Save, after a question when that replaces another one."""
        if not self.save.isEnabled():
            return
        other = self._other()
        if other is not None and self._snippet is None:
            self.replacing = self._studio.messages.confirm(
                tr("Replace “{name}”?", name=other.name),
                tr("Workflows into which it was inserted stay as they are. It can be taken back right afterwards."),
                tr("Replace"),
                danger=True,
            )
            if not self.replacing:
                return
        self._saving = True
        self.save.setEnabled(False)
        self.saveWanted.emit()

    def leave(self) -> None:
        """The words are kept."""
        if isValid(self):
            super().accept()

    def stay(self) -> None:
        """They could not be kept: the person may change them, or try again."""
        if isValid(self):
            self._saving = False
            self._follow()


def counted(graph: Graph) -> str:
    """How many blocks and connections a snippet holds."""
    blocks = sum(not n.is_container_start for n in graph.nodes.values())
    edges = sum(not graph.nodes[e.source].is_container_start for e in graph.edges.values())
    said = ntr("{n} block", "{n} blocks", blocks)
    return f"{said}  ·  {ntr('{n} connection', '{n} connections', edges)}" if edges else said


def _picture(graph: Graph) -> Glyph:
    label = Glyph()
    label.show_made(lambda: _drawn(graph))
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    label.setAccessibleName(tr("What the snippet holds"))
    return label


def _drawn(graph: Graph) -> QPixmap:
    current, ratio = theme(), THUMBNAIL_RATIO
    shown = QPixmap(PICTURE * ratio)
    shown.setDevicePixelRatio(ratio)
    shown.fill(Qt.GlobalColor.transparent)
    painter = QPainter(shown)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(current.color("line"), 1))
    painter.setBrush(current.color("canvas"))
    radius = current.radius("field")
    painter.drawRoundedRect(QRectF(0.5, 0.5, PICTURE.width() - 1, PICTURE.height() - 1), radius, radius)
    image = draw_graph(graph, PICTURE)
    if image is not None:
        size = image.deviceIndependentSize()
        left, top = (PICTURE.width() - size.width()) / 2, (PICTURE.height() - size.height()) / 2
        painter.drawImage(QPointF(left, top), image)
    painter.end()
    return shown
