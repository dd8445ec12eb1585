"""One open workflow: canvas in the middle, rail and panel at the left, inspector at the right, drawer below."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from editor.canvas.view import CanvasView
from editor.enginetexts import told
from editor.i18n import tr
from editor.icons import icon
from editor.panels.changes import Changes
from editor.panels.chat import Chat
from editor.panels.features.panel import Features
from editor.panels.find_bar import FindBar
from editor.panels.history import History
from editor.panels.inspector import Inspector
from editor.panels.palette import Palette
from editor.panels.parts import focus_first, tool_button
from editor.panels.problems import Problems
from editor.panels.run import RunPanel
from editor.panels.trace import Trace
from editor.panels.values import Values
from editor.panels.variables import Variables
from editor.panels.versions import Versions
from editor.retelling import retell_parts
from editor.search import NodeSearch
from editor.theme import follow_text_size, theme
from editor.windows import choosers
from editor.windows.adding import Adding
from editor.windows.assigning import offer_values
from editor.windows.beginning import Beginning
from editor.windows.canvas_tools import CanvasTools
from editor.windows.debug_desk import DebugDesk
from editor.windows.focus import Typing
from editor.windows.helping import Helping
from editor.windows.narrow import OneSide
from editor.windows.page_menus import PageMenus
from editor.windows.planning import Planning
from editor.windows.snippet_desk import SnippetDesk
from engine.services.model_names import with_default

if TYPE_CHECKING:
    from editor.session import WorkflowSession

RAIL = 48
PANEL = 280
CANVAS = 400
"""What the canvas keeps of the width (editor spec, section 6)."""
EDGES = 48
"""Room beside a node that is brought into view, both sides together."""
NARROW = 900
LEFT_SHARE, RIGHT_SHARE = 0.24, 0.34
"""What the sides may take of a window in which large text would leave the canvas no room."""
DRAWER = 300
GROWTH = 0.5
"""How much of the growth of text the panels take part in; the canvas needs its room too."""


class WorkflowPage(QWidget):
    """Wires the parts to one session. What a run, a publication or another page needs goes to the window by signal."""

    runWanted = Signal(dict, str)
    requestHeard = Signal(str, dict)
    runNodeWanted = Signal(str)
    answerWanted = Signal(str)
    sayWanted = Signal(object)
    stopWanted = Signal()
    restartWanted = Signal()
    rerunWanted = Signal(str)
    publishWanted = Signal()
    openRun = Signal(str)
    previewVersion = Signal(str)
    restoreVersion = Signal(str)
    exportVersion = Signal(str)
    compareVersions = Signal(str, str)
    backWanted = Signal()
    fileDropped = Signal(str)
    lookChanged = Signal()
    """Selection, view or panels are other than before."""

    def __init__(self, session: WorkflowSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        session.hold()
        self.search = NodeSearch()
        self.shown_panel = ""
        self.title = ""
        """What stands on the tab, where it is not the workflow's name."""
        self._ends: list[Callable[[], Any]] = []
        self._chrome = True
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.banner = self._make_banner()
        outer.addWidget(self.banner)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        outer.addLayout(row, 1)
        self.panels: dict[str, QWidget] = {}
        self.rail = self._make_rail()
        row.addWidget(self.rail)
        self.sides = QSplitter(Qt.Orientation.Horizontal)
        self.sides.setHandleWidth(1)
        self.sides.setChildrenCollapsible(False)
        row.addWidget(self.sides, 1)
        self.left = QStackedWidget()
        self.left.setProperty("kind", "panel")
        self.sides.addWidget(self.left)
        self.stack = QSplitter(Qt.Orientation.Vertical)
        self.stack.setHandleWidth(1)
        self.stack.setChildrenCollapsible(False)
        self.sides.addWidget(self.stack)
        self.inspector = Inspector(session)
        self._selected_late = False
        self.sides.addWidget(self.inspector)
        self.canvas_box = self._make_canvas()
        self.stack.addWidget(self.canvas_box)
        self.drawer = self._make_drawer()
        self.drawer.setMinimumWidth(DRAWER)
        self.stack.addWidget(self.drawer)
        self.debug = DebugDesk(self)
        self.planning = Planning(self)
        self._make_panels()
        self.sides.setStretchFactor(1, 1)
        self.stack.setStretchFactor(0, 1)
        self.narrow = OneSide(self)
        self._limit()
        follow_text_size(self, self._text_size_changed)
        self._sizes()
        self.show_panel("" if session.read_only else "palette")
        self.inspector.hide()
        self.drawer.hide()
        self._connect()

    def _limit(self) -> None:
        """How narrow and how wide the sides may be at the present text size; in a window too narrow for what large text
        would have, each gets its share."""
        room = max(self.width(), NARROW)
        self.left.setMinimumWidth(min(theme().grown(PANEL, GROWTH), max(PANEL, round(room * LEFT_SHARE))))
        self.left.setMaximumWidth(theme().grown(420, GROWTH))
        self.inspector.setMinimumWidth(min(theme().grown(320, GROWTH), max(320, round(room * RIGHT_SHARE))))
        self.inspector.setMaximumWidth(theme().grown(640, GROWTH))

    def _text_size_changed(self, _by: float) -> None:
        self._limit()
        self._sizes()

    def _sizes(self) -> None:
        preferences = self.session.studio.preferences
        width = int(preferences.get("inspector_width"))
        self.sides.setSizes([theme().grown(PANEL, GROWTH), 900, theme().grown(width, GROWTH)])
        height = int(preferences.get(self._drawer_key))
        self.stack.setSizes([max(200, 860 - height), height])

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_banner(self) -> QWidget:
        banner = QFrame()
        banner.setProperty("kind", "banner")
        row = QHBoxLayout(banner)
        row.setContentsMargins(16, 6, 8, 6)
        self.banner_text = QLabel()
        row.addWidget(self.banner_text, 1)
        self.banner_action = QPushButton()
        self.banner_action.hide()
        row.addWidget(self.banner_action)
        self.banner_back = QPushButton(tr("Go back to editor"))
        self.banner_back.setIcon(icon("arrow-left", "text"))
        self.banner_back.clicked.connect(self.backWanted)
        row.addWidget(self.banner_back)
        if not self.session.read_only:
            banner.hide()
        return banner

    def show_banner(self, text: str, action: str = "", then: Callable[[], Any] | None = None) -> None:
        """Say what is looked at, with a way back and perhaps one more thing to do."""
        self.banner_text.setText(text)
        self.banner.show()
        self.banner_action.setVisible(bool(action))
        self.banner_action.setText(action)
        if then is not None:
            self.banner_action.clicked.connect(lambda: then())

    def _make_rail(self) -> QWidget:
        rail = QFrame()
        rail.setProperty("kind", "chrome")
        rail.setFixedWidth(RAIL)
        column = QVBoxLayout(rail)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(4)
        self.rail_buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(rail)
        group.setExclusive(False)
        for name, picture, word in (
            ("palette", "blocks", tr("Blocks")),
            ("variables", "variables", tr("Variables")),
            ("features", "sliders", tr("Features")),
            ("problems", "problems", tr("Problems")),
            ("breakpoints", "breakpoint", tr("Breakpoints and pins")),
            ("history", "history", tr("Run history")),
            ("versions", "versions", tr("Versions")),
            ("changes", "undo", tr("Change history")),
        ):
            button = QToolButton()
            button.setIcon(icon(picture, "muted", 20))
            button.setIconSize(button.iconSize() * 1.15)
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setFixedSize(36, 36)
            button.setToolTip(word)
            button.setAccessibleName(word)
            button.clicked.connect(lambda checked, name=name: self.show_panel(name if checked else ""))
            group.addButton(button)
            column.addWidget(button)
            self.rail_buttons[name] = button
        column.addStretch(1)
        return rail

    def _make_panels(self) -> None:
        session = self.session
        studio = session.studio
        palette = Palette(session.document.workflow.mode, studio.tools, studio.habits, studio.snippets)
        palette.importWanted.connect(self.snippets.import_files)
        palette.parts.makeWanted.connect(self.snippets.save_selection)
        self.snippets.serve(palette)
        palette.placeRequested.connect(self.adding.carry)
        palette.helpWanted.connect(self.helping.about_block)
        problems = Problems(session)
        problems.goTo.connect(self.reveal)
        history = History(session)
        history.openRun.connect(self.openRun)
        versions = Versions(session)
        versions.preview.connect(self.previewVersion)
        versions.restore.connect(self.restoreVersion)
        versions.exportWanted.connect(self.exportVersion)
        versions.publishWanted.connect(self.publishWanted)
        versions.compare.connect(self.compareVersions)
        self.panels = {
            "palette": palette,
            "variables": Variables(session),
            "features": Features(session),
            "problems": problems,
            "breakpoints": self.debug.panel,
            "history": history,
            "versions": versions,
            "changes": Changes(session),
        }
        for panel in self.panels.values():
            self.left.addWidget(panel)

    def _make_canvas(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        self.canvas = CanvasView(commands=self.session)
        self.canvas.setAccessibleName(tr("Canvas"))
        self.canvas.rules.fill = lambda data: with_default(data, self.session.studio.default_model)
        column.addWidget(self.canvas)
        self.canvas.set_document(self.session.document, self.session.read_only)
        self.tools = CanvasTools(self.canvas, self.session)
        self.find_bar = FindBar(self.canvas, self.session.document, self.search, self.canvas)
        self.tools.keep_at_top(self.find_bar)
        self.adding = Adding(self)
        self.tools.addWanted.connect(self.adding.from_tools)
        self.menus = PageMenus(self)
        self.helping = Helping(self)
        self.tools.keep_in_view(Beginning(self))
        self.snippets = SnippetDesk(self)
        return box

    def _make_drawer(self) -> QWidget:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName(tr("Panels below"))
        self.tabs.setMinimumHeight(140)
        self.run_panel = RunPanel(self.session)
        self.run_panel.runWanted.connect(self.runWanted)
        self.run_panel.requestHeard.connect(self.requestHeard)
        self.run_panel.stopWanted.connect(self.stopWanted)
        self.run_panel.continueWanted.connect(lambda: self.rerunWanted.emit(""))
        self.trace = Trace(self.session)
        self.trace.openRun.connect(self.openRun)
        self.trace.goTo.connect(self._show_node)
        self.trace.roundsWanted.connect(self.canvas.runs.choose_rounds)
        self.chat: Chat | None = None
        if self.session.document.workflow.mode == "advanced-chat" and not self.session.read_only:
            self.chat = Chat(self.session)
            self.chat.sendWanted.connect(self.sayWanted)
            self.chat.stopWanted.connect(self.stopWanted)
            self.chat.restartWanted.connect(self.restartWanted)
            self.chat.traceWanted.connect(self._show_step)
            self.chat.openRun.connect(self.openRun)
            self.tabs.addTab(self.chat, tr("Chat"))
        self.tabs.addTab(self.run_panel, tr("Run"))
        self.tabs.addTab(self.trace, tr("Trace"))
        self.values = Values(self.session)
        self.values.goTo.connect(self._show_node)
        self.tabs.addTab(self.values, tr("Values"))
        self.tabs.setTabVisible(self.tabs.indexOf(self.values), not self.session.read_only)
        close = tool_button("chevron-down", tr("Close the drawer"), self.hide_drawer)
        self.tabs.setCornerWidget(close)
        return self.tabs

    # -- wiring ------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        canvas, session = self.canvas, self.session
        canvas.selectionChanged.connect(self._selected)
        canvas.handLetGo.connect(self._let_go)
        canvas.nodeActivated.connect(self._activated)
        canvas.contextMenuRequested.connect(self.menus.context_menu)
        canvas.blockSelectorRequested.connect(self.adding.choose)
        canvas.runNodeRequested.connect(self._run_or_stop)
        canvas.connected.connect(lambda source, target: offer_values(self, source, target))
        canvas.fileDropped.connect(self.fileDropped)
        canvas.refused.connect(lambda text: session.studio.messages.tell(text))
        self.follow(session.refused, self._refused)
        self.follow(session.runShapeChanged, self._run_shape)
        self.follow(session.problemsChanged, self._problems)
        self.follow(session.revealWanted, self._reveal_asked)
        messages = session.studio.messages
        canvas.edits.confirm = lambda text: messages.confirm(tr("Delete?"), text, tr("Delete"), danger=True)
        canvas.selectionChanged.connect(lambda *_: self.lookChanged.emit())
        canvas.viewChanged.connect(self.lookChanged)
        self.tabs.currentChanged.connect(lambda _: self.lookChanged.emit())
        self.tabs.currentChanged.connect(lambda _: self._meet_trace())
        self.inspector.runNodeRequested.connect(self._run_or_stop)
        self.inspector.answerWanted.connect(self.answerWanted)
        self.inspector.closeRequested.connect(self.close_inspector)
        self.inspector.menuRequested.connect(self.menus.node_menu)
        self.inspector.helpRequested.connect(self.helping.about_node)
        self.inspector.goTo.connect(self._show_node)
        self.inspector.addNextRequested.connect(self.adding.after_branch)
        self.inspector.changeTypeRequested.connect(lambda node_id: choosers.change_type(self, node_id))
        Typing(self)
        self.inspector.beginRequested.connect(self._begin_with)
        self.inspector.deleteRequested.connect(lambda node_id: canvas.edits.delete([node_id]))
        self._problems()
        self.sides.splitterMoved.connect(lambda *_: self._remember())
        self.stack.splitterMoved.connect(lambda *_: self._remember())

    @property
    def is_in_front(self) -> bool:
        """Whether what the session asks people concerns this page: the only one on it, or the one in the active
        window."""
        return self.session.users == 1 or self.window().isActiveWindow()

    def _reveal_asked(self, node_id: str, field: str) -> None:
        if self.is_in_front:
            self.reveal(node_id, field)

    def _refused(self, text: str) -> None:
        if self.is_in_front:
            self.session.studio.messages.tell(text)

    def _remember(self) -> None:
        preferences = self.session.studio.preferences
        if self.inspector.isVisible():
            preferences.set("inspector_width", round(self.inspector.width() / theme().grown(1000, GROWTH) * 1000))
        if self.drawer.isVisible():
            preferences.set(self._drawer_key, self.drawer.height())

    @property
    def _drawer_key(self) -> str:
        """A talk wants more room than a form: its height is kept for itself."""
        return "drawer_height" if self.chat is None else "chat_height"

    def _selected(self, nodes: list[str], _edge: object) -> None:
        self._selected_late = self.canvas.pressing
        if self._selected_late:
            return  # a panel that opens or closes now would move the canvas under the hand
        one = nodes[0] if len(nodes) == 1 else None
        self.inspector.show_node(one)
        shown = one is not None and self.inspector.node_id is not None
        if shown != self.inspector.isVisible() and self._chrome:
            focused = QApplication.focusWidget()
            if not shown and focused is not None and self.inspector.isAncestorOf(focused):
                self.canvas.setFocus()  # rather than the tabs of the window, which Qt would choose
            self.canvas.held = True  # a click on a node is no wish for another zoom
            self.inspector.setVisible(shown)
            QTimer.singleShot(0, self, self._inspector_moved)
        if one is not None and self.drawer.isVisible():
            self.trace.select_node(one)
        if one is not None:
            self.values.show_node(one)

    def _begin_with(self, node_id: str, node_type: str) -> None:
        if self.canvas.edits.begin_with(node_id, node_type):
            self.canvas.setFocus()  # the button that was pressed is gone

    def select_beginning(self) -> None:
        """Show the panel in which one chooses what a new workflow begins with."""
        place = next((n.id for n in self.session.document.graph.nodes.values() if n.type == "start-placeholder"), None)
        if place is not None:
            self.canvas.select([place])

    def _inspector_moved(self) -> None:
        """A node whose settings came up stays in view, although the canvas is narrower now; one that is larger than
        the canvas stays where it is."""
        self._make_room()
        item = self.canvas.scene.items.get(self.inspector.node_id or "")
        if item is not None and self.inspector.isVisible() and self.canvas.selected_nodes() == [item.id]:
            box = self.canvas.camera.box_to_view(item.box)
            if box.width < self.canvas.width() - EDGES and box.height < self.canvas.height() - EDGES:
                self.canvas.ensure_visible(item.id)
        self.canvas.held = False

    def _run_or_stop(self, node_id: str) -> None:
        """The one button of a step: it runs it, and stops it while it runs."""
        if self.session.is_at_work(node_id):
            self.stopWanted.emit()
        else:
            self.runNodeWanted.emit(node_id)

    def _meet_trace(self) -> None:
        """The trace of a finished run comes to the front at the step that is selected on the canvas."""
        state = self.session.run_state
        chosen = self.canvas.selected_nodes()
        if self.tabs.currentWidget() is self.trace and state is not None and state.is_over and len(chosen) == 1:
            self.trace.select_node(chosen[0])

    def _let_go(self) -> None:
        if self._selected_late:
            self._selected(self.canvas.selected_nodes(), None)

    def close_inspector(self) -> None:
        """Hide the inspector and give the canvas the keyboard."""
        self.inspector.hide()
        self.narrow.settle()
        self.canvas.setFocus()

    def _show_step(self, node_id: str) -> None:
        """The trace, at a step when one is named."""
        self.show_drawer("trace")
        if node_id:
            self._show_node(node_id)
            self.trace.select_node(node_id)

    def _show_node(self, node_id: str) -> None:
        if node_id in self.session.document.graph.nodes:
            self.canvas.select([node_id])
            self.canvas.center_on(node_id)

    def _activated(self, node_id: str) -> None:
        """Enter or a double click on a node: its settings, with the keyboard in them."""
        self.reveal(node_id, "")
        if self.inspector.node_id == node_id and self.inspector.isVisible():
            self.inspector.enter()

    def reveal(self, node_id: str, field: str) -> None:
        """Bring a node into view, select it, open the inspector at a setting."""
        if node_id not in self.session.document.graph.nodes:
            return
        self.canvas.select([node_id])
        self.canvas.center_on(node_id)
        if self.inspector.node_id == node_id:
            self.inspector.setVisible(self._chrome)
            self.narrow.settle()
            if field:
                self.inspector.focus_field(field)

    def _run_shape(self, ids: set[str]) -> None:
        if not ids:
            self.canvas.set_run_state(self.session.run_state)
            return
        nodes = self.session.document.graph.nodes
        self.canvas.apply_run_changes([i for i in ids if i in nodes], [i for i in ids if i not in nodes])
        self.debug.follow(ids)

    def _problems(self) -> None:
        found: dict[str, tuple[int, int, str]] = {}
        lacks: dict[str, dict[str, str]] = {}
        for problem in self.session.problems:
            if not problem.node_id:
                continue
            errors, warnings, tip = found.get(problem.node_id, (0, 0, ""))
            error = problem.severity == "error"
            words = told(problem.message)
            found[problem.node_id] = (errors + error, warnings + (not error), f"{tip}\n{words}".strip())
            if problem.code.startswith("tool."):
                lacks.setdefault(problem.node_id, {})[problem.field] = problem.code
        self.canvas.set_problems(found)
        self.canvas.set_lacks(lacks)

    def follow(self, signal: Any, slot: Callable[..., Any]) -> None:
        """Call `slot` on a signal of the session as long as this page is open; the session may live longer."""
        signal.connect(slot)
        self._ends.append(lambda: signal.disconnect(slot))

    def follow_document(self, slot: Callable[[Any], Any]) -> None:
        """Call `slot` with every change of the document as long as this page is open."""
        self._ends.append(self.session.document.subscribe(slot))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._limit()
        QTimer.singleShot(0, self, self._make_room)

    def _make_room(self) -> None:
        """The inspector gives what the canvas lacks, down to its least width; the width that is kept stays."""
        self.narrow.settle()
        left, middle, right = self.sides.sizes()
        give = min(CANVAS - middle, right - self.inspector.minimumWidth())
        if self.inspector.isVisible() and give > 0:
            self.sides.setSizes([left, middle + give, right - give])

    # -- panels ------------------------------------------------------------------------------------------------------

    def add_panel(self, name: str, panel: QWidget) -> None:
        """One more panel at the left, without a button of its own."""
        self.panels[name] = panel
        self.left.addWidget(panel)

    def show_panel(self, name: str) -> None:
        """Show a panel at the left; an empty name hides it."""
        for key, button in self.rail_buttons.items():
            button.setChecked(key == name)
        panel = self.panels.get(name)
        self.shown_panel = name if panel is not None else ""
        self.left.setVisible(panel is not None)
        self.narrow.panel_asked()
        self.lookChanged.emit()
        if panel is None:
            return
        self.left.setCurrentWidget(panel)
        QTimer.singleShot(0, self, self._make_room)
        refresh = getattr(panel, "refresh", None)
        if refresh is not None:
            refresh()

    def show_drawer(self, tab: str = "run") -> None:
        """Open the drawer at a tab: `run`, `trace` or `values`."""
        if self._chrome:
            self.drawer.show()
            # Once it has its place, a drawer too low for what it holds becomes as high as it can.
            QTimer.singleShot(0, self, lambda: self.raise_drawer(self.drawer.minimumSizeHint().height()))
        self.run_panel.build_form()
        if self.chat is not None:
            self.chat.build()
        if tab == "values" and not self.tabs.isTabVisible(self.tabs.indexOf(self.values)):
            return
        front = self.chat if tab == "run" and self.chat is not None else self.run_panel
        self.tabs.setCurrentWidget({"trace": self.trace, "values": self.values}.get(tab, front))
        self._meet_trace()

    def raise_drawer(self, height: int) -> None:
        """Make the drawer so high at least, as far as the canvas keeps some room; the height that is kept stays."""
        if self.drawer.isHidden():
            return
        canvas, drawer = self.stack.sizes()
        most = max(round((canvas + drawer) * 0.6), canvas + drawer - self.canvas.minimumSizeHint().height())
        missing = min(height, most) - drawer
        if missing > 0:
            self.stack.setSizes([canvas - missing, drawer + missing])

    def show_past_values(self) -> None:
        """A past run is looked at: its values can be seen, too."""
        self.tabs.setTabVisible(self.tabs.indexOf(self.values), True)

    @property
    def shown_tab(self) -> str:
        """The tab of the drawer that is shown, as `show_drawer` names it; empty when it is closed."""
        if self.drawer.isHidden():
            return ""
        return "trace" if self.tabs.currentWidget() is self.trace else "run"

    def hide_drawer(self) -> None:
        """Close the drawer."""
        self.drawer.hide()
        self.lookChanged.emit()
        self.canvas.setFocus()

    def set_chrome(self, shown: bool) -> None:
        """Hide everything but the canvas, or bring it back."""
        self._chrome = shown
        self.rail.setVisible(shown)
        self.left.setVisible(shown and bool(self.shown_panel))
        self.inspector.setVisible(shown and self.inspector.node_id is not None)
        if not shown:
            self.drawer.hide()

    def parts(self) -> list[QWidget]:
        """What F6 walks through, in this order."""
        return [self.canvas, self.inspector, self.left, self.drawer]

    def enter(self, part: QWidget) -> None:
        """Put the keyboard into a part of the page."""
        if part is self.inspector:
            self.inspector.enter()
        elif part is self.canvas:
            self.canvas.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            first = part.currentWidget() if isinstance(part, QStackedWidget | QTabWidget) else part
            focus_first(first if first is not None else part)

    @property
    def chrome(self) -> bool:
        """Whether the panels are shown."""
        return self._chrome

    def next_problem(self) -> None:
        """Go to the problem after the one that was gone to last."""
        problems = self.panels["problems"]
        assert isinstance(problems, Problems)
        self.show_panel("problems")
        problems.go_on()

    def retell(self) -> None:
        """Say in another language what stands in the panels."""
        self.inspector.rebuild()
        self.run_panel.build_form()
        self._problems()
        retell_parts([*self.panels.values(), self.trace, self.values, self.inspector])

    # -- the end -----------------------------------------------------------------------------------------------------

    def close_page(self) -> None:
        """Let go of the document and save what is not saved."""
        self.inspector.close_session()
        if self.chat is not None:
            self.chat.close_session()
        for panel in self.panels.values():
            if isinstance(panel, Variables | Features | Changes | Versions):
                panel.close_session()
        self.canvas.set_document(None)
        self.run_panel.ear.close_now()
        for end in self._ends:
            end()
        self._ends.clear()
        self.session.release()
