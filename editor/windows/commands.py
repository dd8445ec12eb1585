"""What the actions of the table do to the window itself: open, go, show; the page's own are in `page_commands`."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QWidget

from editor.i18n import language, set_language, tr
from editor.theme import set_theme, theme
from editor.windows.page_commands import PageCommands


class Commands(PageCommands):
    """Every row of the table has its method here or in the base."""

    def on_new_workflow(self) -> None:
        self.window.new_app("workflow")

    def on_new_chat(self) -> None:
        self.window.new_app("advanced-chat")

    def on_generate_new(self) -> None:
        from editor.windows.generating import generate_new

        generate_new(self.window)

    def on_open_file(self) -> None:
        self.window.open_file()

    def on_show_library(self) -> None:
        self.window.show_page(self.window.library)

    def on_close_tab(self) -> None:
        self.window.close_page(self.window.pages.currentIndex())

    def on_preferences(self) -> None:
        self.window.preferences()

    def on_quit(self) -> None:
        studio = self.window.studio
        studio.quitting = True
        self.window.layout_of.remember()
        for window in list(studio.windows):
            window.layout_of.stop()
        for window in list(studio.windows):
            window.close()

    def on_theme(self) -> None:
        name = "light" if theme().is_dark else "dark"
        self.window.studio.preferences.set("theme", name)
        set_theme("light" if name == "light" else "dark")

    def on_language(self) -> None:
        name = "en" if language() == "zh_CN" else "zh_CN"
        self.window.studio.preferences.set("language", name)
        set_language(name)

    def on_about(self) -> None:
        self.window.studio.messages.inform(
            "Penstock", tr("A desktop studio for Dify-compatible workflows. Apache-2.0.")
        )

    def on_show_logs(self) -> None:
        self.window.past.show_logs()

    def on_new_window(self) -> None:
        self.window.another()

    def on_palette(self) -> None:
        from editor.dialogs.goto import GoTo
        from editor.windows.anything import Anything

        GoTo(Anything(self.window), self.window, tr("Go to anything")).popup()

    def on_shortcuts(self) -> None:
        from editor.dialogs.shortcuts import ShortcutSheet

        ShortcutSheet(self.window.studio.keymap, self.window).open()

    def on_next_tab(self) -> None:
        self._turn(1)

    def on_previous_tab(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        tabs = self.window.tab_bar
        tabs.setCurrentIndex((tabs.currentIndex() + by) % tabs.count())

    # -- the parts of a page, by keys --------------------------------------------------------------------------------

    def on_next_part(self) -> None:
        self._to_part(1)

    def on_previous_part(self) -> None:
        self._to_part(-1)

    def _to_part(self, by: int) -> None:
        page = self.window.page
        if page is None:
            self.window.library.search.setFocus()
            return
        parts = [p for p in page.parts() if p.isVisible()]
        focused = QApplication.focusWidget()
        here = next((i for i, part in enumerate(parts) if focused is not None and _within(focused, part)), 0)
        page.enter(parts[(here + by) % len(parts)])

    def on_escape(self) -> None:
        """From the inside out: a gesture, a text field, the hidden chrome, the drawer, the selection, the panel."""
        page = self.window.page
        if page is None or page.canvas.cancel_gesture():
            return
        focused = QApplication.focusWidget()
        if page.find_bar.isVisible():
            page.find_bar.close_bar()
        elif focused is not None and not _within(focused, page.canvas):
            page.canvas.setFocus()
        elif not page.chrome:
            self.on_maximize()
        elif page.drawer.isVisible() and not page.session.is_running:
            page.hide_drawer()
        elif page.canvas.selected_nodes() or page.canvas.selected_edge():
            page.canvas.select([])
        elif page.left.isVisible():
            page.show_panel("")


def _within(widget: QWidget, part: QWidget) -> bool:
    return widget is part or part.isAncestorOf(widget)
