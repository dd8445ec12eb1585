"""What a page does with snippets: makes one of the selection, changes, deletes, exports and imports them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from editor.canvas.blocks import snippet_block
from editor.i18n import tr
from engine.services.snippets import SUFFIX, file_name

if TYPE_CHECKING:
    from editor.canvas.commands import BlockRequest
    from editor.canvas.inserting import Piece
    from editor.panels.palette import BlockSelector, Palette
    from editor.panels.snippet_list import Misfit
    from editor.windows.page import WorkflowPage
    from engine.services.snippets import Snippet


class SnippetDesk(QObject):
    """Belongs to one page; the snippets belong to the workspace."""

    def __init__(self, page: WorkflowPage) -> None:
        super().__init__(page)
        self._page = page
        self._studio = page.session.studio
        page.canvas.rules.piece = self.piece

    # -- what the canvas asks ----------------------------------------------------------------------------------------

    def piece(self, block: str) -> Piece | None:
        """A snippet for the workflow of this page."""
        return self._studio.snippets.piece(block, self._page.session.document.workflow.mode)

    def misfit(self, request: BlockRequest) -> Misfit:
        """Says of a snippet why it cannot be put where a request asks for it; asked for each as long as a popup is
        open, in which the workflow does not change."""
        known: dict[tuple[str, str], str] = {}

        def why(snippet: Snippet) -> str:
            key = (snippet.id, snippet.updated_at)
            if key not in known:
                piece = self.piece(snippet_block(snippet.id))
                known[key] = self._page.canvas.edits.piece_misfit(request, piece) if piece is not None else ""
            return known[key]

        return why

    def place(self, request: BlockRequest, block: str) -> None:
        """Put a chosen snippet where a request asks for it."""
        piece = self.piece(block)
        if piece is None:
            self._page.canvas.say(tr("This snippet is damaged or was deleted; it cannot be inserted."))
        else:
            self._page.canvas.edits.place_piece(request, piece)

    # -- making one --------------------------------------------------------------------------------------------------

    def save_selection(self) -> None:
        """Ask for a name, then keep the selected nodes."""
        from editor.dialogs.snippet import SnippetDialog
        from engine.model.clipboard_read import read_clipboard

        page, studio = self._page, self._studio
        canvas = page.canvas
        chosen = canvas.selected_nodes()
        if not chosen:
            studio.messages.tell(tr("Select the blocks first that the snippet shall hold."))
            return
        text = canvas.rules.clipboard_text(chosen)
        if not text:
            studio.messages.tell(tr("A snippet cannot hold these blocks: a workflow has only one of each."))
            return
        graph = read_clipboard(text, page.session.document.workflow.mode).graph
        left_out = sum(n not in graph.nodes for n in chosen if not canvas.graph.nodes[n].is_container_start)
        dialog = SnippetDialog(studio, graph, page.window(), left_out=left_out)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def save() -> None:
            before = studio.snippets.named(dialog.words[0]) if dialog.replacing else None
            then = partial(saved, before)
            studio.snippets.save(dialog.words, text, replacing=dialog.replacing, then=then, failed=dialog.stay)

        def saved(before: Snippet | None, snippet: Snippet) -> None:
            dialog.leave()
            if before is None:
                self._saved(snippet)
            else:
                studio.snippets.offer_undo(tr("Replaced the snippet “{name}”", name=snippet.name), before)

        dialog.saveWanted.connect(save)
        dialog.open()

    def _saved(self, snippet: Snippet) -> None:
        self._studio.messages.tell(
            tr("Saved the snippet “{name}”", name=snippet.name), tr("Show"), lambda: self.show(snippet.id)
        )

    def show(self, snippet_id: str = "") -> None:
        """The snippets in the panel of blocks, at one of them."""
        palette: Any = self._page.panels["palette"]
        self._page.show_panel("palette")
        palette.show_snippets()
        palette.parts.snippets.select(snippet_id)
        palette.parts.snippets.setFocus()

    # -- one that is there -------------------------------------------------------------------------------------------

    def serve(self, offered: Palette | BlockSelector) -> None:
        """Carry out what the rows of a list ask for."""
        rows = offered.parts.snippets
        rows.editWanted.connect(lambda snippet_id: self.edit(snippet_id, offered))
        rows.exportWanted.connect(lambda snippet_id: self.export(snippet_id, offered))
        rows.deleteWanted.connect(self.delete)

    def edit(self, snippet_id: str, offered: Palette | BlockSelector | None = None) -> None:
        """Ask for another name and description."""
        from editor.dialogs.snippet import SnippetDialog

        studio = self._studio
        snippet = studio.snippets.find(snippet_id)
        if snippet is None:
            return
        self._close(offered)
        dialog = SnippetDialog(studio, studio.snippets.graph(snippet), self._page.window(), snippet)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def changed(after: Snippet) -> None:
            dialog.leave()
            if (after.name, after.description) != (snippet.name, snippet.description):
                studio.snippets.offer_undo(tr("Changed the snippet “{name}”", name=after.name), snippet)

        dialog.saveWanted.connect(lambda: studio.snippets.change(snippet_id, dialog.words, changed, dialog.stay))
        dialog.open()

    def delete(self, snippet_id: str) -> None:
        """Forget one; a line says how to have it back."""
        snippet = self._studio.snippets.find(snippet_id)
        if snippet is not None:
            self._studio.snippets.delete(snippet)

    def export(self, snippet_id: str, offered: Palette | BlockSelector | None = None) -> None:
        """Ask for a file and write one into it."""
        snippet = self._studio.snippets.find(snippet_id)
        if snippet is None:
            return
        self._close(offered)
        kinds = tr("Snippets") + f" (*{SUFFIX})"
        name, _ = QFileDialog.getSaveFileName(self._page.window(), tr("Export"), file_name(snippet.name), kinds)
        if name:
            self._studio.snippets.export(snippet, Path(name if name.lower().endswith(".json") else name + SUFFIX))

    def import_files(self) -> None:
        """Ask for files and keep what they hold."""
        kinds = tr("Snippets") + " (*.json)"
        names, _ = QFileDialog.getOpenFileNames(self._page.window(), tr("Import snippets"), "", kinds)
        if names:
            self._studio.snippets.import_files([Path(name) for name in names])

    @staticmethod
    def _close(offered: Palette | BlockSelector | None) -> None:
        """A popup would lie over the dialog that comes now."""
        if offered is not None and offered.isWindow():
            offered.close()
