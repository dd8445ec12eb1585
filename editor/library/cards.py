"""The cards of the library: a grid that fills its width, one card an app, drawn without a widget of its own.

A click opens, as long as nothing is selected; the box in a card's corner, Ctrl and Shift select. Keys: arrows move,
Space selects, Enter opens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from editor.appicon import KINDS
from editor.i18n import ntr, tr
from editor.icons import pixmap
from editor.library.pictures import PICTURE, Pictures
from editor.library.runmarks import paint_run_mark
from editor.library.tagmarks import colour_of
from editor.panels.parts import ago, status_word
from editor.theme import theme
from engine.services.library import Tag
from engine.services.workflows import AppSummary

NARROWEST = 268
GAP = 16
PAD = 14
LINE_GAP = 2
BADGE = 32
TICK = 20
MODE_WORDS = {
    "workflow": "Workflow",
    "advanced-chat": "Chat flow",
    "chat": "Chat assistant",
    "agent-chat": "Agent",
    "completion": "Text generator",
    "agent": "Agent",
    "rag_pipeline": "Knowledge pipeline",
}
APP = int(Qt.ItemDataRole.UserRole)
TAGS = APP + 1
Index = QModelIndex | QPersistentModelIndex
Flag = QItemSelectionModel.SelectionFlag


class Apps(QAbstractListModel):
    """The apps that are shown, with their tags."""

    def __init__(self) -> None:
        super().__init__()
        self.apps: list[AppSummary] = []
        self._tags: dict[str, list[Tag]] = {}

    def show(self, apps: Sequence[AppSummary], marks: Mapping[str, Sequence[str]], tags: Sequence[Tag]) -> None:
        """Show these apps."""
        known = {t.name: t for t in tags}
        self.beginResetModel()
        self.apps = list(apps)
        self._tags = {a.id: [known[n] for n in marks.get(a.id, ()) if n in known] for a in apps}
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.apps)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self.apps):
            return None
        app = self.apps[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return app.name
        if role == APP:
            return app
        if role == TAGS:
            return self._tags.get(app.id, [])
        if role == Qt.ItemDataRole.AccessibleTextRole:
            tags = [t.name for t in self._tags.get(app.id, [])]
            return ", ".join([app.name, tr(MODE_WORDS.get(app.mode, app.mode)), *tags])
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(app)
        return None

    def _tip(self, app: AppSummary) -> str:
        lines = [app.name, app.description]
        if app.last_runs:
            lines.append(tr("Last run: {status}", status=status_word(app.last_runs[0])))
        return "\n".join(line for line in lines if line)

    def row_of(self, app_id: str) -> int:
        """The row of an app, -1 when it is not shown."""
        return next((row for row, app in enumerate(self.apps) if app.id == app_id), -1)


def card_height() -> int:
    """The height of a card at the present text size."""
    base, small, tiny = (QFontMetrics(theme().font(role)).height() for role in ("base", "small", "tiny"))
    return PICTURE.height() + 12 + max(BADGE, base + LINE_GAP + small) + 10 + tiny + 12


class CardDelegate(QStyledItemDelegate):
    """Draws one card: picture, tags over it, icon, name, kind, last runs, last change."""

    def __init__(self, pictures: Pictures, parent: CardGrid) -> None:
        super().__init__(parent)
        self._pictures, self._grid = pictures, parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._grid.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        app: AppSummary = index.data(APP)
        state = option.state
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        focused = self._grid.hasFocus() and index == self._grid.currentIndex() and self._grid.by_keys
        card = card_rect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, card, app, hovered=hovered, marked=selected or focused, selected=selected)
        self._tags(painter, card, index.data(TAGS))
        self._facts(painter, card, app)
        if app.pinned:
            painter.drawPixmap(card.right() - 26, card.top() + 9, pixmap("pin", "accent", 16))
        if hovered or selected or self._grid.selectionModel().hasSelection():
            self._tick(painter, card, selected=selected)
        painter.restore()

    def _ground(
        self, painter: QPainter, card: QRect, app: AppSummary, *, hovered: bool, marked: bool, selected: bool
    ) -> None:
        current = theme()
        box = QRectF(card).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(box, current.radius("card"), current.radius("card"))
        painter.fillPath(shape, current.color("surface"))
        picture = QRect(card.left(), card.top(), card.width(), PICTURE.height())
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(picture, current.color("canvas"))
        image = self._pictures.find(app)
        if image is not None:
            self._picture(painter, picture.adjusted(12, 10, -12, -10), image)
        elif not app.node_count:
            kind = pixmap(KINDS.get(app.mode, "blocks"), "line_strong", 32)
            painter.drawPixmap(picture.center() - QPoint(16, 16), kind)
        if selected:
            painter.fillRect(card, current.color("accent_soft"))
        painter.setPen(QPen(current.color("line"), 1))
        painter.drawLine(picture.bottomLeft() + QPoint(0, 1), picture.bottomRight() + QPoint(0, 1))
        painter.restore()
        colour = "accent" if marked else "line_strong" if hovered else "line"
        painter.setPen(QPen(current.color(colour), 2 if marked else 1))
        painter.drawPath(shape)

    @staticmethod
    def _picture(painter: QPainter, inside: QRect, image: QImage) -> None:
        size = image.deviceIndependentSize().toSize()
        if size.width() > inside.width() or size.height() > inside.height():
            size = size.scaled(inside.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(QPoint(0, 0), size)
        target.moveCenter(inside.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)

    @staticmethod
    def _tags(painter: QPainter, card: QRect, tags: Sequence[Tag]) -> None:
        """Chips over the foot of the picture; those without room are counted."""
        painter.setFont(theme().font("tiny", 600))
        metrics = painter.fontMetrics()
        x, right = card.left() + 10, card.right() - 10
        top = card.top() + PICTURE.height() - metrics.height() - 12
        for number, tag in enumerate(tags):
            left_over = len(tags) - number - 1
            more = metrics.horizontalAdvance(f"+{left_over + 1}") + 14 if left_over else 0
            room = right - x - more
            name = metrics.elidedText(tag.name, Qt.TextElideMode.ElideRight, min(room - 24, 120))
            if room < 48:
                _chip(painter, QRect(x, top, more, metrics.height() + 4), f"+{left_over + 1}", None)
                return
            width = metrics.horizontalAdvance(name) + 24
            _chip(painter, QRect(x, top, width, metrics.height() + 4), name, colour_of(tag.colour))
            x += width + 4

    def _facts(self, painter: QPainter, card: QRect, app: AppSummary) -> None:
        current = theme()
        left, right = card.left() + PAD, card.right() - PAD
        top = card.top() + PICTURE.height() + 12
        painter.drawPixmap(left, top, self._pictures.icon(app, BADGE))
        x = left + BADGE + 10
        painter.setFont(current.font("base", 600))
        metrics = painter.fontMetrics()
        painter.setPen(current.color("text"))
        line = QRect(x, top - 1, right - x, metrics.height())
        painter.drawText(line, 0, metrics.elidedText(app.name, Qt.TextElideMode.ElideRight, line.width()))
        painter.setFont(current.font("small"))
        small = painter.fontMetrics()
        painter.setPen(current.color("muted"))
        facts = [tr(MODE_WORDS.get(app.mode, app.mode)), ntr("{n} node", "{n} nodes", app.node_count)]
        if app.published:
            facts.append(tr("Published"))
        line = QRect(x, line.bottom() + 1 + LINE_GAP, right - x, small.height())
        painter.drawText(line, 0, small.elidedText("  ·  ".join(facts), Qt.TextElideMode.ElideRight, line.width()))
        painter.setFont(current.font("tiny"))
        tiny = painter.fontMetrics()
        foot = QRect(left, card.bottom() - 12 - tiny.height() + 1, right - left, tiny.height())
        when = tr("Deleted {when}", when=ago(app.deleted_at)) if app.deleted_at else ago(app.updated_at)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight), when)
        if app.deleted_at is None:
            for number, status in enumerate(reversed(app.last_runs)):
                paint_run_mark(painter, QRectF(left + number * 11, foot.center().y() - 2.5, 7, 7), status)

    @staticmethod
    def _tick(painter: QPainter, card: QRect, *, selected: bool) -> None:
        current, box = theme(), tick_rect(card)
        painter.setPen(QPen(current.color("accent" if selected else "line_strong"), 1))
        painter.setBrush(current.color("accent" if selected else "surface"))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        if selected:
            painter.drawPixmap(box.left() + 2, box.top() + 2, pixmap("check", "on_accent", 16))


def _chip(painter: QPainter, box: QRect, text: str, colour: QColor | None) -> None:
    current = theme()
    painter.setPen(QPen(current.color("line"), 1))
    painter.setBrush(current.color("surface"))
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), box.height() / 2, box.height() / 2)
    left = box.left() + 7
    if colour is not None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QRectF(left, box.center().y() - 2.5, 7, 7))
        left += 11
    painter.setPen(current.color("text"))
    painter.drawText(QRect(left, box.top(), box.right() - left, box.height()), int(Qt.AlignmentFlag.AlignVCenter), text)


def card_rect(cell: QRect) -> QRect:
    """The card in its cell of the grid."""
    return cell.adjusted(GAP // 2, GAP // 2, -GAP // 2, -GAP // 2)


def tick_rect(card: QRect) -> QRect:
    """The box that selects a card."""
    return QRect(card.left() + 10, card.top() + 10, TICK, TICK)


class CardGrid(QListView):
    """`opened` carries an app's id, `menuWanted` a point of the screen; `lookedAt`: other cards are in view."""

    opened = Signal(str)
    menuWanted = Signal(QPoint)
    selectionMade = Signal()
    lookedAt = Signal()

    def __init__(self, apps: Apps, pictures: Pictures) -> None:
        super().__init__()
        self.apps = apps
        self.by_keys = False
        self._pressed = QModelIndex()
        self._anchor = 0
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setSelectionMode(QListView.SelectionMode.MultiSelection)
        self.setSelectionRectVisible(False)
        self.setDragEnabled(False)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(40)
        self.setAccessibleName(tr("Workflows"))
        self.setModel(apps)
        self.setItemDelegate(CardDelegate(pictures, self))
        self.selectionModel().selectionChanged.connect(lambda *_: self._selected())
        self.verticalScrollBar().valueChanged.connect(lambda _: self.lookedAt.emit())
        pictures.drawn.connect(self._repaint)
        self._fit()

    # -- layout ------------------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        """Cards share the width evenly."""
        # The room of the scroll bar is left free, so that cards do not move when it comes and goes.
        # The frame takes a pixel at each side, and a row that fills the very last one would lose its last card.
        width = self.width() - self.verticalScrollBar().sizeHint().width() - 4
        columns = max(1, width // (NARROWEST + GAP))
        self.setGridSize(QSize(max(NARROWEST + GAP, width // columns), card_height() + GAP))

    def resizeEvent(self, event: Any) -> None:
        self._fit()
        super().resizeEvent(event)
        self.lookedAt.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._fit()

    def in_view(self) -> list[AppSummary]:
        """The apps whose cards can be seen, and those a little below."""
        grid, area = self.gridSize(), self.viewport().rect()
        columns = max(1, area.width() // grid.width())
        first = self.verticalOffset() // grid.height() * columns
        rows = area.height() // grid.height() + 3
        return self.apps.apps[first : first + rows * columns]

    def _repaint(self, app_id: str) -> None:
        row = self.apps.row_of(app_id)
        if row >= 0:
            self.update(self.apps.index(row))

    # -- selection ---------------------------------------------------------------------------------------------------

    def selected(self) -> list[AppSummary]:
        """The selected apps in their order."""
        return [self.apps.apps[i.row()] for i in sorted(self.selectedIndexes(), key=lambda i: i.row())]

    def meant(self) -> list[AppSummary]:
        """What a command is for: the selected apps, else the one that has the keyboard."""
        current = self.currentIndex()
        return self.selected() or ([self.apps.apps[current.row()]] if current.isValid() else [])

    def put_current(self, row: int) -> None:
        """Give a card the keyboard without selecting it."""
        self.selectionModel().setCurrentIndex(self.apps.index(row), Flag.NoUpdate)

    def select_apps(self, app_ids: Sequence[str]) -> None:
        """Select these apps, and no others."""
        self.clearSelection()
        for app_id in app_ids:
            if (row := self.apps.row_of(app_id)) >= 0:
                self.selectionModel().select(self.apps.index(row), Flag.Select)

    def _selected(self) -> None:
        self.viewport().update()  # boxes appear on all cards
        self.selectionMade.emit()

    def selectionCommand(self, index: Index, event: QEvent | None = None) -> Flag:
        """Moves of the pointer and of the keys select nothing by themselves; see the module."""
        return Flag.NoUpdate

    def _toggle(self, row: int) -> None:
        self._anchor = row
        self.selectionModel().select(self.apps.index(row), Flag.Toggle)

    def _extend(self, row: int) -> None:
        low, high = sorted((self._anchor, row))
        for one in range(low, min(high, len(self.apps.apps) - 1) + 1):
            self.selectionModel().select(self.apps.index(one), Flag.Select)

    # -- pointer and keys --------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.by_keys = False
        index = self.indexAt(event.position().toPoint())
        hit = index.isValid() and card_rect(self.visualRect(index)).contains(event.position().toPoint())
        self._pressed = index if hit else QModelIndex()
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not hit:
            self.clearSelection()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        point = event.position().toPoint()
        index, self._pressed = self._pressed, QModelIndex()
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid() or self.indexAt(point) != index:
            return
        keys = event.modifiers()
        on_box = tick_rect(card_rect(self.visualRect(index))).adjusted(-4, -4, 4, 4).contains(point)
        if keys & Qt.KeyboardModifier.ShiftModifier:
            self._extend(index.row())
        elif on_box or keys & Qt.KeyboardModifier.ControlModifier or self.selectionModel().hasSelection():
            self._toggle(index.row())
        else:
            self.opened.emit(self.apps.apps[index.row()].id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The first click has opened already."""
        event.accept()

    def contextMenuEvent(self, event: Any) -> None:
        if event.reason() == event.Reason.Keyboard:
            index = self.currentIndex()
            if index.isValid():
                self.menuWanted.emit(self.viewport().mapToGlobal(self.visualRect(index).center()))
            return
        index = self.indexAt(event.pos())
        if index.isValid():
            if index not in self.selectedIndexes():
                self.clearSelection()
            self.selectionModel().setCurrentIndex(index, Flag.NoUpdate)
        else:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        self.menuWanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, row = event.key(), self.currentIndex().row()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.opened.emit(self.apps.apps[row].id)
        elif key == Qt.Key.Key_Space and row >= 0:
            self._toggle(row)
        elif key == Qt.Key.Key_Escape and self.selectionModel().hasSelection():
            self.clearSelection()
        elif key in MOVES:
            self._move(event, row)
        else:
            event.ignore()  # letters and Del are the window's
            return
        self.by_keys = True
        self.viewport().update()

    def _move(self, event: QKeyEvent, row: int) -> None:
        plain = QKeyEvent(event.type(), event.key(), Qt.KeyboardModifier.NoModifier)
        if row < 0 and self.apps.apps:
            self.selectionModel().setCurrentIndex(self.apps.index(0), Flag.NoUpdate)
        else:
            super().keyPressEvent(plain)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and row >= 0:
            if not self.selectionModel().hasSelection():
                self._anchor = row
            self._extend(self.currentIndex().row())

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.by_keys = True
            if not self.currentIndex().isValid() and self.apps.apps:
                self.selectionModel().setCurrentIndex(self.apps.index(0), Flag.NoUpdate)


MOVES = frozenset(
    {
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)
