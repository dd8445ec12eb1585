"""Snippets by real clicks and keys: made of a selection, found, inserted everywhere, changed, deleted and had back, in
files, and the same in every window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QContextMenuEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from editor.canvas.blocks import snippet_block
from editor.canvas.drops import node_type_mime
from editor.dialogs.goto import GoTo
from editor.dialogs.snippet import SnippetDialog
from editor.i18n import set_language
from editor.panels.palette import NO_SNIPPETS, NOTHING, SNIPPETS, BlockSelector, Palette
from editor.panels.snippet_list import FITS, SNIPPET, SnippetList
from editor.screenshot import wait_until
from editor.windows.main import MainWindow
from engine.model.scope import dangling
from engine.store.snippets import PREFIX
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import popup

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CTRL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


def names(studio: Studio) -> list[str]:
    return [s.name for s in studio.services.snippets.all()]


def choose(menu: QWidget, text: str) -> None:
    """Click a row of a menu."""
    assert isinstance(menu, QMenu)
    action = next(a for a in menu.actions() if a.text().startswith(text))
    assert action.isEnabled()
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def right_click(studio: Studio, at: QPointF) -> QMenu:
    canvas = studio.page.canvas
    place = at.toPoint()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, canvas.mapToGlobal(place))
    QApplication.sendEvent(canvas, event)
    menu = popup(QMenu)
    assert isinstance(menu, QMenu)
    return menu


def select(studio: Studio, *titles: str) -> None:
    """Click nodes, all but the first with Ctrl."""
    studio.page.canvas.fit()
    for number, title in enumerate(titles):
        hand = studio.hand
        hand.click(hand.at_node(studio.node(title)), keys=CTRL if number else NONE)
    assert set(studio.page.canvas.selected_nodes()) == {studio.node(t) for t in titles}


def fill_in(studio: Studio, name: str, description: str = "") -> SnippetDialog:
    dialog = studio.dialog(SnippetDialog)
    assert isinstance(dialog, SnippetDialog)
    dialog.name.selectAll()
    QTest.keyClicks(dialog.name, name)
    dialog.description.selectAll()
    QTest.keyClicks(dialog.description, description)
    return dialog


def gone(studio: Studio) -> bool:
    return not any(d.isVisible() for d in studio.window.findChildren(SnippetDialog))


def keep(studio: Studio, name: str, *titles: str, description: str = "") -> None:
    """Save nodes as a snippet by the menu of the selection."""
    select(studio, *titles)
    choose(right_click(studio, studio.hand.at_node(studio.node(titles[0]))), "Save as snippet…")
    dialog = fill_in(studio, name, description)
    QTest.mouseClick(dialog.save, LEFT)
    assert wait_until(lambda: studio.window.studio.snippets.named(name) is not None and gone(studio), 10)
    assert name in names(studio)
    studio.activate()


def panel(studio: Studio) -> Palette:
    found = studio.page.panels["palette"]
    assert isinstance(found, Palette)
    return found


def tab(offered: Palette | BlockSelector) -> SnippetList:
    """Click the tab with the snippets."""
    tabs = offered.parts.tabs
    QTest.mouseClick(tabs, LEFT, pos=tabs.tabRect(SNIPPETS).center())
    assert tabs.currentIndex() == SNIPPETS
    assert wait_until(lambda: offered.parts.pages.currentIndex() in (SNIPPETS, NO_SNIPPETS, NOTHING), 5)
    return offered.parts.snippets


def rows(shown: SnippetList) -> dict[str, str]:
    """Names with what stands below them."""
    texts = [shown.item(r).text().partition("\n") for r in range(shown.count()) if shown.item(r).data(SNIPPET)]
    return {name: detail for name, _, detail in texts}


def fitting(shown: SnippetList) -> list[str]:
    items = [shown.item(r) for r in range(shown.count())]
    return [i.text().partition("\n")[0] for i in items if i.data(SNIPPET) and i.data(FITS)]


def row_place(shown: SnippetList, name: str) -> QPoint:
    row = next(r for r in range(shown.count()) if shown.item(r).text().startswith(name))
    shown.scrollToItem(shown.item(row))
    return shown.visualItemRect(shown.item(row)).center()


def offered(studio: Studio) -> BlockSelector:
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    return selector


def content(studio: Studio) -> dict[str, Any]:
    """The graph, but not where one looks at it."""
    return {k: v for k, v in studio.page.session.document.graph.to_config().items() if k != "viewport"}


def links(studio: Studio) -> set[tuple[str, str]]:
    graph = studio.page.session.document.graph
    return {(graph.nodes[e.source].title, graph.nodes[e.target].title) for e in graph.edges.values()}


@pytest.fixture
def flow(studio: Studio) -> Studio:
    """A workflow with a branch, in a tab."""
    studio.sample("branch-on-a-condition")
    return studio


# -- making ------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.20")
def test_a_selection_becomes_a_snippet_and_the_empty_tab_says_how(flow: Studio) -> None:
    shown = tab(panel(flow))
    parts = panel(flow).parts
    assert wait_until(lambda: parts.pages.currentIndex() == NO_SNIPPETS, 5)
    flow.page.canvas.select([])
    flow.click("Save the selection…", parts)
    assert flow.messages.told[-1] == "Select the blocks first that the snippet shall hold."
    assert gone(flow)

    select(flow, "Senior desk")
    flow.click("Save the selection…", parts)
    dialog = fill_in(flow, "")
    assert not dialog.save.isEnabled()
    QTest.keyClicks(dialog.name, "Desk")
    QTest.keyClicks(dialog.description, "Answers the customer")
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    assert wait_until(lambda: rows(shown) == {"Desk": "1 block · Answers the customer"}, 10)
    assert gone(flow)
    assert flow.messages.told[-1] == "Saved the snippet “Desk”"
    (kept,) = flow.services.snippets.all()
    assert [n["data"]["title"] for n in json.loads(kept.text)["nodes"]] == ["Senior desk"]


def test_by_the_action_and_without_the_start(flow: Studio) -> None:
    flow.page.canvas.fit()
    flow.window.do("select_all")
    assert flow.window.can("save_snippet")
    flow.window.do("save_snippet")
    dialog = fill_in(flow, "All of it")
    words = [w.text() for w in dialog.findChildren(type(dialog.notice))]
    assert "1 selected node is left out: a snippet cannot hold it." in words
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    assert wait_until(lambda: names(flow) == ["All of it"], 10)
    kinds = {n["data"]["type"] for n in json.loads(flow.services.snippets.all()[0].text)["nodes"]}
    assert "start" not in kinds

    start = next(n for n in flow.page.session.document.graph.nodes.values() if n.type == "start")
    flow.page.canvas.select([start.id])
    flow.window.do("save_snippet")
    assert flow.messages.told[-1].startswith("A snippet cannot hold these blocks")
    flow.page.canvas.select([])
    assert not flow.window.can("save_snippet")
    assert not flow.window.studio.keymap.keys("save_snippet")


def test_a_name_that_is_taken_is_replaced_only_after_a_question(flow: Studio) -> None:
    keep(flow, "Desk", "Senior desk")
    select(flow, "Senior desk")
    flow.window.do("save_snippet")
    dialog = fill_in(flow, "DESK", "second")
    assert dialog.notice.isVisible()
    QTest.mouseClick(dialog.save, LEFT)
    assert dialog.isVisible()  # nobody agreed
    assert flow.messages.asked[-1].startswith("Replace “Desk”?")
    assert flow.services.snippets.all()[0].description == ""
    flow.messages.answers.append(True)
    QTest.mouseClick(dialog.save, LEFT)
    assert wait_until(lambda: [s.description for s in flow.services.snippets.all()] == ["second"], 10)
    assert wait_until(lambda: flow.messages.told[-1:] == ["Replaced the snippet “DESK”"], 10)
    assert flow.messages.offers[-1][0] == "Undo"
    flow.messages.offers[-1][1]()
    assert wait_until(lambda: [(s.name, s.description) for s in flow.services.snippets.all()] == [("Desk", "")], 10)


def test_a_snippet_that_is_too_large_is_refused_with_a_reason(flow: Studio) -> None:
    from engine.model.edits import SetField

    desk = flow.node("Senior desk")
    flow.page.session.submit(SetField(desk, ("notes",), "x" * (2 * 1024 * 1024)), "Edit")
    select(flow, "Senior desk")
    flow.window.do("save_snippet")
    QTest.mouseClick(fill_in(flow, "Large").save, LEFT)
    assert wait_until(lambda: bool(flow.messages.errors), 10)
    assert "more than 2 MiB" in flow.messages.errors[0]
    assert names(flow) == []
    dialog = flow.dialog(SnippetDialog)  # what was typed is there still
    assert isinstance(dialog, SnippetDialog)
    assert dialog.name.text() == "Large"
    assert dialog.save.isEnabled()
    dialog.description.setPlainText("x" * 2001)
    assert dialog.notice.text() == "The description is 1 character too long."
    assert not dialog.save.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert gone(flow)


# -- inserting ---------------------------------------------------------------------------------------------------------


def test_a_click_in_the_panel_gives_a_ghost_that_a_click_places(flow: Studio) -> None:
    keep(flow, "Desk", "Senior desk")
    canvas, document = flow.page.canvas, flow.page.session.document
    first, steps = content(flow), document.steps()[1]
    shown = tab(panel(flow))
    assert wait_until(lambda: "Desk" in rows(shown), 5)
    canvas.look_at(1.0, 40, 40)
    QTest.mouseClick(shown.viewport(), LEFT, pos=row_place(shown, "Desk"))
    assert canvas.gesture is not None
    flow.hand.hover(QPointF(300, 500))
    flow.hand.key(Qt.Key.Key_Escape)
    assert canvas.gesture is None
    assert content(flow) == first

    QTest.mouseClick(shown.viewport(), LEFT, pos=row_place(shown, "Desk"))
    flow.hand.hover(QPointF(300, 500))
    flow.hand.click(QPointF(420, 560))
    assert document.steps()[1] == steps + 1
    (made,) = canvas.selected_nodes()
    assert document.graph.nodes[made].title == "Senior desk 2"
    assert canvas.node_rect(made).contains(QPointF(420, 560))
    # What it reads is there still, for it is the same workflow.
    assert not [d for d in dangling(document.workflow) if d.reference.node_id == made and d.reason == "no_node"]
    flow.activate()
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert content(flow) == first


def test_dragging_from_the_panel_onto_the_canvas(flow: Studio) -> None:
    keep(flow, "Desk", "Senior desk")
    canvas, document = flow.page.canvas, flow.page.session.document
    canvas.look_at(1.0, 40, 40)
    snippet = flow.services.snippets.all()[0]
    data, copy = node_type_mime(snippet_block(snippet.id)), Qt.DropAction.CopyAction
    at = QPointF(420, 560)
    QApplication.sendEvent(canvas, QDragEnterEvent(at.toPoint(), copy, data, LEFT, NONE))
    QApplication.sendEvent(canvas, QDragMoveEvent(at.toPoint(), copy, data, LEFT, NONE))
    QApplication.sendEvent(canvas, QDropEvent(at, copy, data, LEFT, NONE))
    (made,) = canvas.selected_nodes()
    assert document.graph.nodes[made].title == "Senior desk 2"


def test_by_keys_at_a_socket_and_the_selector_finds_it_by_its_words(flow: Studio) -> None:
    keep(flow, "Desk", "Senior desk", description="Answers the customer")
    canvas = flow.page.canvas
    desk = flow.node("Senior desk")
    canvas.select([desk])
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_A)
    selector = offered(flow)
    shown = tab(selector)
    selector.search.setFocus()
    QTest.keyClicks(selector.search, "nothing like it")
    assert selector.parts.pages.currentIndex() == NOTHING
    selector.search.clear()
    QTest.keyClicks(selector.search, "CUSTOMER desk")
    assert fitting(shown) == ["Desk"]
    QTest.keyClick(selector.search, Qt.Key.Key_Return)
    flow.settle()
    assert ("Senior desk", "Senior desk 2") in links(flow)


def test_on_an_edge_only_what_has_one_way_in_and_one_way_out(flow: Studio) -> None:
    graph = flow.page.session.document.graph
    branch = next(n for n in graph.nodes.values() if n.type == "if-else")
    keep(flow, "Desk", "Senior desk")
    keep(flow, "Branch", branch.title)
    canvas = flow.page.canvas
    canvas.fit()
    edge = next(e for e in graph.edges.values() if e.target == branch.id)
    before = content(flow)
    choose(right_click(flow, flow.hand.at_edge(edge.id)), "Insert a block")
    selector = offered(flow)
    shown = tab(selector)
    assert wait_until(lambda: set(rows(shown)) == {"Desk", "Branch"}, 5)
    assert fitting(shown) == ["Desk"]
    assert rows(shown)["Branch"] == "It has several ways out."
    QTest.mouseClick(shown.viewport(), LEFT, pos=row_place(shown, "Branch"))
    assert content(flow) == before
    assert selector.isVisible()
    QTest.mouseClick(shown.viewport(), LEFT, pos=row_place(shown, "Desk"))
    flow.settle()
    source = graph.nodes[edge.source].title
    assert {(source, "Senior desk 2"), ("Senior desk 2", branch.title)} <= links(flow)
    assert (source, branch.title) not in links(flow)


def test_on_the_ground_everything_is_offered_and_what_may_not_stand_there_is_told(studio: Studio) -> None:
    studio.sample("chat-companion")
    titles = [n.title for n in studio.page.session.document.graph.nodes.values() if n.type in ("llm", "answer")]
    keep(studio, "Talk", *titles)
    count = len(titles)
    studio.open_app(studio.services.workflows.create("workflow", "Elsewhere"))
    canvas = studio.page.canvas
    canvas.look_at(1.0, 40, 40)
    choose(right_click(studio, QPointF(500, 500)), "Add a block")
    selector = offered(studio)
    shown = tab(selector)
    assert wait_until(lambda: fitting(shown) == ["Talk"], 5)
    QTest.keyClick(shown, Qt.Key.Key_Return)
    studio.settle()
    kinds = [n.type for n in studio.page.session.document.graph.nodes.values()]
    assert "answer" not in kinds
    assert "llm" in kinds
    answers = count - kinds.count("llm")
    assert f"{answers} node{'s' if answers > 1 else ''} cannot stand here and w" in studio.messages.told[-1]


# -- changing ----------------------------------------------------------------------------------------------------------


def test_rows_are_renamed_deleted_and_had_back_by_keys_and_menu(flow: Studio) -> None:
    for name in ("Alpha", "Beta"):
        keep(flow, name, "Senior desk")
    flow.page.canvas.select([flow.node("Senior desk")])
    shown = tab(panel(flow))
    assert wait_until(lambda: list(rows(shown)) == ["Alpha", "Beta"], 5)
    shown.setFocus()
    shown.setCurrentRow(0)
    QTest.keyClick(shown, Qt.Key.Key_F2)
    dialog = fill_in(flow, "beta")
    assert dialog.notice.isVisible()
    assert not dialog.save.isEnabled()
    fill_in(flow, "Gamma", "new words")
    QTest.mouseClick(dialog.save, LEFT)
    assert wait_until(lambda: rows(shown) == {"Beta": "1 block", "Gamma": "1 block · new words"}, 10)
    assert flow.page.inspector.title.text() == "Senior desk"  # F2 was the list's

    flow.activate()
    shown.setFocus()
    shown.setCurrentRow(0)
    QTest.keyClick(shown, Qt.Key.Key_Delete)
    assert wait_until(lambda: names(flow) == ["Gamma"], 10)
    assert "Senior desk" in {n.title for n in flow.page.session.document.graph.nodes.values()}
    assert wait_until(lambda: flow.messages.told[-1] == "Deleted the snippet “Beta”", 5)
    assert shown.current_id  # the next one is selected
    action, undo = flow.messages.offers[-1]
    assert action == "Undo"
    undo()
    assert wait_until(lambda: list(rows(shown)) == ["Beta", "Gamma"], 10)

    shown.customContextMenuRequested.emit(row_place(shown, "Gamma"))
    choose(popup(QMenu), "Delete")
    assert wait_until(lambda: names(flow) == ["Beta"], 10)
    shown.customContextMenuRequested.emit(row_place(shown, "Beta"))
    choose(popup(QMenu), "Rename and describe…")
    QTest.mouseClick(fill_in(flow, "Omega").save, LEFT)
    assert wait_until(lambda: list(rows(shown)) == ["Omega"], 10)


def test_keys_of_the_search_field_act_on_the_selected_row_of_a_popup(flow: Studio) -> None:
    for name in ("Alpha", "Beta"):
        keep(flow, name, "Senior desk")
    canvas = flow.page.canvas
    canvas.select([])
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_A)
    selector = offered(flow)
    shown = tab(selector)
    assert wait_until(lambda: len(rows(shown)) == 2, 5)
    selector.search.setFocus()
    QTest.keyClicks(selector.search, "bet")
    QTest.keyClick(selector.search, Qt.Key.Key_Home)
    QTest.keyClick(selector.search, Qt.Key.Key_Delete)  # a letter, not the snippet
    assert selector.search.text() == "et"
    QTest.keyClick(selector.search, Qt.Key.Key_End)
    for _ in range(3):  # also from the empty field it deletes letters only
        QTest.keyClick(selector.search, Qt.Key.Key_Backspace)
    QTest.keyClicks(selector.search, "et")
    QTest.keyClick(selector.search, Qt.Key.Key_Delete)
    assert wait_until(lambda: names(flow) == ["Alpha"], 10)
    selector.search.clear()
    assert wait_until(lambda: list(rows(shown)) == ["Alpha"], 5)
    QTest.keyClick(selector.search, Qt.Key.Key_F2)
    assert not selector.isVisible()
    QTest.mouseClick(fill_in(flow, "Again").save, LEFT)
    assert wait_until(lambda: names(flow) == ["Again"], 10)


def test_every_window_shows_the_same(flow: Studio) -> None:
    window: MainWindow = flow.window.another()
    app_id = flow.services.workflows.create("workflow", "Elsewhere")
    window.open_app(app_id)
    assert wait_until(lambda: window.page is not None, 20)
    assert window.page is not None
    there = window.page.panels["palette"]
    assert isinstance(there, Palette)
    shown = tab(there)
    flow.activate()
    keep(flow, "Desk", "Senior desk")
    assert wait_until(lambda: list(rows(shown)) == ["Desk"], 10)
    window.close()


# -- files -------------------------------------------------------------------------------------------------------------


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at = QPointF(20, 20)
    QApplication.sendEvent(window, QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, data, LEFT, NONE))
    QApplication.sendEvent(window, QDropEvent(at, Qt.DropAction.CopyAction, data, LEFT, NONE))


def test_a_file_is_written_and_dropped_on_the_window(
    flow: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(flow, "Desk", "Senior desk", description="Words")
    file = tmp_path / "desk.penstock-snippet.json"
    asked: list[str] = []

    def answer(_parent: object, _title: str, offered_name: str, *_rest: object) -> tuple[str, str]:
        asked.append(offered_name)
        return str(file), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    shown = tab(panel(flow))
    assert wait_until(lambda: "Desk" in rows(shown), 5)
    shown.customContextMenuRequested.emit(row_place(shown, "Desk"))
    choose(popup(QMenu), "Export…")
    assert wait_until(file.exists, 10)
    assert asked == ["Desk.penstock-snippet.json"]

    drop(flow.window, file)
    assert wait_until(lambda: rows(shown).keys() == {"Desk", "Desk 2"}, 10)
    assert flow.messages.told[-1] == "Imported the snippet “Desk 2”"
    flow.messages.offers[-1][1]()
    assert wait_until(lambda: list(rows(shown)) == ["Desk"], 10)

    broken = tmp_path / "broken.penstock-snippet.json"
    broken.write_text("{", "utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(file), str(broken)], ""))
    flow.click("Import snippets…", panel(flow))
    assert wait_until(lambda: list(rows(shown)) == ["Desk", "Desk 2"] and bool(flow.messages.errors), 10)
    assert "broken.penstock-snippet.json" in flow.messages.errors[0]


def test_several_files_dropped_on_the_library(studio: Studio, tmp_path: Path) -> None:
    plain = '{"kind":"dify-workflow-clipboard","version":1,"edges":[],"nodes":[{"id":"1","type":"custom",'
    plain += '"position":{"x":0,"y":0},"data":{"type":"code","title":"Work"}}]}'
    files = [tmp_path / "one.json", tmp_path / "two.penstock-snippet.json"]
    for file in files:
        file.write_text(plain, "utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    at = QPointF(20, 20)
    QApplication.sendEvent(studio.window, QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, data, LEFT, NONE))
    QApplication.sendEvent(studio.window, QDropEvent(at, Qt.DropAction.CopyAction, data, LEFT, NONE))
    assert wait_until(lambda: names(studio) == ["one", "two"], 10)


# -- what may stand in the workspace -----------------------------------------------------------------------------------


def test_hostile_texts_do_no_harm(flow: Studio) -> None:
    keep(flow, "Sound", "Senior desk")
    text = flow.services.snippets.all()[0].text
    hostile = {
        "html": {"name": "<img src='file:///etc/passwd'><b>x</b>", "description": "<h1>a</h1>\n<script>", "text": text},
        "long": {"name": "長" * 5000, "description": "y" * 100_000, "text": text},
        "nul": {"name": "a\x00b\u202ec\nd", "description": "\u2066z", "text": text},
        "torn": {"name": "Torn", "description": "", "text": text[: len(text) // 2]},
        "none": {"name": None, "description": None, "text": None},
    }
    for key, row in hostile.items():
        flow.services.settings.set(f"{PREFIX}{key}", {**row, "blocks": 1, "updated_at": "x"})
    shown = tab(panel(flow))
    flow.window.studio.snippets.load()
    assert wait_until(lambda: shown.count() == 6, 10)
    tips = [shown.item(r).toolTip() for r in range(6)]
    assert all("<img" not in t and "<script" not in t and "<h1" not in t for t in tips)
    assert all(len(n) <= 100 and "\u202e" not in n for n in rows(shown))
    assert sum(name == "?" for name in rows(shown)) == 1
    shown.grab()
    before = content(flow)
    QTest.mouseClick(shown.viewport(), LEFT, pos=row_place(shown, "Torn"))
    assert flow.page.canvas.gesture is None
    assert flow.messages.told[-1] == "This snippet is damaged or was deleted; it cannot be inserted."
    assert content(flow) == before
    shown.select("torn")
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_Delete)
    assert wait_until(lambda: "Torn" not in names(flow), 10)


def test_another_language_leaves_names_as_they_are(flow: Studio) -> None:
    keep(flow, "Save", "Senior desk", description="Delete")
    shown = tab(panel(flow))
    assert wait_until(lambda: rows(shown) == {"Save": "1 block · Delete"}, 5)
    set_language("zh_CN")
    try:
        assert rows(shown) == {"Save": "1 个节点 · Delete"}
        assert panel(flow).search.placeholderText() == "搜索片段"
        assert panel(flow).parts.tabs.tabText(SNIPPETS) == "片段"
    finally:
        set_language("en")


def test_the_action_opens_the_snippets_of_the_panel(flow: Studio) -> None:
    flow.page.show_panel("")
    action: QAction = flow.window._actions["show_snippets"]
    action.trigger()
    assert flow.page.shown_panel == "palette"
    assert panel(flow).parts.tabs.currentIndex() == SNIPPETS


def test_go_to_anything_finds_a_snippet_and_enter_lets_it_stick_to_the_pointer(flow: Studio) -> None:
    keep(flow, "Desk", "Senior desk", description="Answers the customer")
    canvas = flow.page.canvas
    canvas.look_at(1.0, 40, 40)
    flow.window.do("palette")
    found = popup(GoTo)
    assert isinstance(found, GoTo)
    QTest.keyClicks(found.search, "@snippet customer")
    assert wait_until(lambda: found.list.count() == 1, 5)
    QTest.keyClick(found.search, Qt.Key.Key_Return)
    assert wait_until(lambda: canvas.gesture is not None, 5)
    flow.activate()
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas.gesture is None
    (made,) = canvas.selected_nodes()
    assert flow.page.session.document.graph.nodes[made].title == "Senior desk 2"


def test_a_published_version_gives_snippets_too(flow: Studio) -> None:
    page = flow.page
    version = flow.services.versions.publish(page.session.app_id, name="First")
    count = len(flow.window.workflow_pages())
    flow.window.versioning.preview(page, version.id)
    assert wait_until(lambda: len(flow.window.workflow_pages()) > count, 20)
    assert flow.page.session.read_only
    keep(flow, "From before", "Senior desk")
    assert names(flow) == ["From before"]
