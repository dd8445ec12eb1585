"""The list of models that opens from a model field: searched by words, grouped by provider, with what each can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.panels.entries import EntryDelegate, Index
from editor.panels.forms.fields import name_it
from editor.toned import tone

WIDE: Final = 380
HIGHEST: Final = 420
HEAD_HEIGHT: Final = 26
MODEL: Final = int(Qt.ItemDataRole.UserRole)
CAPABILITIES: Final = {
    "vision": "images",
    "document": "documents",
    "audio": "audio",
    "video": "video",
    "tool-call": "tools",
    "structured-output": "structured output",
    "agent-thought": "thoughts",
}


def about(model: Mapping[str, Any]) -> str:
    """What a model can do, in words; nothing where nobody knows."""
    features = model.get("features") or ()
    words = [tr(word) for name, word in CAPABILITIES.items() if name in features]
    size = model.get("context_size")
    if isinstance(size, int) and size > 0:
        words.append(f"{size // 1000}K" if size >= 1000 else str(size))
    return "  ·  ".join(words)


class ModelDelegate(EntryDelegate):
    """Models with what they can do below their names, in muted words; the names of providers stand above them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if index.data(MODEL) is None:
            return QSize(self._width(), HEAD_HEIGHT)
        return super().sizeHint(option, index)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if index.data(MODEL) is None:
            QStyledItemDelegate.paint(self, painter, option, index)
        else:
            super().paint(painter, option, index)

    def _width(self) -> int:
        view = self.parent()
        return view.viewport().width() if isinstance(view, QTreeWidget) else 0


class ModelPicker(QFrame):
    """A popup; `picked` comes with provider and name."""

    picked = Signal(str, str)

    def __init__(self, models: Sequence[Mapping[str, Any]], present: tuple[str, str], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("kind", "raised")
        self._models = models
        self._present = present
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search models"))
        name_it(self.search, tr("Search models"))
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(0)
        self.tree.setAccessibleName(tr("Models"))
        self.tree.setItemDelegate(ModelDelegate(self.tree))
        self.tree.setVerticalScrollMode(QTreeWidget.ScrollMode.ScrollPerPixel)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.itemClicked.connect(self._take)
        column.addWidget(self.tree)
        self.nothing = QLabel()
        self.nothing.setProperty("kind", "muted")
        self.nothing.setWordWrap(True)
        column.addWidget(self.nothing)
        self.setFixedWidth(WIDE)
        self._fill("")

    def popup(self, point: QPoint) -> None:
        """Show it with its corner at a point of the screen, and inside that screen."""
        self.adjustSize()
        screen = self.screen().availableGeometry()
        x = max(screen.left(), min(point.x(), screen.right() - self.width()))
        y = max(screen.top(), min(point.y(), screen.bottom() - self.height()))
        self.move(x, y)
        self.show()
        self.search.setFocus()

    def _fill(self, text: str) -> None:
        self.tree.clear()
        words = text.lower().split()
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for model in self._models:
            named = f"{model['provider']} {model.get('provider_label', '')} {model['name']} {model.get('label', '')}"
            whole = f"{named} {about(model)}".lower()
            if all(word in whole for word in words):
                label = tr(str(model.get("provider_label") or "")) or str(model["provider"]).rsplit("/", 1)[-1]
                groups.setdefault(label, []).append(model)
        for provider, models in groups.items():
            head = QTreeWidgetItem([provider])
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            tone(head, "faint")
            self.tree.addTopLevelItem(head)
            for model in models:
                told = about(model)
                item = QTreeWidgetItem([f"{model.get('label') or model['name']}" + (f"\n{told}" if told else "")])
                item.setIcon(0, icon("model", "accent" if self._is_present(model) else "muted"))
                item.setData(0, MODEL, (str(model["provider"]), str(model["name"])))
                self.tree.addTopLevelItem(item)
                if self._is_present(model):
                    self.tree.setCurrentItem(item)
        if self.tree.currentItem() is None or words:
            self._step(1, from_top=True)
        self.nothing.setText(
            tr("No model matches “{text}”.", text=text)
            if self._models
            else tr("No models are known yet. Set up a provider in the settings under Models.")
        )
        self.nothing.setVisible(not groups)
        self.tree.setVisible(bool(groups))
        shown = [self.tree.topLevelItem(n) for n in range(self.tree.topLevelItemCount())]
        heights = [self.tree.sizeHintForIndex(self.tree.indexFromItem(item)).height() for item in shown if item]
        self.tree.setFixedHeight(min(HIGHEST, sum(heights) + 2 * self.tree.frameWidth() + 4))

    def _is_present(self, model: Mapping[str, Any]) -> bool:
        return (str(model["provider"]), str(model["name"])) == self._present

    def _step(self, by: int, *, from_top: bool = False) -> None:
        """Go to the next model, over the names of providers."""
        current = self.tree.currentItem()
        row = -1 if from_top or current is None else self.tree.indexOfTopLevelItem(current)
        while (item := self.tree.topLevelItem(row + by) if row + by >= 0 else None) is not None:
            row += by
            if item.data(0, MODEL) is not None:
                self.tree.setCurrentItem(item)
                return

    def _take(self, item: QTreeWidgetItem | None) -> None:
        found = item.data(0, MODEL) if item is not None else None
        if found is not None:
            self.picked.emit(*found)
            self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
            if event.key() in steps:
                self._step(steps[Qt.Key(event.key())])
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take(self.tree.currentItem())
                return True
        return super().eventFilter(watched, event)


class ModelBox(QComboBox):
    """A combo box that opens the picker instead of a plain list."""

    listWanted = Signal()

    def showPopup(self) -> None:
        self.listWanted.emit()
