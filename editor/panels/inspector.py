"""The panel at the right: one node's settings and its last run. It follows the selection and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from editor.i18n import tr
from editor.icons import icon
from editor.panels.forms import form_class
from editor.panels.forms.context import FormContext, Path
from editor.panels.forms.fields import Field, name_it
from editor.panels.forms.parts import RowList, Section, small_button
from editor.panels.glyph import Glyph
from editor.panels.last_run import LastRun
from editor.panels.next_step import PLACE, NextStep
from editor.panels.parts import ElidedLineEdit, focus_first
from editor.tabbing import tab_order

if TYPE_CHECKING:
    from editor.panels.forms.common import Form
    from editor.session import WorkflowSession

SETTLING = 400
"""Milliseconds in which a form that was just built may still grow."""
LEAST = 48
"""What is left of a name where large text takes the room, in pixels; the buttons beside it stay."""


class Inspector(QWidget):
    """Shows one node. `runNodeRequested` and `closeRequested` are for the window; edits go through the session."""

    runNodeRequested = Signal(str)
    answerWanted = Signal(str)
    closeRequested = Signal()
    menuRequested = Signal(str, object)
    helpRequested = Signal(str)
    goTo = Signal(str)
    addNextRequested = Signal(str, str, QPoint)
    """Node, source handle, place on the screen."""
    changeTypeRequested = Signal(str)
    beginRequested = Signal(str, str)
    deleteRequested = Signal(str)

    def __init__(self, session: WorkflowSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAccessibleName(tr("Inspector"))
        self.setProperty("kind", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._ctx: FormContext | None = None
        self._form: Form | None = None
        self._next: NextStep | None = None
        self._node_id: str | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._pages = QStackedWidget()
        column.addWidget(self._pages)
        self._nothing = self._make_nothing()
        self._pages.addWidget(self._nothing)
        self._page = self._make_page()
        self._pages.addWidget(self._page)
        self._unsubscribe = session.document.subscribe(self._on_delta)
        session.runChanged.connect(self._on_run)
        self._rebuild = QTimer(self)
        self._rebuild.setSingleShot(True)
        self._rebuild.setInterval(0)
        self._rebuild.timeout.connect(self.rebuild)
        session.formRebuildWanted.connect(self._rebuild.start)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_nothing(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(32, 64, 32, 32)
        column.setSpacing(8)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
        picture = Glyph("pointer", "faint", 28)
        picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        title = QLabel(tr("Nothing selected"))
        title.setProperty("kind", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        words = QLabel(tr("Select a node to see and change its settings."))
        words.setProperty("kind", "small")
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        for widget in (picture, title, words):
            column.addWidget(widget)
        return page

    def _make_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 8, 0)
        head.setSpacing(2)
        self._tile = Glyph(size=28)
        self._tile.setFixedSize(28, 28)
        self._tile.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head.addWidget(self._tile)
        self.title = ElidedLineEdit()
        self.title.setProperty("kind", "plain")
        self.title.setProperty("look", "heading")
        self.title.setPlaceholderText(tr("Untitled"))
        name_it(self.title, tr("Node title"))
        self.title.setMinimumWidth(LEAST)
        self.title.textEdited.connect(self._title_edited)
        self.title.editingFinished.connect(self._end_typing)
        head.addWidget(self.title, 1)
        self._run = small_button("play", tr("Run this step"), self._run_node)
        head.addWidget(self._run)
        self._help = small_button("help", tr("About this block"), self._about)
        head.addWidget(self._help)
        self._more = small_button("more", tr("More"), self._menu)
        head.addWidget(self._more)
        head.addWidget(small_button("close", tr("Close"), self.closeRequested.emit))
        column.addLayout(head)
        about = QHBoxLayout()
        about.setContentsMargins(4, 0, 16, 4)
        self.description = ElidedLineEdit()
        self.description.setProperty("kind", "plain")
        self.description.setProperty("look", "small")
        self.description.setPlaceholderText(tr("Add a description"))
        name_it(self.description, tr("Node description"))
        self.description.setMinimumWidth(LEAST)
        self.description.textEdited.connect(self._description_edited)
        self.description.editingFinished.connect(self._end_typing)
        about.addWidget(self.description)
        column.addLayout(about)
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab(tr("Settings"))
        self.tabs.addTab(tr("Last run"))
        name_it(self.tabs, tr("Inspector tabs"))
        tab_row = QHBoxLayout()
        tab_row.setContentsMargins(6, 0, 12, 0)
        tab_row.addWidget(self.tabs)
        tab_row.addStretch(1)
        column.addLayout(tab_row)
        rule = QFrame()
        rule.setProperty("kind", "line")
        column.addWidget(rule)
        self._stack = QStackedWidget()
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName(tr("Settings"))
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._settling = QTimer(self, singleShot=True, interval=SETTLING)
        bar = self._scroll.verticalScrollBar()
        bar.rangeChanged.connect(self._keep_in_view, Qt.ConnectionType.QueuedConnection)
        self._last = LastRun(self._session)
        self._last.runWanted.connect(self.runNodeRequested)
        self._last.answerWanted.connect(self.answerWanted)
        self._stack.addWidget(self._scroll)
        self._stack.addWidget(self._last)
        column.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._tab_changed)
        return page

    # -- which node --------------------------------------------------------------------------------------------------

    @property
    def node_id(self) -> str | None:
        """The node that is shown."""
        return self._node_id

    @property
    def form(self) -> Form | None:
        """The form that is shown, for tests and for focus."""
        return self._form

    def show_node(self, node_id: str | None) -> None:
        """Show a node's settings, or the empty page for None."""
        if node_id == self._node_id:
            return
        self._drop_form()
        graph = self._session.document.graph
        if node_id is None or node_id not in graph.nodes or graph.nodes[node_id].is_note:
            self._node_id = None
            self._pages.setCurrentWidget(self._nothing)
            return
        self._node_id = node_id
        self._fill()
        self._pages.setCurrentWidget(self._page)

    def rebuild(self) -> None:
        """Build the form of the present node anew, for a node of another type or after a change of language."""
        node_id, self._node_id = self._node_id, None
        scroll = self._scroll.verticalScrollBar().value()
        place = self._focus_place()
        self.show_node(node_id)
        self._scroll.verticalScrollBar().setValue(scroll)
        if place is not None:
            self._focus_again(*place)

    def _focus_place(self) -> tuple[str, int] | None:
        """The control of the form that has the keyboard: its name, and which of that name it is."""
        focused = QApplication.focusWidget()
        if self._form is None or focused is None or not self._form.isAncestorOf(focused):
            return None
        same = [w for w in self._form.findChildren(QWidget) if w.accessibleName() == focused.accessibleName()]
        return focused.accessibleName(), same.index(focused)

    def _focus_again(self, name: str, number: int) -> None:
        """The keyboard stays where it was when a form is built anew."""
        found = [w for w in self._form.findChildren(QWidget) if w.accessibleName() == name] if self._form else []
        if name and number < len(found):
            found[number].setFocus()
        else:
            self.enter()

    def _drop_form(self) -> None:
        focused = QApplication.focusWidget()
        if self._form is not None and focused is not None and self._form.isAncestorOf(focused):
            # What waits until its field is left is written while everything still stands.
            focused.clearFocus()
            self._scroll.setFocus()
        if self._ctx is not None:
            self._ctx.end_typing()
            self._ctx.close()
            self._ctx.deleteLater()
            self._ctx = None
        old = self._scroll.takeWidget()
        if old is not None:
            old.hide()
            old.deleteLater()
        self._form = self._next = None

    def _fill(self) -> None:
        node_id = self._node_id
        assert node_id is not None
        self._ctx = FormContext(self._session, node_id, self)
        self._ctx.beginWanted.connect(lambda name: self.beginRequested.emit(node_id, name))
        self._type = self._ctx.node.type
        self._form = form_class(self._type)(self._ctx)
        self._next = self._make_next(node_id)
        self._form.column.insertWidget(self._form.column.count() - 1, self._next)
        self._scroll.setWidget(self._form)
        self._load_head()
        if self.tabs.currentIndex() == 1:
            self._last.show_node(node_id)

    def _make_next(self, node_id: str) -> NextStep:
        made = NextStep(self._session, node_id)
        made.goTo.connect(self.goTo)
        made.addWanted.connect(self.addNextRequested)
        made.changeWanted.connect(self.changeTypeRequested)
        made.deleteWanted.connect(self.deleteRequested)
        return made

    def _load_head(self) -> None:
        from engine.nodes.registry import spec

        assert self._ctx is not None
        node = self._ctx.node
        found = spec(node.type)
        family = found.family if found else "unknown"
        self._tile.show_tile(found.icon if found else "unknown", family)
        for edit, text in ((self.title, node.title), (self.description, str(node.data.get("desc") or ""))):
            edit.setReadOnly(self._ctx.read_only)
            # Whoever types keeps the caret; a text from elsewhere is shown from its beginning.
            if edit.text() != text:
                edit.setText(text)
                edit.setCursorPosition(0)
        self._help.setVisible(found is not None)
        self._run.setVisible(not self._ctx.read_only and not self._ctx.session.why_not_alone(node.id))
        self._show_run()

    # -- edits of the head -------------------------------------------------------------------------------------------

    def _title_edited(self, text: str) -> None:
        if self._ctx is not None:
            self._ctx.set(("title",), text, typing=True, name=tr("Title"))

    def _description_edited(self, text: str) -> None:
        if self._ctx is not None:
            self._ctx.set(("desc",), text, typing=True, name=tr("Description"))

    def _end_typing(self) -> None:
        if self._ctx is not None:
            self._ctx.end_typing()

    def _run_node(self) -> None:
        if self._node_id:
            self.tabs.setCurrentIndex(1)
            self.runNodeRequested.emit(self._node_id)

    def _menu(self) -> None:
        if self._node_id:
            self.menuRequested.emit(self._node_id, self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _about(self) -> None:
        if self._node_id:
            self.helpRequested.emit(self._node_id)

    def _tab_changed(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        if index == 1 and self._node_id:
            self._last.show_node(self._node_id)

    # -- following ---------------------------------------------------------------------------------------------------

    def _on_delta(self, delta: Any) -> None:
        node_id = self._node_id
        if node_id is None:
            return
        if node_id not in self._session.document.graph.nodes:
            self.show_node(None)
            return
        if self._next is not None:
            self._next.follow(delta)
        if delta.everything or self._session.document.graph.nodes[node_id].type != self._type:
            self._rebuild.start()
        elif self._ctx is not None and node_id in delta.nodes_changed - delta.moved:
            self._load_head()

    def _show_run(self) -> None:
        """The button runs the step, or stops it while it runs."""
        stops = self._node_id is not None and self._session.is_at_work(self._node_id)
        if stops != (self._run.accessibleName() == tr("Stop")):
            words = tr("Stop") if stops else tr("Run this step")
            self._run.setIcon(icon("stop" if stops else "play", "muted"))
            self._run.setToolTip(words)
            self._run.setAccessibleName(words)

    def _on_run(self) -> None:
        self._show_run()
        if self.tabs.currentIndex() == 1 and self._node_id:
            self._last.refresh()

    def enter(self) -> None:
        """Put the keyboard into the first setting, or into the title when there is none."""
        self.tabs.setCurrentIndex(0)
        if not self._enter_form():
            self.title.setFocus()

    def _enter_form(self) -> bool:
        """The keyboard in the first setting; False when there is none: neither what follows the node nor the title of a
        section is one."""
        if self._form is None or self._next is None:
            return False
        stops = [stop for stop in tab_order(self._form) if stop.property("kind") != "section-title"]
        first = next((stop for stop in stops if not self._next.isAncestorOf(stop)), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.TabFocusReason)
        return first is not None

    def finish(self) -> bool:
        """Take what is being written in a field that waits for its end; False when it cannot be taken."""
        from editor.panels.forms.schema_edit import SchemaEditor

        focused = QApplication.focusWidget()
        if isinstance(focused, QLineEdit) and self.isAncestorOf(focused):
            focused.editingFinished.emit()
        return self._form is None or not any(part.refuses() for part in self._form.findChildren(SchemaEditor))

    def focus_field(self, path: str) -> None:
        """Put the keyboard into the field of a setting (dotted path), as near as there is one."""
        if self._form is None:
            return
        self.tabs.setCurrentIndex(0)
        steps = tuple(int(s) if s.isdigit() else s for s in path.split(".") if s)
        if steps[:1] == (PLACE,) and self._next is not None:
            self._settling.start()
            if self._next.focus_open(int(steps[1])):
                self._keep_in_view()
                return
        for rows in self._form.findChildren(RowList):
            rows.complete()
        best = self._nearest(steps)
        if best is not None:
            if (section := Section.around(best)) is not None:
                section.set_folded(False)
            self._settling.start()
            self._scroll.ensureWidgetVisible(best, 0, 80)
            if isinstance(best, Field):
                best.focus_editor()
            elif not focus_first(best):
                best.setFocus()
        elif path in ("title", "") or not self._enter_form():
            self.title.setFocus()

    def _keep_in_view(self) -> None:
        """A form that was just built grows when its parts know their width; the field that was sought stays in view."""
        focused = QApplication.focusWidget()
        if self._settling.isActive() and self._form is not None and focused and self._form.isAncestorOf(focused):
            self._scroll.ensureWidgetVisible(focused, 0, 80)

    def _nearest(self, steps: Path) -> QWidget | None:
        """What shows a setting: the field with the longest common path; of equals the one that holds nothing else, so
        that a list that is empty is found too."""
        assert self._form is not None
        best: tuple[int, int] = (0, 0)
        found: QWidget | None = None
        for widget in self._form.findChildren(QWidget):
            mine = getattr(widget, "path", None)
            if not isinstance(mine, tuple) or not self._can_show(widget):
                continue
            common = next((n for n, pair in enumerate(zip(mine, steps, strict=False)) if pair[0] != pair[1]), None)
            if common is None:
                common = min(len(mine), len(steps))
            rank = (common, -(len(mine) - common))
            if common and rank > best:
                best, found = rank, widget
        return found

    def _can_show(self, widget: QWidget) -> bool:
        """Whether the settings make use of a field; one in a folded section is a click away."""
        assert self._form is not None
        section = Section.around(widget)
        if section is None or not section.isVisibleTo(self._form):
            return widget.isVisibleTo(self._form)
        return widget.isVisibleTo(section.inside)

    def close_session(self) -> None:
        """Stop listening; the window calls it before the session goes."""
        self._drop_form()
        self._node_id = None
        self._unsubscribe()
