"""Dialogs on small screens: at a display scaling of 250 % a screen of 1,920 x 1,080 has 768 x 432 logical pixels."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

TITLE_BAR = 32
"""Logical pixels that the window manager adds above a window; only known once it is shown, too late for its size."""


def screen_room(widget: QWidget) -> QSize:
    """What a window may be large on the screen that it is on, without its frame."""
    room = widget.screen().availableGeometry()
    return QSize(room.width(), room.height() - TITLE_BAR)


def limit_smallest(window: QWidget, width: int, height: int) -> None:
    """Give a window a least size, but never one that its screen has no room for."""
    window.setMinimumSize(QSize(width, height).boundedTo(screen_room(window)))


class FittingDialog(QDialog):
    """A dialog that is never larger than its screen: what it holds scrolls once it wants more room than there is.

    Looked at whenever the content changes its mind, as a field that comes to the front may need more than the rest did.
    """

    def showEvent(self, event: QShowEvent) -> None:
        self._keep_on_screen()  # before Qt puts it in the middle
        super().showEvent(event)

    def event(self, event: QEvent) -> bool:
        answer = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._keep_on_screen()
        return answer

    def _keep_on_screen(self) -> None:
        room = screen_room(self)
        wanted = self.minimumSizeHint().expandedTo(self.minimumSize())
        layout = self.layout()
        if layout is not None and (wanted.width() > room.width() or wanted.height() > room.height()):
            bar = self._make_scrolling()
            wanted = (wanted + QSize(bar, 0)).boundedTo(room)
        self.resize(self.size().expandedTo(wanted).boundedTo(room))

    def _make_scrolling(self) -> int:
        """Put all that there is into a part that scrolls; answers how wide its scroll bar is."""
        focused = QApplication.focusWidget()
        holder = QWidget()
        layout = self.layout()
        assert layout is not None
        holder.setLayout(layout)  # takes the layout and all that it holds from the dialog
        self.setMinimumSize(0, 0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(holder)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        if focused is not None and self.isAncestorOf(focused):
            focused.setFocus()
        return area.verticalScrollBar().sizeHint().width()
