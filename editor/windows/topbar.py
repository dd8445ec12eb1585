"""The bar at the top: the tabs of what is open; for a workflow its saved state, undo, redo, problems, Publish, Run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QMenuBar, QPushButton, QSizePolicy, QTabBar, QWidget

from editor.i18n import tr
from editor.icons import icon
from editor.panels.parts import tool_button
from editor.theme import theme, theme_signal
from editor.windows.publishing import published_words

if TYPE_CHECKING:
    from editor.session import WorkflowSession
    from editor.windows.main import MainWindow

HEIGHT = 44
LARGE = 1.6
NARROW = 860
LEAST_TABS = 200
FRONT_TAB = 180
"""Pixels that the tab in front keeps, if it wants as many."""


class Tabs(QTabBar):
    """Where there is no room for all words, tabs behind give theirs up first: the tab in front and the library say what
    they are, as long as no tab has to be scrolled to for that."""

    def minimumTabSizeHint(self, index: int) -> QSize:
        least, front = super().minimumTabSizeHint(index), self.currentIndex()
        if index not in (0, front):
            return least
        spare = self.width() - sum(super(Tabs, self).minimumTabSizeHint(n).width() for n in range(self.count()))
        for tab, most in ((front, FRONT_TAB), (0, self.tabSizeHint(0).width())):
            lacks = min(most, self.tabSizeHint(tab).width()) - super().minimumTabSizeHint(tab).width()
            more = max(0, min(lacks, spare))
            if tab == index:
                return QSize(least.width() + more, least.height())
            spare -= more
        return least


class TopBar(QFrame):
    """Asks the window for everything; shows what the session in front says."""

    def __init__(self, window: MainWindow, tabs: QTabBar) -> None:
        super().__init__()
        self._window = window
        self.setProperty("kind", "chrome")
        self._fit()
        theme_signal().changed.connect(self._fit)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 12, 0)
        row.setSpacing(6)
        self.menus = QMenuBar() if sys.platform != "darwin" else window.menuBar()
        """The window's menus: in this bar, so that they cost no height, or where the system has them."""
        if sys.platform != "darwin":
            self.menus.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self.menus.setAccessibleName(tr("Menus"))
            row.addWidget(self.menus, 0, Qt.AlignmentFlag.AlignVCenter)
            self.all_menus = tool_button("list", tr("Menus"), self._popup)
            self.all_menus.hide()
            row.addWidget(self.all_menus)
            row.addSpacing(6)
        row.addWidget(tabs, 1)
        self.tools = QWidget()
        row.addWidget(self.tools)
        row = QHBoxLayout(self.tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.state = QLabel()
        self.state.setProperty("kind", "small")
        row.addWidget(self.state)
        row.addSpacing(8)
        self.undo = tool_button("undo", tr("Undo"), lambda: window.do("undo"))
        self.redo = tool_button("redo", tr("Redo"), lambda: window.do("redo"))
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        row.addSpacing(8)
        self.problems = QPushButton()
        self.problems.setProperty("kind", "quiet")
        self.problems.setAccessibleName(tr("Problems"))
        self.problems.clicked.connect(lambda: window.do("show_problems"))
        row.addWidget(self.problems)
        self.hold = tool_button("pause", tr("Hold at the next step"), lambda: window.do("hold_next"))
        row.addWidget(self.hold)
        self.publish = QPushButton(tr("Publish"))
        self.publish.setIcon(icon("publish", "text"))
        self.publish.clicked.connect(lambda: window.do("publish"))
        row.addWidget(self.publish)
        self.publish_more = tool_button(
            "chevron-down", tr("Published versions, and what can be done with them"), self._more
        )
        row.addWidget(self.publish_more)
        self.run = QPushButton(tr("Run"))
        self.run.setProperty("kind", "primary")
        self.run.setMinimumWidth(88)
        self.run.clicked.connect(self._run)
        row.addWidget(self.run)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Where the names of the workflows would have no room beside the menus, a button opens them."""
        if sys.platform == "darwin":
            return
        tools = 0 if self.tools.isHidden() else self.tools.sizeHint().width()
        tight = self.width() < self.menus.sizeHint().width() + tools + LEAST_TABS
        self.menus.setVisible(not tight)
        self.all_menus.setVisible(tight)

    def _popup(self) -> None:
        menu = QMenu(self.all_menus)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.menus.actions())
        menu.popup(self.all_menus.mapToGlobal(QPoint(0, self.all_menus.height())))

    def _fit(self) -> None:
        """As high as its words need at the person's text scale."""
        self.setFixedHeight(max(HEIGHT, theme().grown(HEIGHT, 0.75)))
        QTimer.singleShot(0, self, self._make_room)

    def _more(self) -> None:
        from editor.windows.publishing import publish_menu

        page = self._window.page
        if page is not None:
            button = self.publish_more
            publish_menu(self._window, page, button.mapToGlobal(button.rect().bottomRight()))

    def _run(self) -> None:
        page = self._window.page
        if page is not None:
            self._window.do("stop" if page.session.is_running else "run")

    def refresh(self) -> None:
        """Show the session in front."""
        page = self._window.page
        self.tools.setVisible(page is not None)
        if page is None:
            self._make_room()
            return
        session = page.session
        words = {
            "saved": tr("Saved"),
            "unsaved": tr("Saving…"),
            "saving": tr("Saving…"),
            "failed": tr("Not saved"),
        }
        self.state.setText("" if session.read_only else words[session.save_state])
        self._tell_saved(session)
        # Large text leaves its room to the names of the workflows; that something failed is always said.
        wide = theme().text_scale < LARGE and self.width() >= NARROW
        self.state.setVisible(wide or session.save_state == "failed")
        steps = session.steps
        self.undo.setEnabled(steps.can_undo and not session.read_only)
        self.redo.setEnabled(steps.can_redo and not session.read_only)
        undo, redo = steps.undo_label, steps.redo_label
        self.undo.setToolTip(f"{tr('Undo')}: {undo}" if undo else tr("Undo"))
        self.redo.setToolTip(f"{tr('Redo')}: {redo}" if redo else tr("Redo"))
        errors = sum(p.severity == "error" for p in session.problems)
        warnings = len(session.problems) - errors
        self.problems.setText(str(errors or warnings) if errors or warnings else "")
        self.problems.setIcon(
            icon("error", "bad") if errors else icon("warning", "warn") if warnings else icon("check", "good")
        )
        self.problems.setToolTip(tr("{errors} errors, {warnings} warnings", errors=errors, warnings=warnings))
        running = session.is_running
        self.hold.setVisible(running and not session.read_only)
        self.hold.setEnabled(session.debugging.current is None)
        self.run.setVisible(not session.read_only)
        self.publish.setVisible(not session.read_only)
        self.publish_more.setVisible(not session.read_only)
        told = published_words(page)
        self.publish.setToolTip(told)
        self.publish.setAccessibleDescription(told)
        self.publish.setIcon(icon("publish-changes" if session.publication.is_behind else "publish", "text"))
        self.run.setText(tr("Stop") if running else tr("Run"))
        self.run.setIcon(icon("stop" if running else "play", "on_accent"))
        self._make_room()

    def _tell_saved(self, session: WorkflowSession) -> None:
        """When the draft was written, on the clock of this place, and what is published of it."""
        when = session.saved_at
        if session.save_state == "saved" and when is not None and not session.read_only:
            self.state.setText(tr("Saved {time}", time=when.astimezone().strftime("%H:%M")))
        self.state.setToolTip("" if session.read_only else session.publication.words)
