"""The library: cards of workflows with a picture of their graph, samples by what they teach, open and import."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.appicon import app_icon
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.panels.parts import STATUS_ICON, ElidedLabel, ago, status_word
from editor.theme import theme

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.templates import Template
    from engine.services.workflows import AppSummary

CARD = QSize(268, 200)
PICTURE = QSize(266, 116)
GAP = 16
THUMBNAIL_ZOOM = 0.45
THUMBNAIL_RATIO = 2.0
MODE_WORDS = {
    "workflow": "Workflow",
    "advanced-chat": "Chat flow",
    "chat": "Chat assistant",
    "agent-chat": "Agent",
    "completion": "Text generator",
    "agent": "Agent",
    "rag_pipeline": "Knowledge pipeline",
}


class AppCard(QFrame):
    """One workflow: picture, name, mode, dots of its last runs, last change."""

    opened = Signal(str)
    menuWanted = Signal(str, object)

    def __init__(self, summary: AppSummary) -> None:
        super().__init__()
        self.summary = summary
        self._picture: QPixmap | None = None
        self.setProperty("kind", "card")
        self.setFixedSize(CARD)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{summary.name}, {tr(MODE_WORDS.get(summary.mode, summary.mode))}")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, PICTURE.height() + 12, 14, 12)
        column.setSpacing(4)
        top = QHBoxLayout()
        top.setSpacing(10)
        badge = QLabel()
        badge.setPixmap(app_icon(summary.icon, summary.icon_background, summary.mode, 32))
        top.addWidget(badge)
        words = QVBoxLayout()
        words.setSpacing(0)
        name = QLabel(summary.name)
        name.setProperty("kind", "title")
        name.setText(name.fontMetrics().elidedText(name.text(), Qt.TextElideMode.ElideRight, CARD.width() - 78))
        name.setToolTip(summary.name)
        words.addWidget(name)
        top.addLayout(words, 1)
        column.addLayout(top)
        facts = [tr(MODE_WORDS.get(summary.mode, summary.mode))]
        facts.append(ntr("{n} node", "{n} nodes", summary.node_count))
        line = QLabel("  ·  ".join(facts))
        line.setProperty("kind", "small")
        words.addWidget(line)
        row = QHBoxLayout()
        row.setSpacing(3)
        for status in reversed(summary.last_runs):
            dot = QLabel("●")
            dot.setStyleSheet(f"color: {theme().hex(STATUS_ICON.get(status, ('', 'faint'))[1])}; font-size: 9px;")
            dot.setToolTip(status_word(status))
            row.addWidget(dot)
        row.addStretch(1)
        when = QLabel(ago(summary.updated_at))
        when.setProperty("kind", "tiny")
        row.addWidget(when)
        column.addLayout(row)

    def set_picture(self, image: QImage) -> None:
        """Show the graph."""
        self._picture = QPixmap.fromImage(image)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRect(1, 1, PICTURE.width(), PICTURE.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("canvas"))
        painter.drawRoundedRect(QRectF(area).adjusted(0, 0, 0, 8), 11, 11)
        painter.setBrush(theme().color("surface"))
        painter.drawRect(QRect(1, area.bottom() + 1, PICTURE.width(), 10))
        if self._picture is not None:
            inside = area.adjusted(12, 10, -12, -10)
            size = self._picture.deviceIndependentSize().toSize()
            if size.width() > inside.width() or size.height() > inside.height():
                size = size.scaled(inside.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(0, 0, size.width(), size.height())
            target.moveCenter(inside.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, self._picture)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            pen = painter.pen()
            pen.setStyle(Qt.PenStyle.SolidLine)
            pen.setColor(theme().color("accent"))
            pen.setWidth(2)
            painter.setPen(pen)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit(self.summary.id)

    def contextMenuEvent(self, event: Any) -> None:
        self.menuWanted.emit(self.summary.id, event.globalPos())

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(self.summary.id)
        else:
            super().keyPressEvent(event)


class SampleCard(QPushButton):
    """One sample: what it is and what it teaches."""

    def __init__(self, template: Template) -> None:
        super().__init__()
        self.template = template
        self.setProperty("kind", "sample")
        self.setFixedHeight(theme().grown(64))
        self.setToolTip(tr(template.description))
        self.setAccessibleName(tr(template.name))
        self.setAccessibleDescription(tr(template.teaches))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(12)
        badge = QLabel()
        badge.setPixmap(app_icon(template.icon, template.icon_background, template.mode, 32))
        row.addWidget(badge)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        for text, kind in ((tr(template.name), "title"), (tr(template.teaches), "small")):
            line = ElidedLabel(text, kind)
            line.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            words.addWidget(line)
        words.addStretch(1)
        row.addLayout(words, 1)


class Library(QScrollArea):
    """`openApp`, `openSample`, `newApp` (mode) and `openFile` are for the window."""

    openApp = Signal(str)
    openSample = Signal(str)
    newApp = Signal(str)
    openFile = Signal()
    settingsWanted = Signal()

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._cards: list[AppCard] = []
        self._pictures: dict[str, tuple[tuple[str, str], QImage]] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        page.setProperty("kind", "canvas")
        self.setWidget(page)
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(40, 32, 40, 40)
        self._column.setSpacing(20)
        self._head()
        self._empty = QLabel()
        self._empty.setProperty("kind", "muted")
        self._clear = QPushButton(tr("Clear the search"))
        self._clear.setIcon(icon("close", "text"))
        self._clear.clicked.connect(self.search.clear)
        nothing = QHBoxLayout()
        nothing.setSpacing(12)
        nothing.addWidget(self._empty)
        nothing.addWidget(self._clear)
        nothing.addStretch(1)
        self._column.addLayout(nothing)
        self._grid_box = QWidget()
        self._grid = QGridLayout(self._grid_box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._column.addWidget(self._grid_box)
        self._samples()
        self._column.addStretch(1)

    def _head(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        title = QLabel("Penstock")
        title.setProperty("kind", "large")
        row.addWidget(title)
        row.addSpacing(16)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search workflows"))
        self.search.setAccessibleName(tr("Search workflows"))
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(320)
        self.search.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(lambda _: self.refresh())
        row.addWidget(self.search, 1)
        row.addStretch(1)
        settings = QPushButton()
        settings.setIcon(icon("settings", "muted"))
        settings.setProperty("kind", "icon")
        settings.setToolTip(tr("Settings"))
        settings.setAccessibleName(tr("Settings"))
        settings.clicked.connect(self.settingsWanted)
        row.addWidget(settings)
        opened = QPushButton(tr("Open file"))
        opened.setIcon(icon("folder", "text"))
        opened.clicked.connect(self.openFile)
        row.addWidget(opened)
        self.new = QPushButton(tr("New"))
        self.new.setIcon(icon("plus", "on_accent"))
        self.new.setProperty("kind", "primary")
        menu = QMenu(self.new)
        menu.addAction(icon("blocks", "text"), tr("Workflow"), lambda: self.newApp.emit("workflow"))
        menu.addAction(icon("chat", "text"), tr("Chat flow"), lambda: self.newApp.emit("advanced-chat"))
        self.new.setMenu(menu)
        row.addWidget(self.new)
        self._column.addLayout(row)

    def _samples(self) -> None:
        title = QLabel(tr("Samples"))
        title.setProperty("kind", "heading")
        self._column.addSpacing(12)
        self._column.addWidget(title)
        groups: dict[str, list[Template]] = {}
        for template in self._studio.services.templates.list():
            groups.setdefault(template.group, []).append(template)
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(10)
        place = 0
        for templates in groups.values():
            for template in templates:
                card = SampleCard(template)
                card.clicked.connect(lambda _=False, file=template.file: self.openSample.emit(file))
                grid.addWidget(card, place // 3, place % 3)
                place += 1
        for column in range(3):
            grid.setColumnStretch(column, 1)
        box.setMaximumWidth(1140)
        self._column.addWidget(box)

    # -- content -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Load the workflows again."""
        words = self.search.text()
        self._studio.tasks.run(
            lambda: self._studio.services.workflows.list(words),
            done=self._loaded,
            failed=lambda error: self._studio.messages.error(tr("The workspace cannot be read"), error),
            key="library",
        )

    def _loaded(self, summaries: list[AppSummary]) -> None:
        for card in self._cards:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []
        self._empty.setVisible(not summaries)
        self._clear.setVisible(not summaries and bool(self.search.text()))
        if self.search.text():
            self._empty.setText(tr("No workflow matches “{text}”.", text=self.search.text()))
        else:
            self._empty.setText(tr("No workflows yet: start from a sample below, or drop a .yml file anywhere."))
        for summary in summaries:
            card = AppCard(summary)
            card.opened.connect(self.openApp)
            card.menuWanted.connect(self._menu)
            self._cards.append(card)
        self._arrange()
        self._draw_pictures(list(self._cards))

    def _arrange(self) -> None:
        columns = max(1, (self.viewport().width() - 80 + GAP) // (CARD.width() + GAP))
        for index, card in enumerate(self._cards):
            self._grid.addWidget(card, index // columns, index % columns)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _draw_pictures(self, cards: list[AppCard]) -> None:
        """Load drafts in the background and draw their graphs one by one."""
        for card in cards[:60]:
            kept = self._pictures.get(card.summary.id)
            if kept is not None and kept[0] == (card.summary.updated_at, theme().name):
                card.set_picture(kept[1])
                continue
            self._studio.tasks.run(
                self._studio.services.workflows.load,
                card.summary.id,
                done=partial(self._drawn, card),
            )

    def _drawn(self, card: AppCard, draft: Any) -> None:
        image = _picture(draft)
        if image is not None:
            self._pictures[card.summary.id] = ((card.summary.updated_at, theme().name), image)
            if isValid(card):
                card.set_picture(image)

    def _menu(self, app_id: str, point: Any) -> None:
        workflows = self._studio.services.workflows
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("edit", "text"), tr("Open"), lambda: self.openApp.emit(app_id))

        def act(work: Any, *arguments: Any) -> None:
            self._studio.tasks.run(work, *arguments, done=lambda _: self.refresh())

        menu.addAction(icon("duplicate", "text"), tr("Duplicate"), lambda: act(workflows.duplicate, app_id))
        menu.addAction(icon("trash", "bad"), tr("Move to trash"), lambda: act(workflows.delete, app_id))
        menu.popup(point)


def _picture(draft: Any) -> QImage | None:
    """The graph of a draft, small; None when it has no nodes."""
    from editor.canvas.export import render_box
    from editor.canvas.surface import CanvasSurface

    if not draft.workflow.graph.nodes:
        return None
    surface = CanvasSurface()
    try:
        surface.show_graph(draft.workflow.graph)
        bounds = surface.scene.bounds()
        if bounds is None:
            return None
        # Drawn at the size it is shown in: titles and shapes as the canvas has them at that distance, nothing shrunk.
        zoom = min((PICTURE.width() - 24) / bounds.width, (PICTURE.height() - 20) / bounds.height, THUMBNAIL_ZOOM)
        image = render_box(surface, bounds, zoom, THUMBNAIL_RATIO)
        image.setDevicePixelRatio(THUMBNAIL_RATIO)
        return image
    finally:
        surface.deleteLater()
