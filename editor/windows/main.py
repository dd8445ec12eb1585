"""The main window: tabs of workflows, the library, the top bar, menus. It wires parts together and holds no
behaviour of its own; what one open workflow does is in `page.py`, the rest in `running.py` and `versioning.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QStackedWidget,
    QTabBar,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from editor.actions import ACTIONS, BY_ID, MENUS
from editor.i18n import language_signal, tr
from editor.icons import icon
from editor.messages import WindowMessages
from editor.session import WorkflowSession
from editor.theme import set_theme, theme, theme_signal
from editor.windows.library import Library
from editor.windows.page import WorkflowPage
from editor.windows.past import Past
from editor.windows.running import Running
from editor.windows.topbar import TopBar
from editor.windows.versioning import Versioning
from engine.model.edits import SetApp

if TYPE_CHECKING:
    from editor.context import Studio
    from engine.services.workflows import ImportOutcome, LoadedDraft

TOAST_MS = 4000
# What the window manager adds above the window; only known once it is shown, too late to choose the size.
TITLE_BAR = 32


class MainWindow(QMainWindow):
    """One window with any number of workflows in tabs; the first tab is the library."""

    def __init__(self, studio: Studio, *, real_messages: bool = True) -> None:
        super().__init__()
        self.studio = studio
        if real_messages:
            studio.messages = WindowMessages(self)
        self.setWindowTitle("Penstock")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        width, height = studio.preferences.get("window")
        room = self.screen().availableGeometry()
        self.resize(min(int(width), room.width()), min(int(height), room.height() - TITLE_BAR))
        self.running = Running(self)
        self.past = Past(self)
        self.versioning = Versioning(self)
        self._actions: dict[str, QAction] = {}
        self._toast = self._make_toast()
        self._make_body()
        self._make_actions()
        self.top.refresh()
        theme_signal().changed.connect(self._theme_changed)
        language_signal().changed.connect(self._language_changed)
        studio.modelsChanged.connect(self._models_changed)
        studio.tools.changed.connect(self._models_changed)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _make_body(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.tab_bar = QTabBar()
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
        self.library.settingsWanted.connect(self.preferences)
        self.pages.addWidget(self.library)
        self.tab_bar.addTab(icon("library", "muted"), tr("Library"))
        self.tab_bar.setTabButton(0, QTabBar.ButtonPosition.RightSide, None)
        self.tab_bar.currentChanged.connect(self._tab_changed)

    def rename_tab(self, index: int) -> None:
        """Edit the name of a workflow on its tab."""
        page = self.pages.widget(index)
        if not isinstance(page, WorkflowPage) or page.session.read_only:
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

    def on_rename_workflow(self) -> None:
        self.rename_tab(self.tab_bar.currentIndex())

    def _make_toast(self) -> QLabel:
        toast = QLabel(self)
        toast.setProperty("kind", "toast")
        toast.setWordWrap(True)
        toast.hide()
        self._toast_timer = QTimer(self)
        self._toast_timer.setSingleShot(True)
        self._toast_timer.setInterval(TOAST_MS)
        self._toast_timer.timeout.connect(toast.hide)
        return toast

    def show_toast(self, text: str) -> None:
        """Say something that passes by itself."""
        toast = self._toast
        toast.setText(text)
        toast.setStyleSheet(
            f"background: {theme().hex('tooltip')}; color: {theme().hex('tooltip_text')}; "
            "border-radius: 8px; padding: 10px 16px;"
        )
        toast.setMaximumWidth(min(560, self.width() - 80))
        toast.adjustSize()
        toast.move((self.width() - toast.width()) // 2, self.height() - toast.height() - 72)
        toast.raise_()
        toast.show()
        self._toast_timer.start()

    def _make_actions(self) -> None:
        bar = self.top.menus
        bar.setNativeMenuBar(True)
        bar.clear()
        menus = {name: bar.addMenu(tr(name)) for name in MENUS}
        for row in ACTIONS:
            action = self._actions.get(row.id)
            if action is None:
                action = QAction(self)
                action.setShortcuts([QKeySequence(k) for k in row.keys if not _plain_key(k)])
                action.triggered.connect(lambda _=False, name=row.id: self.do(name))
                self.addAction(action)
                self._actions[row.id] = action
            action.setText(tr(row.text))
            if row.icon:
                action.setIcon(icon(row.icon, "text"))
            if row.menu:
                menus[row.menu].addAction(action)
        for menu in menus.values():
            menu.aboutToShow.connect(self.enable_actions)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plain keys (V, H, F, Del ...) arrive here when the widget with the focus, a text field say, has no use for
        them."""
        name = self._plain_action(event)
        if name:
            self.do(name)
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _plain_action(event: Any) -> str:
        keys = QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText)
        for row in ACTIONS:
            if keys in row.keys and _plain_key(keys):
                return row.id
        return ""

    # -- doing -------------------------------------------------------------------------------------------------------

    def can(self, name: str) -> bool:
        """Whether an action makes sense now."""
        when = BY_ID[name].when
        page = self.page
        if when == "open":
            return page is not None
        if when == "editable":
            return page is not None and not page.session.read_only
        if when == "running":
            return page is not None and page.session.is_running
        return True

    def enable_actions(self) -> None:
        """Grey out what makes no sense now."""
        for name, action in self._actions.items():
            action.setEnabled(self.can(name))
        for action in self._actions.values():
            if not action.isEnabled():
                QTimer.singleShot(0, self, lambda action=action: action.setEnabled(True))

    def do(self, name: str) -> None:
        """Carry out an action of the table."""
        if not self.can(name):
            return
        row = BY_ID[name]
        focused = QApplication.focusWidget()
        if not row.in_text and focused is not None and _is_text(focused) and focused.window() is self:
            _text_action(focused, name)
            return
        getattr(self, f"on_{name}")()

    @property
    def page(self) -> WorkflowPage | None:
        """The open workflow in front, or None for the library."""
        widget = self.pages.currentWidget()
        return widget if isinstance(widget, WorkflowPage) else None

    def workflow_pages(self) -> list[WorkflowPage]:
        """All open workflows, in the order of the tabs."""
        widgets = [self.pages.widget(i) for i in range(self.pages.count())]
        return [w for w in widgets if isinstance(w, WorkflowPage)]

    def _page(self) -> WorkflowPage:
        page = self.page
        assert page is not None
        return page

    # -- opening -----------------------------------------------------------------------------------------------------

    def open_app(self, app_id: str, *, then: Callable[[WorkflowPage], None] | None = None) -> None:
        """Open a workflow of the workspace, or bring its tab to the front; then do something with its page."""
        for page in self.workflow_pages():
            if page.session.app_id == app_id and not page.session.read_only:
                self._show(page)
                if then is not None:
                    then(page)
                return
        workflows = self.studio.services.workflows
        self.studio.tasks.run(
            lambda: (workflows.load(app_id), workflows.get(app_id).opened_at is None),
            done=lambda found: self._draft_loaded(found[0], found[1], then),
            failed=lambda error: self.studio.messages.error(tr("This workflow cannot be opened"), error),
        )

    def _draft_loaded(self, draft: LoadedDraft, first: bool, then: Callable[[WorkflowPage], None] | None) -> None:
        self._open_draft(draft, first)
        if then is not None and self.page is not None and self.page.session.app_id == draft.app_id:
            then(self.page)

    def _open_draft(self, draft: LoadedDraft, first: bool) -> None:
        for page in self.workflow_pages():
            if page.session.app_id == draft.app_id and not page.session.read_only:
                self._show(page)
                return
        session = WorkflowSession(
            self.studio, draft.workflow, app_id=draft.app_id, revision=draft.revision, parent=self
        )
        if not draft.workflow.has_graph:
            session.read_only = True
        page = self.add_page(session)
        if first:
            # The stored view of a file is that of another screen.
            QTimer.singleShot(0, page, page.canvas.fit)
        self.studio.tasks.run(self.studio.services.workflows.opened, draft.app_id)
        if draft.recovered:
            self.show_toast(tr("Edits of the last session were recovered."))
        if not draft.workflow.has_graph:
            self._page().show_banner(
                tr("This kind of app has no graph. It is kept as it is and can be exported; it cannot run here yet.")
            )
        self._remember_open()

    def add_page(self, session: WorkflowSession) -> WorkflowPage:
        """A tab for a session, in front."""
        page = WorkflowPage(session)
        page.runWanted.connect(lambda inputs, query: self.running.start(page, inputs, query))
        page.requestHeard.connect(lambda node_id, inputs: self.running.start_heard(page, node_id, inputs))
        page.runNodeWanted.connect(lambda node_id: self.running.start_node(page, node_id))
        page.sayWanted.connect(lambda saying: self.running.say(page, saying))
        page.restartWanted.connect(lambda: self.running.new_conversation(page.session.app_id))
        page.stopWanted.connect(lambda: self.running.stop(page))
        page.rerunWanted.connect(lambda node_id: self.running.rerun(page, node_id))
        page.publishWanted.connect(lambda: self.versioning.publish(page))
        page.openRun.connect(self.running.open_past)
        page.previewVersion.connect(lambda version_id: self.versioning.preview(page, version_id))
        page.restoreVersion.connect(lambda version_id: self.versioning.restore(page, version_id))
        page.exportVersion.connect(lambda version_id: self.versioning.export(page, version_id))
        page.backWanted.connect(lambda: self._back_from(page))
        page.fileDropped.connect(lambda path: self.open_path(Path(path)))
        session.nameChanged.connect(lambda _: self._retitle(page))
        session.saveStateChanged.connect(lambda _: self.top.refresh())
        session.problemsChanged.connect(self.top.refresh)
        session.runChanged.connect(self.top.refresh)
        session.conflict.connect(lambda error: self.versioning.resolve(page, error))
        session.document.subscribe(lambda _: self.top.refresh())
        self.pages.addWidget(page)
        self.tab_bar.addTab(session.name)
        self._show(page)
        QTimer.singleShot(0, page, page._float)  # noqa: SLF001 - the page places its tools once it has a size
        return page

    def _retitle(self, page: WorkflowPage) -> None:
        self.tab_bar.setTabText(self.pages.indexOf(page), page.session.name)
        self.top.refresh()

    def _show(self, page: QWidget) -> None:
        self.tab_bar.setCurrentIndex(self.pages.indexOf(page))
        self._tab_changed(self.pages.indexOf(page))

    def _tab_changed(self, index: int) -> None:
        if not 0 <= index < self.pages.count():
            return
        self.pages.setCurrentIndex(index)
        page = self.page
        self.top.refresh()
        if page is None:
            self.library.refresh()
            self.setWindowTitle("Penstock")
        else:
            self.setWindowTitle(f"{page.session.name} – Penstock")
            page.canvas.setFocus()

    def _back_from(self, page: WorkflowPage) -> None:
        """From a picture of the past back to the draft of the same workflow."""
        app_id = page.session.app_id
        self.close_page(self.pages.indexOf(page))
        if app_id:
            self.open_app(app_id)

    def close_page(self, index: int) -> None:
        """Close a tab; what is not saved is saved."""
        page = self.pages.widget(index)
        if not isinstance(page, WorkflowPage):
            return
        page.close_page()
        self.pages.removeWidget(page)
        self.tab_bar.removeTab(index)
        page.deleteLater()
        self._tab_changed(self.tab_bar.currentIndex())
        self._remember_open()

    def _remember_open(self) -> None:
        ids = [p.session.app_id for p in self.workflow_pages() if not p.session.read_only and p.session.app_id]
        self.studio.preferences.set("open_apps", ids)

    def new_app(self, mode: str) -> None:
        """Make an empty workflow or chat flow and open it."""
        name = tr("New chat flow") if mode == "advanced-chat" else tr("New workflow")
        self.studio.tasks.run(
            self.studio.services.workflows.create, mode, name, done=self.open_app, failed=self._failed
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
            text = next((p.message for p in outcome.problems if p.code == "version.other"), "")
            title = tr("Another version of the format")
            if self.studio.messages.confirm(title, f"{text} {tr('Open it all the same?')}", tr("Open")):
                self.open_path(path, confirmed=True)
            return
        if outcome.app_id is None:
            lines = [
                f"{p.line}:{p.column}  {p.message}" if p.line else p.message
                for p in outcome.problems
                if p.severity == "error"
            ]
            self.studio.messages.error(
                tr("{name} cannot be opened", name=path.name), "\n".join(lines[:4]), "\n".join(lines)
            )
            return
        self.open_app(outcome.app_id)
        notes = [n.message for n in outcome.notices]
        if notes:
            more = f" (+{len(notes) - 1})" if len(notes) > 1 else ""
            self.show_toast(f"{notes[0]}{more}")

    def _failed(self, error: Any) -> None:
        self.studio.messages.error(tr("This did not work"), error)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(u.isLocalFile() for u in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            if url.isLocalFile() and url.toLocalFile().lower().endswith((".yml", ".yaml", ".json")):
                self.open_path(Path(url.toLocalFile()))

    # -- actions -----------------------------------------------------------------------------------------------------

    def on_new_workflow(self) -> None:
        self.new_app("workflow")

    def on_new_chat(self) -> None:
        self.new_app("advanced-chat")

    def open_file(self) -> None:
        """Ask for a file and open it."""
        names, _ = QFileDialog.getOpenFileNames(self, tr("Open file"), "", tr("Workflows") + " (*.yml *.yaml)")
        for name in names:
            self.open_path(Path(name))

    def on_open_file(self) -> None:
        self.open_file()

    def on_import_over(self) -> None:
        from editor.windows.importing import ask_for_file

        ask_for_file(self, self._page())

    def on_save(self) -> None:
        from engine.errors import PenstockError

        try:
            self._page().session.save_now()
        except PenstockError as error:
            self.studio.messages.error(tr("Not saved"), error)
        else:
            self.show_toast(tr("Saved"))

    def on_export(self) -> None:
        self.versioning.export(self._page(), "")

    def on_export_image(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Export as image"), f"{self._page().session.name}.png", "PNG (*.png)"
        )
        if name:
            self._page().canvas.render_image(2.0).save(name)
            self.show_toast(tr("Written to {file}", file=name))

    def on_show_library(self) -> None:
        self._show(self.library)

    def on_close_tab(self) -> None:
        self.close_page(self.pages.currentIndex())

    def preferences(self) -> None:
        """Open the settings."""
        from editor.dialogs.preferences import PreferencesDialog

        dialog = PreferencesDialog(self.studio, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def on_preferences(self) -> None:
        self.preferences()

    def on_quit(self) -> None:
        self.close()

    def on_undo(self) -> None:
        self._page().session.undo()

    def on_redo(self) -> None:
        self._page().session.redo()

    def on_cut(self) -> None:
        self._page().canvas.cut()

    def on_copy(self) -> None:
        self._page().canvas.copy()

    def on_paste(self) -> None:
        self._page().canvas.paste()

    def on_duplicate(self) -> None:
        self._page().canvas.duplicate()

    def on_delete(self) -> None:
        self._page().canvas.delete_selection()

    def on_select_all(self) -> None:
        self._page().canvas.select_all()

    def on_rename(self) -> None:
        page = self._page()
        if page.session.selected:
            page.inspector.show()
            page.inspector.title.setFocus()
            page.inspector.title.selectAll()

    def on_find(self) -> None:
        self._go_to(tr("Find a node"), commands=False)

    def on_palette(self) -> None:
        self._go_to(tr("Go to anything"), commands=True)

    def _go_to(self, placeholder: str, *, commands: bool) -> None:
        from editor.dialogs.goto import GoTo
        from editor.windows.anything import entries

        GoTo(entries(self, commands=commands), self, placeholder).popup()

    def on_pointer_mode(self) -> None:
        self._page().canvas.set_mode("pointer")

    def on_hand_mode(self) -> None:
        self._page().canvas.set_mode("hand")

    def on_zoom_in(self) -> None:
        self._page().canvas.zoom_in()

    def on_zoom_out(self) -> None:
        self._page().canvas.zoom_out()

    def on_zoom_fit(self) -> None:
        self._page().canvas.fit()

    def on_zoom_100(self) -> None:
        self._page().canvas.zoom_to(1.0)

    def on_zoom_50(self) -> None:
        self._page().canvas.zoom_to(0.5)

    def on_organize(self) -> None:
        self._page().canvas.organize()

    def on_maximize(self) -> None:
        page = self._page()
        shown = not page.chrome
        page.set_chrome(shown)
        self.top.setVisible(shown)

    def on_show_blocks(self) -> None:
        self._page().show_panel("palette")

    def on_show_variables(self) -> None:
        self._page().show_panel("variables")

    def on_show_problems(self) -> None:
        self._page().show_panel("problems")

    def on_show_history(self) -> None:
        self._page().show_panel("history")

    def on_show_versions(self) -> None:
        self._page().show_panel("versions")

    def on_batch(self) -> None:
        self.past.show_batch(self._page())

    def on_show_logs(self) -> None:
        self.past.show_logs()

    def on_show_trace(self) -> None:
        self._page().show_drawer("trace")

    def on_theme(self) -> None:
        name = "light" if theme().is_dark else "dark"
        self.studio.preferences.set("theme", name)
        set_theme("light" if name == "light" else "dark")

    def on_run(self) -> None:
        self.running.run(self._page())

    def on_run_node(self) -> None:
        page = self._page()
        if page.session.selected:
            self.running.start_node(page, page.session.selected)

    def on_stop(self) -> None:
        self.running.stop(self._page())

    def on_breakpoint(self) -> None:
        page = self._page()
        for node_id in page.canvas.selected_nodes():
            page.session.toggle_breakpoint(node_id)

    def on_step_over(self) -> None:
        run = self._page().session.run
        if run is not None:
            run.send("step")

    def on_continue_run(self) -> None:
        run = self._page().session.run
        if run is not None:
            run.send("continue")

    def on_publish(self) -> None:
        self.versioning.publish(self._page())

    def on_shortcuts(self) -> None:
        from editor.dialogs.goto import ShortcutSheet

        ShortcutSheet(self).open()

    def on_about(self) -> None:
        self.studio.messages.error("Penstock", tr("A desktop studio for Dify-compatible workflows. Apache-2.0."))

    def on_next_tab(self) -> None:
        self.tab_bar.setCurrentIndex((self.tab_bar.currentIndex() + 1) % self.tab_bar.count())

    def on_previous_tab(self) -> None:
        self.tab_bar.setCurrentIndex((self.tab_bar.currentIndex() - 1) % self.tab_bar.count())

    def on_escape(self) -> None:
        """From the inside out: a gesture, the hidden chrome, the drawer, the selection, the inspector, the panel."""
        page = self.page
        if page is None or page.canvas.cancel_gesture():
            return
        if not page.chrome:
            self.on_maximize()
        elif page.drawer.isVisible() and not page.session.is_running:
            page.hide_drawer()
        elif page.canvas.selected_nodes() or page.canvas.selected_edge():
            page.canvas.select([])
        elif page.left.isVisible():
            page.show_panel("")

    # -- following ---------------------------------------------------------------------------------------------------

    def _theme_changed(self) -> None:
        self.top.refresh()
        for action in ACTIONS:
            if action.icon and action.id in self._actions:
                self._actions[action.id].setIcon(icon(action.icon, "text"))

    def _language_changed(self) -> None:
        """Say everything anew: open pages are built again over the same sessions."""
        self._make_actions()
        self.show_toast(tr("The language was changed; panels that are open change when they are opened again."))
        for page in self.workflow_pages():
            page.inspector.rebuild()
        self.top.refresh()

    def _models_changed(self) -> None:
        for page in self.workflow_pages():
            page.session.check()
            page.session.rebuild_form()

    # -- the end -----------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        self.studio.preferences.set("window", [self.width(), self.height()])
        self._remember_open()
        self.past.close()
        for page in self.workflow_pages():
            page.close_page()
        event.accept()


def _plain_key(keys: str) -> bool:
    """A key without Ctrl or Alt that is no function key."""
    return not keys.startswith(("Ctrl", "Alt")) and not (keys.replace("Shift+", "")[:1] == "F" and keys[-1].isdigit())


def _is_text(widget: QWidget) -> bool:
    if isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        return not getattr(widget, "isReadOnly", lambda: False)()
    return isinstance(widget, QComboBox) and widget.isEditable()


def _text_action(widget: QWidget, name: str) -> None:
    """What an edit action means inside a text field."""
    method = {"select_all": "selectAll"}.get(name, name)
    if name in ("undo", "redo", "cut", "copy", "paste", "select_all"):
        getattr(widget, method)()
