"""What the actions of the table do to the workflow in front: edit, arrange, look, run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from editor.i18n import tr
from editor.keymap import native
from editor.windows import choosers
from engine.errors import PenstockError

if TYPE_CHECKING:
    from editor.windows.main import MainWindow
    from editor.windows.page import WorkflowPage


class PageCommands(QObject):
    """One method for each row of the table that needs an open workflow, `on_` and its id."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window

    @property
    def page(self) -> WorkflowPage:
        """The workflow in front; the table's conditions see to it that there is one."""
        page = self.window.page
        assert page is not None
        return page

    def on_import_over(self) -> None:
        from editor.windows.importing import ask_for_file

        ask_for_file(self.window, self.page)

    def on_generate_here(self) -> None:
        from editor.windows.generating import generate_here

        generate_here(self.window, self.page)

    def on_show_backups(self) -> None:
        from editor.dialogs.backups import show_backups

        show_backups(self.window, self.page)

    def on_save(self) -> None:
        if not self.page.inspector.finish():
            self.window.show_toast(tr("Not saved: a field is still open."))
            return
        try:
            self.page.session.save_now()
        except PenstockError as error:
            self.window.studio.messages.error(tr("Not saved"), error)
        else:
            self.window.show_toast(tr("Saved"))

    def on_rename_workflow(self) -> None:
        self.window.rename_tab(self.window.tab_bar.currentIndex())

    def on_export(self) -> None:
        self.window.versioning.export(self.page, "")

    def on_export_image(self) -> None:
        from editor.windows.imaging import export_image

        export_image(self.window, self.page)

    def on_undo(self) -> None:
        self.page.session.undo()

    def on_redo(self) -> None:
        self.page.session.redo()

    def on_cut(self) -> None:
        self.page.canvas.cut()

    def on_copy(self) -> None:
        self.page.canvas.copy()

    def on_paste(self) -> None:
        self.page.canvas.paste()

    def on_duplicate(self) -> None:
        self.page.canvas.duplicate()

    def on_delete(self) -> None:
        self.page.canvas.delete_selection()

    def on_dissolve(self) -> None:
        canvas = self.page.canvas
        canvas.edits.dissolve(canvas.selected_nodes())

    def on_select_after(self) -> None:
        self.page.canvas.edits.select_course(forward=True)

    def on_select_before(self) -> None:
        self.page.canvas.edits.select_course(forward=False)

    def on_select_all(self) -> None:
        self.page.canvas.select_all()

    def on_pointer_mode(self) -> None:
        self.page.canvas.set_mode("pointer")

    def on_hand_mode(self) -> None:
        self.page.canvas.set_mode("hand")

    def on_zoom_in(self) -> None:
        self.page.canvas.zoom_in()

    def on_zoom_out(self) -> None:
        self.page.canvas.zoom_out()

    def on_zoom_fit(self) -> None:
        self.page.canvas.fit()

    def on_zoom_100(self) -> None:
        self.page.canvas.zoom_to(1.0)

    def on_zoom_50(self) -> None:
        self.page.canvas.zoom_to(0.5)

    def on_about_block(self) -> None:
        self.page.helping.by_key()

    def on_organize(self) -> None:
        self.page.canvas.organize()

    def on_show_blocks(self) -> None:
        self.page.show_panel("palette")

    def on_show_snippets(self) -> None:
        self.page.snippets.show()

    def on_save_snippet(self) -> None:
        self.page.snippets.save_selection()

    def on_show_variables(self) -> None:
        self.page.show_panel("variables")

    def on_show_problems(self) -> None:
        self.page.show_panel("problems")

    def on_show_history(self) -> None:
        self.page.show_panel("history")

    def on_show_versions(self) -> None:
        self.page.show_panel("versions")

    def on_show_values(self) -> None:
        self.page.show_drawer("values")

    def on_show_trace(self) -> None:
        self.page.show_drawer("trace")

    def on_run(self) -> None:
        self.window.running.run(self.page)

    def on_run_node(self) -> None:
        page = self.page
        chosen = page.canvas.selected_nodes()
        if len(chosen) == 1:
            self.window.running.start_node(page, chosen[0])

    def on_run_items(self) -> None:
        page = self.page
        chosen = page.canvas.selected_nodes()
        self.window.running.choose_items(page, chosen[0] if len(chosen) == 1 else "")

    def on_stop(self) -> None:
        self.window.running.stop(self.page)

    def on_breakpoint(self) -> None:
        page = self.page
        nodes = page.session.document.graph.nodes
        for node_id in page.canvas.selected_nodes():
            if not nodes[node_id].is_note:
                page.session.toggle_breakpoint(node_id)

    def on_edit_breakpoint(self) -> None:
        from editor.dialogs.breakpoint import edit_breakpoint

        self._with_step(lambda node_id: edit_breakpoint(self.page, node_id))

    def on_show_breakpoints(self) -> None:
        self.page.show_panel("breakpoints")

    def on_run_from(self) -> None:
        self._with_step(self._run_from)

    def _run_from(self, node_id: str) -> None:
        state = self.page.session.whole_state
        if state is None or not state.run_id or not state.is_over:
            self.window.show_toast(tr("Run the workflow first: a run from here takes over what an earlier one gave."))
        else:
            self.window.running.rerun(self.page, node_id)

    def on_run_rest(self) -> None:
        state = self.page.session.whole_state
        if state is None or state.status not in ("failed", "stopped"):
            self.window.show_toast(tr("There is no run that failed or was stopped."))
        else:
            self.window.running.rerun(self.page)

    def on_follow_run(self) -> None:
        self.page.tools.toggle_following()

    def on_round_back(self) -> None:
        self.page.canvas.runs.step_round(self.page.debug.container_in_front(), -1)

    def on_round_on(self) -> None:
        self.page.canvas.runs.step_round(self.page.debug.container_in_front(), 1)

    def on_failed_round(self) -> None:
        page = self.page
        if not page.canvas.runs.failed_round(page.debug.container_in_front()):
            self.window.show_toast(tr("No round has failed."))

    def on_pick_round(self) -> None:
        container = self.page.debug.container_in_front()
        if container:
            self.page.debug.pick_round(container)
        else:
            self.window.show_toast(tr("Select a container that has run, or a step in it."))

    def on_moment_back(self) -> None:
        self._moment(-1)

    def on_moment_on(self) -> None:
        self._moment(1)

    def _moment(self, by: int) -> None:
        if self.page.drawer.isHidden():
            self.page.show_drawer("trace")
        self.page.trace.scrubber.step(by)

    def on_pin(self) -> None:
        self._with_step(self.page.debug.toggle_pin)

    def on_edit_pin(self) -> None:
        self._with_step(self.page.debug.edit_pin)

    def on_unpin_all(self) -> None:
        self.page.debug.pinned.unpin_all()

    def _with_step(self, act: Callable[[str], object]) -> None:
        """Do something with the selected node if it is a step."""
        (node_id,) = self.page.canvas.selected_nodes()
        if not self.page.session.document.graph.nodes[node_id].is_note:
            act(node_id)

    def on_run_to_node(self) -> None:
        self._with_step(lambda node_id: self.window.running.run_to(self.page, node_id))

    def on_step_over(self) -> None:
        self.page.session.debugging.step("over")

    def on_step_into(self) -> None:
        self.page.session.debugging.step("into")

    def on_step_out(self) -> None:
        self.page.session.debugging.step("out")

    def on_continue_run(self) -> None:
        self.page.session.debugging.go_on()

    def on_hold_next(self) -> None:
        self.page.session.debugging.hold_next()

    def on_try_again(self) -> None:
        self.page.session.debugging.try_again()

    def on_publish(self) -> None:
        self.window.versioning.publish(self.page)

    def on_rename(self) -> None:
        page = self.page
        (node_id,) = page.canvas.selected_nodes()
        if page.session.document.graph.nodes[node_id].is_note:
            page.canvas.edit_note(node_id)
            return
        page.inspector.show()
        page.inspector.title.setFocus()
        page.inspector.title.selectAll()

    def on_find(self) -> None:
        self.page.find_bar.open()

    def on_zoom_selection(self) -> None:
        chosen = self.page.canvas.selected_nodes()
        self.page.canvas.fit(chosen or None)

    def on_minimap(self) -> None:
        self.page.tools.toggle_map()

    def on_comment_mode(self) -> None:
        self.page.canvas.set_mode("comment")

    def on_show_changes(self) -> None:
        self.page.show_panel("changes")

    def on_next_problem(self) -> None:
        self.page.next_problem()

    def on_maximize(self) -> None:
        page = self.page
        shown = not page.chrome
        page.set_chrome(shown)
        self.window.top.setVisible(shown)
        if not shown:
            # One key did it, perhaps unmeant, and the menus that name it are gone.
            keys = [native(k) for k in self.window.studio.keymap.keys("maximize")]
            self.window.show_toast(tr("{keys} brings menus and panels back.", keys=" / ".join([*keys, "Esc"])))

    # -- the graph ---------------------------------------------------------------------------------------------------

    def on_add_block(self) -> None:
        self.page.adding.by_key()

    def on_connect_to(self) -> None:
        choosers.connect_to(self.page)

    def on_change_type(self) -> None:
        choosers.change_type(self.page)

    def on_move_in(self) -> None:
        choosers.move_in(self.page)

    def on_move_out(self) -> None:
        canvas = self.page.canvas
        canvas.edits.change_room(canvas.selected_nodes(), None)

    def on_disconnect(self) -> None:
        canvas = self.page.canvas
        canvas.edits.disconnect(canvas.selected_nodes())

    def on_toggle_disabled(self) -> None:
        canvas = self.page.canvas
        canvas.edits.toggle_disabled(canvas.selected_nodes())

    def on_align_left(self) -> None:
        self.page.canvas.align("left")

    def on_align_center(self) -> None:
        self.page.canvas.align("center")

    def on_align_right(self) -> None:
        self.page.canvas.align("right")

    def on_align_top(self) -> None:
        self.page.canvas.align("top")

    def on_align_middle(self) -> None:
        self.page.canvas.align("middle")

    def on_align_bottom(self) -> None:
        self.page.canvas.align("bottom")

    def on_space_horizontal(self) -> None:
        self.page.canvas.distribute("horizontal")

    def on_space_vertical(self) -> None:
        self.page.canvas.distribute("vertical")

    def on_batch(self) -> None:
        self.window.past.show_batch(self.page)
