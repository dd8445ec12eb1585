"""The inspector beside the canvas: never stale, wide enough, narrow enough; and that its width is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QTextEdit

from editor.actions import ACTIONS
from editor.panels.last_run import LastRun
from editor.panels.palette import BlockSelector
from editor.panels.value_view import ValueView
from engine.model.edits import AddNode, Group
from engine.model.graph import Graph, Node
from tests.helpers.filled import FILLED, SUBJECT, TITLE
from tests.helpers.model import opened
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_first_hour import popup


@pytest.mark.spec("editor.39")
def test_switching_fast_through_fifty_nodes_never_shows_another_ones_settings(studio: Studio) -> None:
    page = studio.open_app(studio.services.workflows.create("workflow", "W"))
    kinds = ("code", "template-transform", "llm", "http-request", "if-else")
    nodes = [
        Node(f"n{n}", {"type": kinds[n % 5], "title": f"Node {n}", "desc": f"About {n}"}, 300.0 * (n % 10), 200.0 * n)
        for n in range(50)
    ]
    page.session.submit(Group("", tuple(AddNode(n) for n in nodes)), "Add")
    inspector = page.inspector
    for turn in (nodes, nodes[::-1]):
        for node in turn:
            page.canvas.select([node.id])
            # At once, before the loop turns: what is shown is never what was chosen before.
            assert inspector.node_id == node.id
            assert inspector.isVisible()
            assert (inspector.title.text(), inspector.description.text()) == (node.title, node.data["desc"])
            form = inspector.form
            assert form is not None
            assert form.ctx.node_id == node.id
            assert form.ctx.node.type == node.type
    # What is typed goes to the node that is shown, also after a quick change.
    page.canvas.select(["n7"])
    QTest.keyClick(inspector.title, Qt.Key.Key_End)
    QTest.keyClicks(inspector.title, "x")
    page.canvas.select(["n8"])
    QTest.keyClick(inspector.title, Qt.Key.Key_End)
    QTest.keyClicks(inspector.title, "y")
    graph = page.session.document.graph
    assert [graph.nodes[f"n{n}"].title for n in (7, 8, 9)] == ["Node 7x", "Node 8y", "Node 9"]


@pytest.mark.spec("editor.39")
def test_the_last_run_is_that_of_the_node_that_was_chosen_last(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    summary = studio.run({"message": "I want my money back", "amount": 5})
    assert summary["status"] == "succeeded", summary
    page.canvas.select([studio.node("Start")])
    tabs = page.inspector.tabs
    QTest.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(1).center())
    nodes = [n.id for n in page.canvas.graph.nodes.values() if not n.is_note]
    told = set()
    for node_id in (*nodes, *nodes[::-1]):
        page.canvas.select([node_id])
        state = page.session.node_state(node_id)
        last = page.inspector.findChild(LastRun)
        assert last is not None
        shown = [view.value() for view in last.widget().findChildren(ValueView)]
        wanted = [state[key] for key in ("inputs", "process_data", "outputs") if state.get(key)] if state else []
        assert shown == wanted, page.canvas.graph.nodes[node_id].title
        told.add(str(shown))
    assert len(told) > 3


def write_everywhere(studio: Studio) -> None:
    """Types into a note, a title and the name of an output, which is kept when its field is left, and leaves none."""
    page = studio.page
    studio.activate()
    note = next(n.id for n in page.canvas.graph.nodes.values() if n.is_note)
    page.canvas.center_on(note)
    studio.hand.double_click(page.canvas.node_rect(note).center())
    QTest.keyClicks(studio.field("Note text", QTextEdit, page.canvas), "Noted")
    page.canvas.select([SUBJECT])
    studio.settle()
    page.inspector.title.setFocus()
    QTest.keyClick(page.inspector.title, Qt.Key.Key_End)
    QTest.keyClicks(page.inspector.title, " told")
    name = studio.field("Output name", QLineEdit)
    name.setFocus()
    QTest.keyClick(name, Qt.Key.Key_End)
    QTest.keyClicks(name, "7")


@pytest.mark.spec("editor.41")
@pytest.mark.parametrize("way", ["node", "panel", "tab", "window"])
def test_what_was_just_typed_is_kept_however_one_leaves(tmp_path: Path, way: str) -> None:
    with opened_studio(tmp_path) as studio:
        flow = opened(FILLED["code"].text()).workflow
        assert flow is not None
        note = Node("note", {"type": "", "title": "", "text": ""}, 0, 400, None, "custom-note", 240, 88)
        flow = flow.with_graph(Graph({**flow.graph.nodes, note.id: note}, flow.graph.edges))
        app_id = studio.services.workflows.create("workflow", "Kept", workflow=flow)
        page = studio.open_app(app_id)
        write_everywhere(studio)
        if way == "node":
            page.canvas.select(["give"])
        elif way == "panel":
            page.close_inspector()
        elif way == "tab":
            studio.window.close_page(studio.window.pages.indexOf(page))
        if way in ("node", "panel"):
            studio.settle()
            check_kept(page.canvas.graph)
        else:
            studio.window.close()
    with opened_studio(tmp_path) as studio:
        check_kept(studio.open_app(app_id).canvas.graph)


def check_kept(graph: Graph) -> None:
    assert graph.nodes[SUBJECT].title == f"{TITLE} told"
    assert "count7" in graph.nodes[SUBJECT].data["outputs"]
    assert "Noted" in str(graph.nodes["note"].data["text"])


@pytest.mark.spec("editor.40")
def test_the_panels_width_is_kept_and_leaves_room_in_a_narrow_window(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        page = studio.sample("branch-on-a-condition")
        app_id = page.session.app_id
        page.canvas.select([studio.node("Senior desk")])
        studio.settle()
        handle = page.sides.handle(2)
        start = handle.rect().center()
        width = page.inspector.width()
        QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(handle, start - start.__class__(90, 0))
        QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=start - start.__class__(90, 0))
        studio.settle()
        wider = page.inspector.width()
        assert wider > width + 40
    with opened_studio(tmp_path) as studio:
        page = studio.open_app(app_id)
        page.canvas.select([studio.node("Senior desk")])
        studio.settle()
        assert abs(page.inspector.width() - wider) <= 2
    with opened_studio(tmp_path, size=(1100, 760)) as studio:
        page = studio.open_app(app_id)
        page.show_panel("problems")
        page.canvas.select([studio.node("Senior desk")])
        studio.settle()
        assert studio.window.width() == 1100
        assert page.inspector.width() >= 320
        assert page.canvas.width() >= 400
        right = page.inspector.mapTo(studio.window, page.inspector.rect().topRight()).x()
        assert right <= studio.window.width(), "nothing stands outside the window"
        field = studio.field("Template")
        assert field.width() >= 240
        hand = studio.hand
        page.canvas.fit()
        studio.settle()
        hand.click(hand.at_node(studio.node("Start")))
        assert page.canvas.selected_nodes() == [studio.node("Start")]


def test_every_menu_fits_a_small_screen_and_offers_each_of_its_actions(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        studio.sample("parallel-summaries")
        check_menus(studio)


def check_menus(studio: Studio) -> None:
    def below(menu: QMenu) -> list[str]:
        assert menu.sizeHint().height() <= 680, menu.title()
        found = []
        for action in menu.actions():
            inner = action.menu()
            found += below(inner) if isinstance(inner, QMenu) else [action.text()]
        return found

    menus = {action.text(): action.menu() for action in studio.window.top.menus.actions()}
    for name, menu in menus.items():
        assert isinstance(menu, QMenu)
        offered = below(menu)
        missing = [row.text for row in ACTIONS if row.menu == name and row.text not in offered]
        assert not missing, name


def test_the_panel_waits_until_the_button_is_let_go(studio: Studio) -> None:
    """A canvas that changed its size under the hand would take the node away from it."""
    page = studio.sample("branch-on-a-condition")
    page.canvas.fit()
    hand, desk = studio.hand, studio.node("Senior desk")
    width, before, start = page.canvas.width(), hand.place_of(desk), hand.at_node(desk)
    zoom = page.canvas.zoom
    hand.press(start)
    studio.settle()
    assert page.canvas.width() == width
    assert not page.inspector.isVisible()
    hand.move(start + QPointF(30, 50))
    hand.move(start + QPointF(60, 100), keys=Qt.KeyboardModifier.AltModifier)
    hand.release(start + QPointF(60, 100), keys=Qt.KeyboardModifier.AltModifier)
    after = hand.place_of(desk)
    assert (after[0] - before[0], after[1] - before[1]) == (round(60 / zoom), round(100 / zoom))
    studio.settle()
    assert page.inspector.isVisible()
    assert page.inspector.node_id == desk


def test_a_box_that_is_drawn_opens_the_panel_at_its_end(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    page.canvas.fit()
    hand = studio.hand
    rect = page.canvas.node_rect(studio.node("Start"))
    hand.drag(rect.topLeft() - QPointF(20, 20), rect.center(), drop=False)
    assert page.canvas.selected_nodes() == [studio.node("Start")]
    assert not page.inspector.isVisible()
    hand.release(rect.center())
    assert page.inspector.isVisible()


def test_a_double_click_means_the_node_although_the_panel_moves_the_canvas(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    page.canvas.fit()
    hand = studio.hand
    end = studio.node("End")
    opened: list[str] = []
    page.canvas.nodeActivated.connect(opened.append)
    hand.double_click(hand.at_node(end))
    assert opened == [end]


def test_a_node_is_not_hidden_by_the_settings_that_it_opens(studio: Studio) -> None:
    """Also one that was just added behind a node at the right edge."""
    page = studio.sample("branch-on-a-condition")
    canvas, hand, end = page.canvas, studio.hand, studio.node("End")
    canvas.look_at(1.0, 0, 0)
    box = canvas.scene.items[end].box
    canvas.look_at(1.0, canvas.width() - 30 - box.right, 200 - box.top)
    hand.click(hand.at_node(end))
    studio.settle()
    assert page.inspector.isVisible()
    assert canvas.node_rect(end).right() <= canvas.width()
    page.close_inspector()
    canvas.select([])
    studio.settle()
    desk = studio.node("Senior desk")
    box = canvas.scene.items[desk].box
    canvas.look_at(1.0, canvas.width() - 350 - box.right, 200 - box.top)
    hand.click(hand.at_socket(desk, "source"))
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    QTest.keyClicks(selector.search, "template")
    QTest.keyClick(selector.search, Qt.Key.Key_Return)
    studio.settle()
    (added,) = canvas.selected_nodes()
    rect = canvas.node_rect(added)
    assert rect.left() >= 0
    assert rect.right() <= canvas.width()


def test_settings_that_come_and_go_leave_the_zoom_of_a_whole_graph(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    page.canvas.fit()
    zoom, desk = page.canvas.zoom, studio.node("Senior desk")
    start = page.canvas.node_rect(desk)
    studio.hand.click(studio.hand.at_node(desk))
    studio.settle()
    assert page.inspector.isVisible()
    assert (page.canvas.zoom, page.canvas.node_rect(desk)) == (zoom, start)
    page.canvas.select([])
    studio.settle()
    assert not page.inspector.isVisible()
    assert page.canvas.zoom == zoom
    page.canvas.select([desk])
    studio.settle()
    page.show_drawer("run")
    studio.settle()
    assert page.canvas.zoom < zoom, "what takes the room below shows all of it again"
    assert page.canvas.node_rect(studio.node("End")).right() <= page.canvas.width()


def test_the_tab_in_front_and_the_library_keep_their_words(studio: Studio) -> None:
    for name in ("code-with-an-error-branch", "branch-on-a-condition", "parallel-summaries", "loop-until-full"):
        studio.sample(name)
    bar = studio.window.tab_bar
    widths = [(bar.tabRect(n).width(), bar.tabSizeHint(n).width()) for n in range(bar.count())]
    assert any(width < wanted for width, wanted in widths), "there is not room for all"
    assert widths[0][0] >= widths[0][1]
    assert widths[bar.currentIndex()][0] >= widths[bar.currentIndex()][1]
    studio.window.resize(1280, 800)
    studio.settle()
    assert bar.tabRect(0).left() >= 0, "that is not worth scrolling"
    assert bar.tabRect(bar.count() - 1).right() <= bar.width()
