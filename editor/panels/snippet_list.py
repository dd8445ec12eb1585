"""Snippets where blocks are offered: each with a small picture, its name, how many blocks it has and what it is for.

Those that do not fit the place stand below under a title of their own and say why; nobody can choose them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QIcon, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QListWidgetItem, QMenu, QStyle, QStyleOptionViewItem

from editor.canvas.blocks import snippet_block
from editor.i18n import ntr, tr
from editor.icons import icon
from editor.keymap import in_force, pressed
from editor.panels.block_list import TYPE, BlockRows, DragList
from editor.panels.snippet_picture import HEIGHT, WIDTH, stamp
from editor.theme import theme, theme_signal

if TYPE_CHECKING:
    from editor.snippets import Snippets
    from engine.services.snippets import Snippet

SNIPPET = int(Qt.ItemDataRole.UserRole) + 1
FITS = SNIPPET + 1
LEFT, GAP, ABOVE, BETWEEN = 8, 10, 6, 2
SMALLER = 10
"""How much lower a sign is than a picture."""
TALLER = 1.1
"""How much higher lines with other signs than Latin ones may be."""
Misfit = Callable[["Snippet"], str]
Index = QModelIndex | QPersistentModelIndex


class SnippetRows(BlockRows):
    """Draws the rows of snippets; titles of groups look as in other lists of blocks."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if index.data(SNIPPET) is None:
            return super().sizeHint(option, index)
        current = theme()
        lines = QFontMetrics(current.font("base")).height() + BETWEEN + QFontMetrics(current.font("small")).height()
        return QSize(0, max(HEIGHT, round(lines * TALLER)) + 2 * ABOVE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        snippet: Snippet | None = index.data(SNIPPET)
        if snippet is None:
            super().paint(painter, option, index)
            return
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        picture = QIcon(shown.icon)
        shown.text, shown.icon = "", QIcon()
        shown.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        current, box, fits = theme(), option.rect, bool(index.data(FITS))
        painter.save()
        painter.setOpacity(1.0 if fits else 0.6)
        at = QRect(box.left() + LEFT, box.center().y() - HEIGHT // 2 + 1, WIDTH, HEIGHT)
        picture.paint(painter, at if not snippet.is_damaged else at.adjusted(0, SMALLER, 0, -SMALLER))
        painter.setOpacity(1.0)
        name, _, detail = str(index.data(Qt.ItemDataRole.DisplayRole) or "").partition("\n")
        title, small = current.font("base"), current.font("small")
        over, under = QFontMetrics(title), QFontMetrics(small)
        left = at.right() + 1 + GAP
        width = box.right() - LEFT - left
        top = box.center().y() - (over.height() + BETWEEN + under.height()) // 2 + 1
        end = Qt.TextElideMode.ElideRight
        flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextDontClip
        painter.setFont(title)
        painter.setPen(current.color("text" if fits else "muted"))
        painter.drawText(QRect(left, top, width, over.height()), flags, over.elidedText(name, end, width))
        painter.setFont(small)
        painter.setPen(current.color("muted"))
        line = QRect(left, top + over.height() + BETWEEN, width, under.height())
        painter.drawText(line, flags, under.elidedText(detail, end, width))
        painter.restore()


class SnippetList(DragList):
    """`chosen` carries the block name of a snippet; the other signals its id and what is wanted with it."""

    editWanted = Signal(str)
    exportWanted = Signal(str)
    deleteWanted = Signal(str)

    def __init__(self, known: Snippets, *, draggable: bool) -> None:
        super().__init__(draggable=draggable)
        self._known = known
        self.setAccessibleName(tr("Snippets"))
        self.setItemDelegate(SnippetRows(self))
        self.setIconSize(QSize(WIDTH, HEIGHT))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        theme_signal().changed.connect(self._draw_all)

    def fill(self, words: str = "", misfit: Misfit | None = None) -> None:
        """Show the snippets that hold all words; those that do not fit the place say why."""
        before, row = self.current_id, self.currentRow()
        wanted = words.casefold().split()
        found = [s for s in self._known.all if all(w in f"{s.name}\n{s.description}".casefold() for w in wanted)]
        reasons = {s.id: misfit(s) if misfit is not None and not s.is_damaged else "" for s in found}
        self.clear()
        for snippet in found:
            if not reasons[snippet.id]:
                self._add(snippet)
        unfit = [s for s in found if reasons[s.id]]
        if unfit:
            self.add_title(tr("Only where there is free space"))
        for snippet in unfit:
            self._add(snippet, reasons[snippet.id])
        if self.select(before):
            return
        if before and self.count() and not wanted:  # it is gone: on with the next one
            row = min(row, self.count() - 1)
            self.setCurrentRow(row if self.item(row).data(TYPE) else -1)
        if self.currentRow() < 0 and (wanted or not self._draggable):
            self.select_first()

    def _add(self, snippet: Snippet, reason: str = "") -> None:
        count = ntr("{n} block", "{n} blocks", snippet.blocks)
        said = " ".join(snippet.description.split())
        if snippet.is_damaged:
            detail = tr("Damaged")
        else:
            detail = reason or (f"{count} · {said}" if said else count)
        item = QListWidgetItem(f"{snippet.name}\n{detail}")
        item.setData(SNIPPET, snippet)
        item.setData(FITS, not reason and not snippet.is_damaged)
        item.setToolTip(_tip(snippet.name, count if not snippet.is_damaged else detail, reason, snippet.description))
        if reason:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        else:
            item.setData(TYPE, snippet_block(snippet.id))
        self._draw(item)
        self.addItem(item)

    def _draw(self, item: QListWidgetItem) -> None:
        """The picture in the theme that is in force."""
        snippet = item.data(SNIPPET)
        graph = self._known.graph(snippet)
        drawn = stamp(f"{snippet.id} {snippet.updated_at}", graph) if graph is not None else None
        item.setIcon(QIcon(drawn) if drawn is not None else icon("warning", "warn"))

    def _draw_all(self) -> None:
        for item in (self.item(row) for row in range(self.count())):
            if item.data(SNIPPET) is not None:
                self._draw(item)

    @property
    def current_id(self) -> str:
        """The id of the snippet that is selected; an empty text for none."""
        item = self.currentItem() if self.currentRow() >= 0 else None
        snippet = item.data(SNIPPET) if item is not None else None
        return str(snippet.id) if snippet is not None else ""

    def select(self, snippet_id: str) -> bool:
        """Select a snippet, if it is shown."""
        for row in range(self.count()):
            snippet = self.item(row).data(SNIPPET)
            if snippet is not None and snippet.id == snippet_id and self.item(row).data(TYPE):
                self.setCurrentRow(row)
                return True
        return False

    # -- what can be done with one -----------------------------------------------------------------------------------

    def _menu(self, point: QPoint) -> None:
        """The menu of a row; Qt asks for that of the selected one when the menu key is pressed."""
        item = self.itemAt(point)
        snippet: Snippet | None = item.data(SNIPPET) if item is not None else None
        if item is None or snippet is None:
            return
        if item.data(TYPE):
            self.setCurrentItem(item)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if item.data(FITS):
            menu.addAction(icon("plus", "text"), tr("Insert"), lambda: self.chosen.emit(snippet_block(snippet.id)))
            menu.addSeparator()
        edit = menu.addAction(icon("edit", "text"), tr("Rename and describe…"))
        edit.setShortcuts([QKeySequence(keys) for keys in in_force("rename")])
        edit.triggered.connect(lambda: self.editWanted.emit(snippet.id))
        if not snippet.is_damaged:
            menu.addAction(icon("export", "text"), tr("Export…"), lambda: self.exportWanted.emit(snippet.id))
        menu.addSeparator()
        delete = menu.addAction(icon("trash", "bad"), tr("Delete"))
        delete.setShortcuts([QKeySequence(keys) for keys in in_force("delete")])
        delete.triggered.connect(lambda: self.deleteWanted.emit(snippet.id))
        menu.popup(self.viewport().mapToGlobal(point))

    def act(self, event: QKeyEvent) -> bool:
        """The keys that rename and delete act on the selected snippet; False for others."""
        wanted = {"rename": self.editWanted, "delete": self.deleteWanted}.get(pressed(event, "rename", "delete"))
        if wanted is None or not self.current_id:
            return False
        wanted.emit(self.current_id)
        return True

    def ask_help(self) -> None:
        """A snippet has no page of help."""

    def event(self, event: QEvent) -> bool:
        """Keys of a row come here also where the window has them for the canvas."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._has(event):
            event.accept()
            return True
        return super().event(event)

    def _has(self, event: QKeyEvent) -> bool:
        return bool(self.current_id) and bool(pressed(event, "rename", "delete"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.act(event):
            return
        super().keyPressEvent(event)


def _tip(*parts: str) -> str:
    """Lines of plain words: Qt would take what looks like HTML for such."""
    import html

    lines = "<br>".join(html.escape(part).replace("\n", "<br>") for part in parts if part)
    return f"<qt>{lines}</qt>"
