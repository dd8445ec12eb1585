"""Pages of the gallery: snippets in the panel of blocks, in the popup at an edge, carried by the pointer, and asked for
by name."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QWidget

from editor.canvas.blocks import snippet_block
from editor.canvas.commands import BlockRequest
from editor.dialogs.snippet import SnippetDialog
from editor.panels.palette import SNIPPETS, BlockSelector, Palette
from editor.windows.page import WorkflowPage
from engine.store.snippets import PREFIX
from tests.helpers.flows import nested_flow
from tests.helpers.gallery_parts import LONG, app, let_work, put_away, surface
from tests.helpers.studio import Studio


def keep(studio: Studio, page: WorkflowPage, name: str, description: str, chosen: list[str]) -> str:
    """Some nodes of a page as a snippet; its id."""
    text = page.canvas.rules.clipboard_text(chosen)
    return studio.services.snippets.save(name, description, text).id


def fill(studio: Studio, page: WorkflowPage) -> str:
    """Snippets of every kind; the id of the whole workflow's."""
    nodes = list(page.session.document.graph.nodes.values())
    tops = [n.id for n in nodes if n.parent is None]
    room = next(n.id for n in nodes if n.is_container)
    plain = next(n.id for n in nodes if n.type in ("code", "template-transform", "llm"))
    keep(studio, page, "Ask again", "Puts the question once more when the answer is empty.", [plain])
    keep(studio, page, "<b>Bold</b> & <img src=x>", "", [room])
    whole = keep(studio, page, LONG, "一个很长的说明。" * 12, tops)
    studio.services.settings.set(f"{PREFIX}torn", {"name": "Torn", "text": None})
    studio.window.studio.snippets.load()
    let_work()
    return whole


def empty(studio: Studio) -> None:
    for snippet in studio.services.snippets.all():
        studio.services.snippets.delete(snippet.id)
    studio.window.studio.snippets.load()
    let_work()


@surface
def snippets(studio: Studio) -> Iterator[QWidget]:
    empty(studio)
    with app(studio, nested_flow()) as page:
        palette = page.panels["palette"]
        assert isinstance(palette, Palette)
        page.snippets.show()
        let_work()
        yield page.left
        whole = fill(studio, page)
        palette.parts.snippets.setCurrentRow(1)
        yield page.left
        palette.search.setText("zzzz")
        let_work(0.1)
        yield page.left
        palette.search.setText("")
        edge = next(e for e in page.session.document.graph.edges.values())
        page.adding.choose(BlockRequest(0, 0, 300, 200, edge_id=edge.id))
        selector = page.findChild(BlockSelector)
        selector.parts.tabs.setCurrentIndex(SNIPPETS)
        let_work()
        yield selector
        selector.close()
        let_work(0.1)
        canvas = page.canvas
        canvas.start_ghost(snippet_block(whole))
        middle = QPointF(canvas.width() * 0.4, canvas.height() * 0.55)
        canvas.gesture.move(canvas._pointer.at(middle, canvas._pointer.now().modifiers))
        yield studio.window
        canvas.cancel_gesture()
        page.show_panel("")
        canvas.select(list(page.session.document.graph.nodes))
        page.snippets.save_selection()
        dialog = studio.dialog(SnippetDialog)
        assert isinstance(dialog, SnippetDialog)
        let_work()
        yield dialog
        dialog.name.setText("ask again")
        let_work(0.1)
        yield dialog
        put_away(dialog)
    empty(studio)
