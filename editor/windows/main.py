"""The main window: tabs of workflows, the library, the top bar, menus. It wires parts together and holds no
behaviour of its own; what one open workflow does is in `page.py`, the rest in `running.py` and `versioning.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from editor.actions import BY_ID, COMMANDS, MENUS, PARTED, SUBMENUS
from editor.dialogs.fitting import limit_smallest, screen_room
from editor.enginetexts import told, told_lines
from editor.i18n import tr
from editor.icons import icon
from editor.keymap import is_plain, keys_of
from editor.messages import WindowMessages
from editor.session import WorkflowSession
from editor.tabbing import step
from editor.theme import theme_signal
from editor.windows import comparing
from editor.windows.commands import Commands
from editor.windows.focus import TAKING, TEXT_ACTIONS, copied_text, in_panel, is_text, text_action
from editor.windows.layout import Layout
from editor.windows.leaving import may_close
from editor.windows.library import Library
from editor.windows.past import Past
from editor.windows.recent import RecentFiles
from editor.windows.running import Running
from editor.windows.toast import Toast
from editor.windows.topbar import Tabs, TopBar
from editor.windows.versioning import Versioning
from engine.model.edits import SetApp
from engine.services.snippets import is_snippet_file

if TYPE_CHECKING:
    from editor.context import Studio
    from editor.windows.page import WorkflowPage
    from engine.services.workflows import ImportOutcome, LoadedDraft

TOAST_WIDTH = 560
TOAST_SIDES = 16
CONDITIONS: dict[str, Callable[[WorkflowPage], bool]] = {
    "open": lambda page: page.isEnabled(),
    "editable": lambda page: not page.session.read_only,
    "running": lambda page: page.session.is_running,
    "held": lambda page: page.session.debugging.current is not None,
    "unheld": lambda page: not page.session.read_only and page.session.debugging.current is None,
    "past_moments": lambda page: page.session.moments.can_scrub,
    "rounds": lambda page: bool(page.canvas.state.rounds),
    "going": lambda page: page.session.is_running and page.session.debugging.current is None,
    "held_failure": lambda page: bool(page.session.debugging.held_failure),
    "chosen": lambda page: page.isEnabled() and bool(page.canvas.selected_nodes()),
    "some": lambda page: not page.session.read_only and bool(page.canvas.selected_nodes()),
    "one": lambda page: not page.session.read_only and len(page.canvas.selected_nodes()) == 1,
    "several": lambda page: not page.session.read_only and len(page.canvas.selected_nodes()) > 1,
    "spread_across": lambda page: not page.session.read_only and page.canvas.edits.can_distribute("horizontal"),
    "spread_down": lambda page: not page.session.read_only and page.canvas.edits.can_distribute("vertical"),
}
"""The words of the table's `when`."""


SMALLEST = (800, 480)
"""Logical pixels: a screen of 1,920 x 1,080 has 960 x 540 of them at 200 %, less the bars of the desktop."""


class MainWindow(QMainWindow):
    """One window with any number of workflows in tabs; the first tab is the library."""

    def __init__(self, studio: Studio, *, real_messages: bool = True) -> None:
        super().__init__()
        self.studio = studio
        if real_messages:
            studio.messages = WindowMessages(self)
        self.setWindowTitle("Penstock")
        self.setAcceptDrops(True)
        limit_smallest(self, *SMALLEST)
        width, height = studio.preferences.get("window")
        self.resize(QSize(int(width), int(height)).boundedTo(screen_room(self)))
        self.running = Running(self)
        self.past = Past(self)
        self.versioning = Versioning(self)
        self.commands = Commands(self)
        self.recent = RecentFiles(self)
        self.layout_of = Layout(self)
        studio.windows.append(self)
        self._actions: dict[str, QAction] = {}
        self._shortcuts: list[QShortcut] = []
        self._toast = Toast(self)
        self._make_body()
        self._make_actions()
        self.top.refresh()
        studio.keymap.changed.connect(self._set_keys)
        theme_signal().changed.connect(self._theme_changed)
        studio.modelsChanged.connect(self._models_changed)
        studio.tools.changed.connect(self._models_changed)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_body(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tab_bar = Tabs()
        self.tab_bar.setProperty("kind", "document")
        self.tab_bar.setDrawBase(False)
        self.tab_bar.setExpanding(False)
        self.tab_bar.setMovable(False)
        self.tab_bar.setTabsClosable(True)
        self.tab_bar.setElideMode(Qt.TextElideMode.ElideRight)
        self.tab_bar.setAccessibleName(tr("Open workflows"))
        self.tab_bar.tabCloseRequested.connect(self.close_page)
        self.tab_bar.tabBarDoubleClicked.connect(self.rename_tab)
        self.top = TopBar(self, self.tab_bar)
        column.addWidget(self.top)
        self.pages = QStackedWidget()
        column.addWidget(self.pages, 1)
        self.setCentralWidget(body)
        self.library = Library(self.studio)
        self.library.openApp.connect(self.open_app)
        self.library.openSample.connect(self.open_sample)
        self.library.newApp.connect(self.new_app)
        self.library.openFile.connect(self.open_file)
        self.library.generateWanted.connect(self.commands.on_generate_new)
        self.library.dropped.connect(lambda path: self.offer_file(Path(path)))
        self.library.settingsWanted.connect(lambda: self.preferences())
        self.pages.addWidget(self.library)
        self.tab_bar.addTab(icon("library", "muted"), tr("Library"))
        self.tab_bar.setTabButton(0, QTabBar.ButtonPosition.RightSide, None)
        self.tab_bar.currentChanged.connect(self._tab_changed)
        self.library.search.setFocus()  # rather than the tabs, which Qt would choose

    def rename_tab(self, index: int) -> None:
        """Edit the name of a workflow on its tab."""
        page = self._page_at(index)
        if page is None or page.session.read_only:
            return
        edit = QLineEdit(page.session.name, self.tab_bar)
        edit.setAccessibleName(tr("Workflow name"))
        edit.setGeometry(self.tab_bar.tabRect(index).adjusted(0, 4, 80, -4))

        def done() -> None:
            name = edit.text().strip()
            if name and name != page.session.name:
                page.session.submit(SetApp("name", name), tr("Rename the workflow"))
            edit.deleteLater()

        edit.editingFinished.connect(done)
        edit.selectAll()
        edit.show()
        edit.setFocus()

    def show_toast(self, text: str, action: str = "", then: Callable[[], Any] | None = None) -> None:
        """Say something that passes by itself, with one thing to do about it."""
        self._toast.say(text, action, then)

    def _make_actions(self) -> None:
        bar = self.top.menus
        bar.setNativeMenuBar(True)
        bar.clear()
        menus = {name: bar.addMenu(tr(name)) for name in MENUS}
        deeper: dict[str, QMenu] = {}
        for row in COMMANDS:
            action = self._actions.get(row.id)
            if action is None:
                action = QAction(self)
                # The keys are shown here; what listens to them is `_set_keys`, which knows a key from a click.
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                action.triggered.connect(lambda _=False, name=row.id: self.do(name))
                self._actions[row.id] = action
            action.setText(tr(row.text))
            if row.icon:
                action.setIcon(icon(row.icon, "text"))
            if row.menu:
                menu = menus[row.menu]
                if row.id in PARTED:
                    menu.addSeparator()
                under = next((name for name, ids in SUBMENUS.items() if row.id in ids), "")
                if under:
                    menu = deeper[under] if under in deeper else deeper.setdefault(under, menu.addMenu(tr(under)))
                menu.addAction(action)
            if row.id == "open_file":
                self.recent.add_to(menus[row.menu])
        for menu in menus.values():
            menu.aboutToShow.connect(self.enable_actions)
            menu.aboutToHide.connect(self._enable_all)
        self._set_keys()

    def _set_keys(self) -> None:
        """Keys with Ctrl and function keys are shortcuts of the window; the others wait in `keyPressEvent`."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = []
        listened: dict[str, None] = {}  # several actions may have the same keys, but they are listened to once
        for name, action in self._actions.items():
            keys = self.studio.keymap.keys(name)
            action.setShortcuts([QKeySequence(k) for k in keys])
            listened.update(dict.fromkeys(k for k in keys if not is_plain(k)))
        self._shortcuts = [self._shortcut(k) for k in listened]

    def _shortcut(self, keys: str) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(lambda: self._do_keys(keys))
        return shortcut

    def _do_keys(self, keys: str) -> None:
        names = [row.id for row in self.studio.keymap.actions_for(keys)]
        self.do(next((name for name in names if self.can(name)), names[0]), keys=keys)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plain keys (V, H, F, Del ...) arrive here when the widget with the focus, a text field say, has no use for
        them. Enter presses the button that has the keyboard, as in dialogs."""
        keys, focused = keys_of(event), self.focusWidget()
        row = self.studio.keymap.action_for(keys) if keys and is_plain(keys) else None
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and isinstance(focused, QPushButton | QToolButton) and focused.hasFocus():
            focused.click()
        elif row is not None:
            self.do(row.id, keys=keys)
        else:
            super().keyPressEvent(event)

    # -- doing -------------------------------------------------------------------------------------------------------

    def can(self, name: str) -> bool:
        """Whether an action makes sense now."""
        when, place = BY_ID[name].when, BY_ID[name].place
        if place:
            return False  # the part that the keyboard is in does it
        if not when:
            return True
        page = self.page
        return CONDITIONS[when](page) if page is not None else self.library.can(name)

    def enable_actions(self) -> None:
        """Grey out what makes no sense now."""
        for name, action in self._actions.items():
            action.setEnabled(self.can(name))

    def _enable_all(self) -> None:
        """Once a menu is closed nothing is grey: what a key asks for is looked at when it is pressed."""
        for action in self._actions.values():
            action.setEnabled(True)

    def do(self, name: str, *, keys: str = "") -> None:
        """Carry out an action of the table; `keys` are those that asked for it, if it was keys."""
        row = BY_ID[name]
        focused = QApplication.focusWidget()
        if focused is not None and is_text(focused) and focused.window() is self:
            if name in TEXT_ACTIONS:
                text_action(focused, name)
                return
            # Keys with Alt write letters on some systems.
            if keys and (not row.in_text or keys.startswith("Alt+")):
                return
        if keys and name == "copy" and self.page is not None and copied_text(self.page, focused):
            return
        if keys and name in TAKING and self.page is not None and in_panel(self.page, focused):
            if self.page.canvas.selected_nodes() and self.can(name):
                self.show_toast(
                    tr("The keyboard is in a panel. Esc goes back to the canvas; there the key takes nodes.")
                )
            return
        if self.page is None and self.library.can(name):
            self.library.act(name)
        elif self.can(name):
            getattr(self.commands, f"on_{name}")()

    @property
    def page(self) -> WorkflowPage | None:
        """The open workflow in front, or None for the library."""
        return self._page_at(self.pages.currentIndex())

    def _page_at(self, index: int) -> WorkflowPage | None:
        # Every tab but the library is a page. Asking so, the window is shown before the code of pages is imported.
        widget = self.pages.widget(index)
        return None if widget is None or widget is self.library else cast("WorkflowPage", widget)

    def workflow_pages(self) -> list[WorkflowPage]:
        """All open workflows, in the order of the tabs."""
        return [page for i in range(self.pages.count()) if (page := self._page_at(i)) is not None]

    # -- opening -----------------------------------------------------------------------------------------------------

    def open_app(self, app_id: str, *, then: Callable[[WorkflowPage], None] | None = None) -> None:
        """Open a workflow of the workspace, or bring its tab to the front; then do something with its page."""
        for page in self.workflow_pages():
            if page.session.app_id == app_id and not page.session.read_only:
                self.show_page(page)
                if then is not None:
                    then(page)
                return
        known = self.studio.sessions.find(app_id)
        if known is not None:
            # Open in another window: reading it anew would take its unsaved edits for those of an unclean end.
            page = self._show_session(known)
            if then is not None:
                then(page)
            return
        workflows = self.studio.services.workflows

        def done(found: tuple[LoadedDraft, bool]) -> None:
            page = self.open_draft(found[0], fit=found[1])
            if then is not None:
                then(page)

        self.studio.tasks.run(
            lambda: (workflows.load(app_id), workflows.get(app_id).opened_at is None),
            done=done,
            failed=lambda error: self.studio.messages.error(tr("This workflow cannot be opened"), error),
        )

    def open_draft(self, draft: LoadedDraft, *, fit: bool = False) -> WorkflowPage:
        """A tab for a draft, or the tab that it has already."""
        for page in self.workflow_pages():
            if page.session.app_id == draft.app_id and not page.session.read_only:
                self.show_page(page)
                return page
        page = self._show_session(self.studio.sessions.open(draft))
        if fit:
            # The stored view of a file is that of another screen.
            QTimer.singleShot(0, page, page.canvas.fit)
        if draft.recovered:
            self.show_toast(tr("Edits of the last session were recovered."))
        if not draft.workflow.has_graph:
            page.show_banner(
                tr("This kind of app has no graph. It is kept as it is and can be exported; it cannot run here yet.")
            )
        return page

    def _show_session(self, session: WorkflowSession) -> WorkflowPage:
        page = self.add_page(session)
        self.studio.tasks.run(self.studio.services.workflows.opened, session.app_id)
        self.layout_of.remember_soon()
        return page

    def add_page(self, session: WorkflowSession) -> WorkflowPage:
        """A tab for a session, in front."""
        from editor.windows.page import WorkflowPage

        page = WorkflowPage(session)
        page.runWanted.connect(lambda inputs, query: self.running.start(page, inputs, query))
        page.requestHeard.connect(lambda node_id, inputs: self.running.start_heard(page, node_id, inputs))
        page.runNodeWanted.connect(lambda node_id: self.running.start_node(page, node_id))
        page.answerWanted.connect(lambda node_id: self.running.show_forms(page, node_id))
        page.sayWanted.connect(lambda saying: self.running.say(page, saying))
        page.restartWanted.connect(lambda: self.running.new_conversation(page.session.app_id))
        page.stopWanted.connect(lambda: self.running.stop(page))
        page.rerunWanted.connect(lambda node_id: self.running.rerun(page, node_id))
        page.publishWanted.connect(lambda: self.versioning.publish(page))
        page.openRun.connect(self.running.open_past)
        page.previewVersion.connect(lambda version_id: self.versioning.preview(page, version_id))
        page.restoreVersion.connect(lambda version_id: self.versioning.restore(page, version_id))
        page.exportVersion.connect(lambda version_id: self.versioning.export(page, version_id))
        page.compareVersions.connect(lambda before, after: comparing.compare(self, page, before, after))
        page.backWanted.connect(lambda: self._back_from(page))
        page.fileDropped.connect(lambda path: QTimer.singleShot(0, self, lambda: self.offer_file(Path(path))))
        page.follow(session.nameChanged, lambda _: self._retitle(page))
        page.follow(session.saveStateChanged, lambda _: self.top.refresh())
        page.follow(session.problemsChanged, self.top.refresh)
        page.follow(session.runChanged, self.top.refresh)
        page.follow(session.publication.changed, self.top.refresh)
        page.follow(session.conflict, lambda error: self.versioning.resolve(page, error) if page.is_in_front else None)
        page.follow_document(lambda _: self.top.refresh())
        page.lookChanged.connect(self.layout_of.remember_soon)
        self.pages.addWidget(page)
        self.tab_bar.setTabToolTip(self.tab_bar.addTab(session.name), session.name)
        self.show_page(page)
        QTimer.singleShot(0, page, page.tools.settle)
        return page

    def _retitle(self, page: WorkflowPage) -> None:
        title = page.title or page.session.name
        self.tab_bar.setTabText(self.pages.indexOf(page), title)
        self.tab_bar.setTabToolTip(self.pages.indexOf(page), title)
        self.top.refresh()

    def show_page(self, page: QWidget) -> None:
        """Bring a tab to the front."""
        self.tab_bar.setCurrentIndex(self.pages.indexOf(page))
        self._tab_changed(self.pages.indexOf(page))

    def _tab_changed(self, index: int) -> None:
        if not 0 <= index < self.pages.count():
            return
        self.pages.setCurrentIndex(index)
        page = self.page
        self.top.refresh()
        self._entitle()
        if page is None:
            self.library.refresh()
        else:
            page.canvas.setFocus()
        self.layout_of.remember_soon()

    def _entitle(self) -> None:
        page = self.page
        self.setWindowTitle("Penstock" if page is None else f"{page.title or page.session.name} – Penstock")

    def _back_from(self, page: WorkflowPage) -> None:
        """From a picture of the past back to the draft of the same workflow."""
        app_id = page.session.app_id
        self.close_page(self.pages.indexOf(page))
        if app_id:
            self.open_app(app_id)

    def close_page(self, index: int) -> None:
        """Close a tab; what is not saved is saved."""
        page = self._page_at(index)
        if page is None or not may_close(self, [page]):
            return
        page.close_page()
        self.pages.removeWidget(page)
        self.tab_bar.removeTab(index)
        page.deleteLater()
        self._tab_changed(self.tab_bar.currentIndex())

    def new_app(self, mode: str) -> None:
        """Make an empty workflow or chat flow and open it."""
        name = tr("New chat flow") if mode == "advanced-chat" else tr("New workflow")
        self.studio.tasks.run(
            lambda: self.studio.services.workflows.create(mode, name, to_choose=True),
            done=lambda app_id: self.open_app(app_id, then=lambda page: page.select_beginning()),
            failed=self._failed,
        )

    def open_sample(self, file: str) -> None:
        """Import a sample and open it."""
        services = self.studio.services
        self.studio.tasks.run(
            lambda: services.workflows.import_text(services.templates.read(file), confirm_version=True),
            done=lambda outcome: self.open_app(outcome.app_id),
            failed=self._failed,
        )

    def open_path(self, path: Path, *, confirmed: bool = False) -> None:
        """Open a DSL file."""
        self.studio.tasks.run(
            lambda: self.studio.services.workflows.open_path(path, confirm_version=confirmed),
            done=lambda outcome: self._opened_path(path, outcome),
            failed=lambda error: self.studio.messages.error(tr("{name} cannot be opened", name=path.name), error),
        )

    def _opened_path(self, path: Path, outcome: ImportOutcome) -> None:
        if outcome.status == "pending":
            text = next((told(p.message) for p in outcome.problems if p.code == "version.other"), "")
            title = tr("Another version of the format")
            if self.studio.messages.confirm(title, f"{text} {tr('Open it all the same?')}", tr("Open")):
                self.open_path(path, confirmed=True)
            return
        if outcome.app_id is None:
            lines = [
                f"{p.line}:{p.column}  {told(p.message)}" if p.line else told(p.message)
                for p in outcome.problems
                if p.severity == "error"
            ]
            self.studio.messages.error(
                tr("{name} cannot be opened", name=path.name), "\n".join(lines[:4]), "\n".join(lines)
            )
            return
        self.recent.add(path)
        self.open_app(outcome.app_id)
        if outcome.notices:
            self.show_toast(told_lines(n.message for n in outcome.notices))

    def _failed(self, error: Any) -> None:
        self.studio.messages.error(tr("This did not work"), error)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(u.isLocalFile() for u in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        # Asked once the drop is over: the program that the files come from waits for its end.
        if self.page is None or len(files) > 1:
            QTimer.singleShot(0, self, lambda: self.library.take_files(files))
        elif files:
            QTimer.singleShot(0, self, lambda: self.offer_file(files[0]))

    def offer_file(self, path: Path) -> None:
        """A file was dropped on the window: a snippet is kept, a workflow is offered."""
        if path.suffix.lower() == ".json":

            def told(is_snippet: bool) -> None:
                if is_snippet:
                    self.studio.snippets.import_files([path])
                else:
                    self._offer_workflow(path)

            self.studio.tasks.run(is_snippet_file, path, done=told)
        else:
            self._offer_workflow(path)

    def _offer_workflow(self, path: Path) -> None:
        """A new workflow, or one over that in front, as the person chooses."""
        if path.suffix.lower() not in (".yml", ".yaml", ".json"):
            self.show_toast(tr("{name} is not a workflow file (.yml).", name=path.name))
            return
        page = self.page
        if page is None or page.session.read_only:
            self.open_path(path)
            return
        choice = self.studio.messages.choose(
            tr("Open {name}", name=path.name),
            tr("Importing over “{workflow}” replaces its draft; undo brings it back.", workflow=page.session.name),
            [tr("Open as a new workflow"), tr("Import over “{workflow}”", workflow=page.session.name)],
        )
        if choice == 0:
            self.open_path(path)
        elif choice == 1:
            from editor.windows.importing import import_over

            import_over(self, page, path)

    # -- what several actions share ----------------------------------------------------------------------------------

    def open_file(self) -> None:
        """Ask for a file and open it."""
        names, _ = QFileDialog.getOpenFileNames(self, tr("Open file"), "", tr("Workflows") + " (*.yml *.yaml *.zip)")
        if len(names) == 1 and not names[0].lower().endswith(".zip"):
            self.open_path(Path(names[0]))
        elif names:
            self.show_page(self.library)
            self.library.take_files([Path(name) for name in names])

    def preferences(self, page: str = "") -> None:
        """Open the settings, at a page of them."""
        from editor.dialogs.preferences import PreferencesDialog

        dialog = PreferencesDialog(self.studio, self, page)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # -- following ---------------------------------------------------------------------------------------------------

    def focusNextPrevChild(self, forward: bool) -> bool:
        return step(self, forward=forward) or super().focusNextPrevChild(forward)

    def _theme_changed(self) -> None:
        self.top.refresh()
        for action in COMMANDS:
            if action.icon and action.id in self._actions:
                self._actions[action.id].setIcon(icon(action.icon, "text"))

    def retell(self) -> None:
        """After a change of language: what is put together from words and from what people wrote."""
        self._make_actions()
        for page in self.workflow_pages():
            page.retell()
            self._retitle(page)
        self._entitle()
        self.library.refresh()
        self.top.refresh()

    def _models_changed(self) -> None:
        for page in self.workflow_pages():
            page.session.check()
            page.session.rebuild_form()

    # -- the end -----------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        studio = self.studio
        if not may_close(self, self.workflow_pages()):
            studio.quitting = False
            event.ignore()
            return
        studio.preferences.set("window", [self.width(), self.height()])
        if self in studio.windows:
            # The last window is remembered with its tabs; one of several that is closed is meant to be gone.
            if len(studio.windows) == 1 or studio.quitting:
                self.layout_of.remember()
                studio.windows.remove(self)
            else:
                studio.windows.remove(self)
                self.layout_of.remember()
        self.layout_of.stop()
        self.past.close()
        for page in self.workflow_pages():
            page.close_page()
        event.accept()
        if studio.windows:
            self.deleteLater()

    def another(self, size: object = None) -> MainWindow:
        """One more window on the same workspace."""
        window = MainWindow(self.studio, real_messages=isinstance(self.studio.messages, WindowMessages))
        if isinstance(size, list) and len(size) == 2:
            window.resize(int(size[0]), int(size[1]))
        window.move(self.x() + 32, self.y() + 32)
        window.show()
        window.activateWindow()
        window.library.refresh()
        return window

    def come_forward(self) -> None:
        """Show the window in front of other programs' windows, as far as the system lets it."""
        if self.isMinimized():
            self.showNormal()
        self.raise_()
        self.activateWindow()
