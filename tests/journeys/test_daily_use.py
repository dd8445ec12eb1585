"""What hands do all day on the canvas: see where a card belongs, put cards into a flow and take them out, write notes,
zoom, stop a step."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolButton

from editor.canvas.drops import node_type_mime
from editor.canvas.gestures.ghost import GhostGesture
from editor.keymap import native
from editor.panels.palette import BlockSelector
from editor.screenshot import wait_until
from editor.theme import theme
from tests.helpers.model import made
from tests.helpers.model import node as flow_node
from tests.helpers.studio import Studio

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def ends(studio: Studio) -> set[tuple[str, str, str]]:
    """Every edge as titles of its ends with the branch between them."""
    graph = studio.page.session.document.graph
    nodes = graph.nodes
    return {(nodes[e.source].title, e.source_handle, nodes[e.target].title) for e in graph.edges.values()}


def chain(studio: Studio) -> Studio:
    """start -> A -> B, and C alone below."""
    flow = made(
        [
            flow_node("1", "start", title="Start", variables=[], x=0, y=0),
            flow_node("2", "code", title="A", x=400, y=0),
            flow_node("3", "code", title="B", x=800, y=0),
            flow_node("4", "code", title="C", x=400, y=300),
        ],
        [("1", "2"), ("2", "3")],
    )
    studio.open_app(studio.services.workflows.create("workflow", "Chain", workflow=flow))
    studio.page.show_panel("")
    studio.settle()
    studio.hand.look(0.75, 40, 120)
    return studio


def test_a_card_dropped_on_an_edge_stands_in_the_flow(studio: Studio) -> None:
    hand = chain(studio).hand
    edge = next(e.id for e in hand.graph.edges.values() if e.source == "2")
    hand.drag(hand.at_node("4"), hand.at_edge(edge))
    assert ends(studio) == {("Start", "source", "A"), ("A", "source", "C"), ("C", "source", "B")}
    assert studio.page.session.document.undo_label == "Insert C"
    studio.page.session.undo()
    assert ends(studio) == {("Start", "source", "A"), ("A", "source", "B")}
    assert hand.place_of("4") == (400, 300)

    hand.drag(hand.at_node("4"), hand.at_edge(edge), keys=Qt.KeyboardModifier.AltModifier)
    assert ends(studio) == {("Start", "source", "A"), ("A", "source", "B")}, "Alt places freely"
    studio.page.session.undo()
    hand.drag(hand.at_node("2"), hand.at_node("2", dy=160))
    assert ("A", "source", "B") in ends(studio), "what stands in a flow already is only moved"


def test_delete_and_reconnect_keeps_the_flow_whole(studio: Studio) -> None:
    page = chain(studio).page
    studio.activate()
    studio.hand.click(studio.hand.at_node("2"))
    QTest.keyClick(page.canvas, Qt.Key.Key_Delete, CTRL)
    assert ends(studio) == {("Start", "source", "B")}
    assert page.session.document.undo_label == "Delete A and reconnect"
    page.session.undo()
    assert ends(studio) == {("Start", "source", "A"), ("A", "source", "B")}


def test_of_a_node_with_branches_the_first_is_joined(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    studio.activate()
    page.show_panel("")
    studio.settle()
    page.canvas.fit()
    studio.hand.click(studio.hand.at_node(studio.node("Which desk?")))
    QTest.keyClick(page.canvas, Qt.Key.Key_Delete, CTRL)
    assert {e for e in ends(studio) if e[0] == "Start"} == {("Start", "source", "Senior desk")}


def test_what_follows_and_what_leads_here_is_selected_by_keys(studio: Studio) -> None:
    page = chain(studio).page
    studio.activate()
    studio.hand.click(studio.hand.at_node("2"))
    QTest.keyClick(page.canvas, Qt.Key.Key_Right, CTRL | SHIFT)
    assert set(page.canvas.selected_nodes()) == {"2", "3"}
    QTest.keyClick(page.canvas, Qt.Key.Key_Left, CTRL | SHIFT)
    assert set(page.canvas.selected_nodes()) == {"1", "2", "3"}


def test_the_edges_of_the_card_under_the_pointer_stand_out(studio: Studio) -> None:
    page = chain(studio).page
    edge = next(e.id for e in page.canvas.graph.edges.values() if e.source == "1")
    place = page.canvas.edge_pos(edge)

    def colours() -> set[str]:
        """What is drawn across the edge."""
        studio.settle()
        picture = page.canvas.grab().toImage()
        ratio = page.canvas.devicePixelRatioF()
        x, y = round(place.x() * ratio), round(place.y() * ratio)
        return {str(picture.pixelColor(x, y + by).name()) for by in range(-3, 4)}

    studio.hand.hover(studio.hand.at_scene(700, 500))
    assert theme().color("accent").name() not in colours()
    studio.hand.hover(studio.hand.at_node("2"))
    assert theme().color("accent").name() in colours()


# -- the tools below the canvas --------------------------------------------------------------------------------------


def test_zoom_buttons_stop_at_the_limits_and_the_menu_knows_the_present_zoom(studio: Studio) -> None:
    page = chain(studio).page
    tools = page.tools
    for _ in range(20):
        QTest.mouseClick(tools.in_button, LEFT)
    assert page.canvas.zoom == 2.0
    assert not tools.in_button.isEnabled()
    assert tools.out_button.isEnabled()
    QTest.mouseClick(tools.percent, LEFT)
    menu = next(m for m in tools.percent.findChildren(QMenu) if m.isVisible())
    ticked = [a.text() for a in menu.actions() if a.isChecked()]
    assert ticked == ["200%"]
    rows = [a.text() for a in menu.actions() if a.text()]
    assert f"100%\t{native('Ctrl+0')}" in rows
    fit = next(a for a in menu.actions() if a.text().startswith("Zoom to fit"))
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(fit).center())
    assert page.canvas.zoom < 2.0
    for _ in range(30):
        QTest.mouseClick(tools.out_button, LEFT)
    assert not tools.out_button.isEnabled()


def test_tool_tips_name_the_keys_of_now(studio: Studio) -> None:
    page = chain(studio).page
    assert page.tools.mode_buttons["hand"].toolTip() == f"Hand ({native('H')})"
    studio.window.studio.keymap.assign("hand_mode", ("G",))
    assert page.tools.mode_buttons["hand"].toolTip() == f"Hand ({native('G')})"


def test_a_block_chosen_at_the_tools_hangs_at_the_pointer(studio: Studio) -> None:
    page = chain(studio).page
    QTest.mouseClick(page.tools.add_button, LEFT)
    selector = next(w for w in page.findChildren(BlockSelector) if w.isVisible())
    QTest.keyClicks(selector.search, "template")
    QTest.keyClick(selector.search, Qt.Key.Key_Return)
    assert isinstance(page.canvas.gesture, GhostGesture)
    count = len(page.canvas.graph.nodes)
    studio.hand.hover(studio.hand.at_scene(100, 400))
    studio.hand.click(studio.hand.at_scene(100, 400))
    assert len(page.canvas.graph.nodes) == count + 1


def test_the_hand_is_remembered_and_pictures_of_the_past_have_it(studio: Studio) -> None:
    page = chain(studio).page
    QTest.mouseClick(page.tools.mode_buttons["hand"], LEFT)
    second = studio.sample("branch-on-a-condition")
    assert second.canvas.mode == "hand"
    QTest.mouseClick(second.tools.mode_buttons["pointer"], LEFT)
    summary = studio.run({"message": "hello", "amount": 1})
    studio.window.running.open_past(str(summary["run_id"]))
    assert wait_until(lambda: studio.page is not second, 20)
    past = studio.page
    assert past.canvas.mode == "hand"
    assert not past.tools.add_button.isVisible()
    assert studio.window.studio.preferences.get("hand_mode") is False


# -- notes -----------------------------------------------------------------------------------------------------------


def placed_note(studio: Studio) -> str:
    """A note from the tools, written at once."""
    page = studio.page
    QTest.mouseClick(page.tools.note_button, LEFT)
    place = studio.hand.at_scene(300, 300)
    studio.hand.hover(place)
    studio.hand.click(place)
    editor = page.canvas.note_editor
    assert editor is not None
    QTest.keyClicks(editor._paper, "see the page")
    return editor.node_id


@pytest.mark.spec("editor.34")
def test_a_placed_note_is_written_at_once_and_links_open_and_go(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = made([flow_node("1", "start", title="Start", variables=[])], [])
    page = studio.open_app(studio.services.workflows.create("workflow", "Notes", workflow=flow))
    studio.activate()
    studio.hand.look(1.0, 60, 60)
    note = placed_note(studio)
    editor = page.canvas.note_editor
    assert editor is not None
    buttons = {b.accessibleName(): b for b in editor._bar.findChildren(QToolButton)}
    assert not buttons["Open the link"].isEnabled()
    monkeypatch.setattr("editor.canvas.noteedit.QInputDialog.getText", lambda *_a, **_k: ("https://example.org", True))
    opened: list[str] = []
    monkeypatch.setattr(
        "editor.canvas.noteedit.QDesktopServices.openUrl", lambda url: opened.append(url.toString()) or True
    )
    QTest.mouseClick(buttons["Link"], LEFT)
    QTest.keyClick(editor._paper, Qt.Key.Key_Left)
    assert buttons["Open the link"].isEnabled()
    QTest.mouseClick(buttons["Open the link"], LEFT)
    assert opened == ["https://example.org"]
    QTest.mouseClick(buttons["Remove the link"], LEFT)
    assert not buttons["Open the link"].isEnabled()
    QTest.mouseClick(buttons["Duplicate the note"], LEFT)
    notes = [n for n in page.canvas.graph.nodes.values() if n.is_note]
    assert len(notes) == 2
    assert all("see the " in str(n.data["text"]) and "page" in str(n.data["text"]) for n in notes)
    assert "example.org" not in str(page.canvas.graph.nodes[note].data["text"])


def test_the_menu_of_a_note_has_its_colours(studio: Studio) -> None:
    flow = made([flow_node("1", "start", title="Start", variables=[])], [])
    page = studio.open_app(studio.services.workflows.create("workflow", "Notes", workflow=flow))
    studio.activate()
    studio.hand.look(1.0, 60, 60)
    note = placed_note(studio)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    page.menus.node_menu(note, page.mapToGlobal(page.rect().center()))
    menu = next(m for m in page.findChildren(QMenu) if m.isVisible())
    words = [a.text().split("\t")[0] for a in menu.actions()]
    assert "Edit the text" in words
    assert "Rename" not in words
    colours = next(a for a in menu.actions() if a.text() == "Colour").menu()
    assert isinstance(colours, QMenu)
    pink = next(a for a in colours.actions() if a.text() == "Pink")
    pink.trigger()
    assert page.canvas.graph.nodes[note].data["theme"] == "pink"
    menu.close()


def test_a_running_step_is_stopped_where_it_was_started(studio: Studio) -> None:
    flow = made(
        [
            flow_node("1", "start", title="Start", variables=[]),
            flow_node("2", "code", title="Long", x=400, y=0, code_language="python3", variables=[],
                      code="import time\ndef main():\n    time.sleep(60)\n    return {}\n", outputs={}),
            flow_node("3", "end", title="End", x=800, y=0, outputs=[]),
        ],
        [("1", "2"), ("2", "3")],
    )  # fmt: skip
    page = studio.open_app(studio.services.workflows.create("workflow", "Long", workflow=flow))
    studio.activate()
    page.canvas.fit()
    studio.hand.click(studio.hand.at_node("2"))
    run = page.inspector._run
    assert run.accessibleName() == "Run this step"
    QTest.mouseClick(run, LEFT)
    assert wait_until(lambda: run.accessibleName() == "Stop", 30), studio.messages.__dict__
    QTest.mouseClick(run, LEFT)
    assert wait_until(lambda: not page.session.is_running, 30)
    assert wait_until(lambda: run.accessibleName() == "Run this step", 10)


def test_no_form_is_a_window_of_its_own_for_a_moment(studio: Studio) -> None:
    """Shown before it stands in something, a control takes the keyboard away: the next key would be lost."""
    two = [
        {"id": i, "variable_selector": ["1", "q"], "comparison_operator": "contains", "value": i, "varType": "string"}
        for i in "ab"
    ]
    flow = made(
        [
            flow_node("1", "start", title="Start", variables=[{"variable": "q", "type": "text-input", "label": "q"}]),
            flow_node("2", "if-else", x=400, y=0,
                      cases=[{"case_id": "true", "id": "true", "logical_operator": "and", "conditions": two}]),
            flow_node("3", "http-request", x=800, y=0, method="post", url="http://x",
                      body={"type": "json", "data": [{"type": "text", "value": "{}"}]}),
            flow_node("4", "assigner", x=1200, y=0, assigned_variable_selector=["conversation", "a"],
                      write_mode="over-write", input_variable_selector=["1", "q"]),
        ],
        [("1", "2"), ("2", "true", "3"), ("3", "4")],
    )  # fmt: skip
    studio.open_app(studio.services.workflows.create("workflow", "Forms", workflow=flow))
    studio.activate()
    for node_id in "1234":
        studio.page.canvas.fit()
        studio.hand.click(studio.hand.at_node(node_id))
        studio.settle()
        assert studio.window.isActiveWindow(), node_id
        assert studio.page.canvas.hasFocus(), node_id


@pytest.mark.parametrize(
    "name", ["palette", "variables", "features", "problems", "breakpoints", "history", "versions", "changes"]
)
def test_what_a_panel_hears_after_its_page_was_closed_is_dropped(studio: Studio, name: str) -> None:
    page = studio.open_app(studio.services.workflows.create("advanced-chat", "Talk"))
    page.show_panel(name)
    page.show_drawer("values")
    page.show_drawer("run")
    studio.window.close_page(studio.window.pages.indexOf(page))
    assert wait_until(lambda: not studio.window.studio.tasks.busy, 20)
    studio.settle()


def test_a_note_dragged_from_the_panel_is_written_at_once(studio: Studio) -> None:
    canvas = chain(studio).page.canvas
    data, copy, at = node_type_mime("note"), Qt.DropAction.CopyAction, QPointF(420, 500)
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(canvas, QDragEnterEvent(at.toPoint(), copy, data, LEFT, none))
    QApplication.sendEvent(canvas, QDragMoveEvent(at.toPoint(), copy, data, LEFT, none))
    QApplication.sendEvent(canvas, QDropEvent(at, copy, data, LEFT, none))
    studio.settle()
    assert canvas.note_editor is not None
    assert canvas.note_editor._paper.hasFocus()
