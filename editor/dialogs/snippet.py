"""The name and description of a snippet: of one that is made from a selection, or of one that is there (editor spec
C34)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QPlainTextEdit, QWidget

from editor.dialogs.parts import MARGIN, dialog_column
from editor.i18n import ntr, tr
from editor.library.pictures import THUMBNAIL_RATIO, draw_graph
from editor.panels.forms.parts import labelled
from editor.panels.parts import Words
from editor.theme import theme
from engine.services.snippets import LONGEST_DESCRIPTION, LONGEST_NAME

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.model.graph import Graph
    from engine.services.snippets import Snippet

WIDTH = 460
PICTURE = QSize(WIDTH - 2 * MARGIN, 132)
Done = Callable[["SnippetDialog"], None]


class SnippetDialog(QDialog):
    """Asks for a name and a description. `graph` is what the snippet holds; `snippet` is the one that is changed, None
    for a new one: a new one may replace another of its name after a question, a changed one may not."""

    def __init__(
        self, studio: Studio, graph: Graph | None, parent: QWidget, snippet: Snippet | None = None, left_out: int = 0
    ) -> None:
        super().__init__(parent)
        self._studio, self._snippet = studio, snippet
        self.replacing = False
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
        return self.name.text().strip(), self.description.toPlainText().strip()[:LONGEST_DESCRIPTION]

    def _other(self) -> Snippet | None:
        """Another snippet that has the name already."""
        found = self._studio.snippets.named(self.name.text())
        return None if found is None or (self._snippet is not None and found.id == self._snippet.id) else found

    def _follow(self) -> None:
        """What the name means: nothing yet, a new one, one that is taken."""
        other = self._other()
        taken = tr("There is a snippet of this name already.")
        if other is not None and self._snippet is None:
            taken = tr("There is a snippet of this name already; saving replaces it.")
        self.notice.setText(taken if other is not None else "")
        self.notice.setVisible(other is not None)
        self.save.setEnabled(bool(self.name.text().strip()) and (other is None or self._snippet is None))

    def accept(self) -> None:
        """Save, after a question when that replaces another one."""
        if not self.save.isEnabled():
            return
        other = self._other()
        if other is not None and self._snippet is None:
            self.replacing = self._studio.messages.confirm(
                tr("Replace “{name}”?", name=other.name),
                tr("What it holds now will be gone; workflows into which it was inserted stay as they are."),
                tr("Replace"),
                danger=True,
            )
            if not self.replacing:
                return
        super().accept()


def counted(graph: Graph) -> str:
    """How many blocks and connections a snippet holds."""
    blocks = sum(not n.is_container_start for n in graph.nodes.values())
    edges = sum(not graph.nodes[e.source].is_container_start for e in graph.edges.values())
    said = ntr("{n} block", "{n} blocks", blocks)
    return f"{said}  ·  {ntr('{n} connection', '{n} connections', edges)}" if edges else said


def _picture(graph: Graph) -> QLabel:
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
    label = QLabel()
    label.setPixmap(shown)
    label.setAccessibleName(tr("What the snippet holds"))
    return label
