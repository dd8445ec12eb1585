"""The window with the text about a block: read beside the canvas, from block to related block, closed with Esc."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from editor.blockhelp import help_of, tool_text
from editor.i18n import language, tr
from editor.icons import icon
from editor.keymap import LocalKeys
from editor.panels.glyph import Glyph
from editor.panels.parts import Words, tool_button
from editor.panels.talk.flow import Flow
from editor.panels.talk.markdown import MarkdownView
from editor.theme import theme
from engine.nodes.registry import spec
from resources import folder

if TYPE_CHECKING:
    from engine.services.tool_snapshot import ToolDescription, ToolGroup

WIDTH, HEIGHT = 460, 600
GROWTH = 0.6
"""How much of the growth of text the window takes part in."""
EDGE = 16


def window_width() -> int:
    """How wide the window is for the text in force."""
    return theme().grown(WIDTH, GROWTH)


class BlockHelpWindow(QDialog):
    """Shows one block at a time. `passing` windows close at a click beside them, as what they came from does."""

    def __init__(self, parent: QWidget, *, passing: bool = False) -> None:
        super().__init__(parent, Qt.WindowType.Popup if passing else Qt.WindowType.Dialog)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("blockHelp")
        self._owner = parent
        self._from: QWidget | None = None
        self._type = ""
        self._tool: tuple[ToolDescription, ToolGroup | None] | None = None
        self._open: Callable[[], Any] | None = None
        self._before: list[str] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame = QFrame()
        frame.setProperty("kind", "raised" if passing else "")
        outer.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(12, 16, 12, 16)
        column.setSpacing(8)
        column.addLayout(self._make_head())
        column.addWidget(self._make_body(), 1)
        column.addWidget(self._make_foot())
        LocalKeys(self, "help_back", self.go_back)
        self.resize(window_width(), theme().grown(HEIGHT, GROWTH))

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 0, 0)
        head.setSpacing(8)
        self.back = tool_button("arrow-left", tr("Back"), self.go_back)
        head.addWidget(self.back)
        self._tile = Glyph(size=28)
        self._tile.setFixedSize(28, 28)
        head.addWidget(self._tile)
        self.heading = Words("", "heading")
        head.addWidget(self.heading, 1)
        self.opener = QPushButton(tr("Open workflow"))
        self.opener.setIcon(icon("external", "text"))
        self.opener.clicked.connect(self._opened)
        head.addWidget(self.opener)
        head.addWidget(tool_button("close", tr("Close"), self.reject))
        return head

    def _make_body(self) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 8, 12, 8)
        column.setSpacing(12)
        self.tool_view = self._make_view()
        self.rule = QFrame()
        self.rule.setProperty("kind", "line")
        self.view = self._make_view()
        for part in (self.tool_view, self.rule, self.view):
            column.addWidget(part)
        column.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidget(inside)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return self.area

    def _make_view(self) -> MarkdownView:
        view = MarkdownView(folder("help"))
        view.linkClicked.connect(self.go_to)
        return view

    def _make_foot(self) -> QWidget:
        self.foot = QWidget()
        column = QVBoxLayout(self.foot)
        column.setContentsMargins(8, 4, 8, 0)
        column.setSpacing(6)
        column.addWidget(Words(tr("Related blocks"), "small"))
        self.related = Flow()
        column.addWidget(self.related)
        return self.foot

    # -- what is shown -----------------------------------------------------------------------------------------------

    @property
    def node_type(self) -> str:
        """The type that is shown."""
        return self._type

    def show_block(
        self,
        node_type: str,
        tool: tuple[ToolDescription, ToolGroup | None] | None = None,
        open_workflow: Callable[[], Any] | None = None,
    ) -> None:
        """Show a node type; for a node of a tool also the tool, and how to open the workflow that it calls."""
        self._before = []
        self._tool, self._open = tool, open_workflow
        self._put(node_type)

    def go_to(self, node_type: str) -> None:
        """Show a related block; `back` leads to this one again."""
        if help_of(node_type, language()) is not None:
            self._before.append(self._type)
            self._put(node_type)
            self.area.setFocus()

    def go_back(self) -> None:
        """Show what was shown before."""
        if self._before:
            self._put(self._before.pop())
            self.area.setFocus()

    def retell(self) -> None:
        """The same in another language, at the same place."""
        place = self.area.verticalScrollBar().value()
        self._put(self._type)
        self.area.verticalScrollBar().setValue(place)

    def _put(self, node_type: str) -> None:
        found, kind = help_of(node_type, language()), spec(node_type)
        if found is None or kind is None:
            return
        self._type = found.type
        tool = self._tool if found.type == "tool" and not self._before else None
        title = tr(tool[0].label) if tool else tr(kind.title)
        self.setWindowTitle(tr("About {block}", block=title))
        self.setAccessibleName(self.windowTitle())
        self.heading.setText(title)
        self._tile.show_tile(tool[1].icon if tool and tool[1] else kind.icon, kind.family)
        self.tool_view.set_text(tool_text(*tool) if tool else "")
        self.tool_view.setVisible(tool is not None)
        self.rule.setVisible(tool is not None)
        self.view.set_text(found.text)
        self.opener.setVisible(tool is not None and self._open is not None)
        self.back.setVisible(bool(self._before))
        self._put_related(found.related)
        self.area.verticalScrollBar().setValue(0)

    def _put_related(self, names: tuple[str, ...]) -> None:
        self.related.clear()
        for name in names:
            kind = spec(name)
            if kind is None:
                continue
            button = QPushButton(tr(kind.title))
            button.setIcon(icon(kind.icon, "muted"))
            button.setAccessibleName(tr("About {block}", block=tr(kind.title)))
            button.clicked.connect(lambda _=False, name=name: self.go_to(name))
            button.ensurePolished()  # its width counts before it is shown
            self.related.add(button)
        self.foot.setVisible(bool(self.related.count))

    def _opened(self) -> None:
        then = self._open
        self.reject()
        if then is not None:
            then()

    # -- coming and going --------------------------------------------------------------------------------------------

    def popup(self, near: QPoint | None = None) -> None:
        """Show it at a place of the screen, or at the right of the window that it belongs to, with the keyboard
        in it."""
        focused = QApplication.focusWidget()
        if focused is not None and focused.window() is not self:
            self._from = focused
        parent = self._owner.window()
        room = parent.screen().availableGeometry()
        corner = near or parent.mapToGlobal(QPoint(parent.width() - self.width() - EDGE, 88))
        self.resize(self.width(), min(self.height(), room.height() - 2 * EDGE))
        x = max(room.left() + EDGE, min(corner.x(), room.right() - self.width() - EDGE))
        y = max(room.top() + EDGE, min(corner.y(), room.bottom() - self.height() - EDGE))
        self.move(x, y)
        self.show()
        self.raise_()
        self.activateWindow()
        self.area.setFocus()

    def done(self, result: int) -> None:
        """Close; the keyboard goes back to where it was."""
        before = self._from
        super().done(result)
        if before is not None and isValid(before) and before.isVisible():
            before.window().activateWindow()
            before.setFocus()
