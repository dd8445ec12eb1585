"""Each kind of edit, done by click or key, is one step: undo gives the workflow as it was, redo as it became."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from editor.dialogs.goto import GoTo
from editor.panels.palette import Palette
from engine.model.hashing import content_hash
from tests.helpers.studio import Studio
from tests.journeys.test_first_hour import choose_in_list, popup

CTRL = Qt.KeyboardModifier.ControlModifier
Do = Callable[[Studio], None]
DESK, REFUND = "Senior desk", "Refund desk"


def key(pressed: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, *titles: str) -> Do:
    """A key of the canvas with these nodes selected."""

    def done(studio: Studio) -> None:
        canvas = studio.page.canvas
        canvas.select([studio.node(title) for title in titles])
        canvas.setFocus()
        studio.messages.answers[:] = [True]  # what others read goes only when somebody says so
        QTest.keyClick(canvas, pressed, keys)

    return done


def menu(action: str, *titles: str, words: str | None = None) -> Do:
    """An action of the menus; `words` are typed where it offers a list, then Enter."""

    def done(studio: Studio) -> None:
        studio.page.canvas.select([studio.node(title) for title in titles])
        studio.window.do(action)
        if words is not None:
            dialog = popup(GoTo)
            assert isinstance(dialog, GoTo)
            QTest.keyClicks(dialog.search, words)
            QTest.keyClick(dialog.search, Qt.Key.Key_Return)

    return done


def add(studio: Studio) -> None:
    palette = studio.page.panels["palette"]
    assert isinstance(palette, Palette)
    choose_in_list(palette.list, "Template")
    place = QPointF(300, studio.page.canvas.height() - 140)
    studio.hand.move(place, Qt.MouseButton.NoButton)
    studio.hand.click(place)


def note(studio: Studio) -> None:
    studio.window.do("comment_mode")
    place = QPointF(200, studio.page.canvas.height() - 140)
    studio.hand.move(place, Qt.MouseButton.NoButton)
    studio.hand.click(place)
    studio.page.canvas.setFocus()


def drag(studio: Studio) -> None:
    at = studio.hand.at_node(studio.node(DESK), 30)
    studio.hand.drag(at, at + QPointF(37, -41))


def connect(studio: Studio) -> None:
    hand = studio.hand
    hand.drag(hand.at_socket(studio.node(DESK)), hand.at_socket(studio.node("End"), "target"))


def cut_an_edge(studio: Studio) -> None:
    canvas = studio.page.canvas
    canvas.select_edge(next(iter(canvas.graph.edges)))
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Delete)


def typed(name: str) -> Do:
    """Words typed into a field of the inspector."""

    def done(studio: Studio) -> None:
        page = studio.page
        page.canvas.select([studio.node(DESK)])
        fields = {"title": page.inspector.title, "description": page.inspector.description}
        field = fields.get(name) or studio.field(name)
        field.setFocus()
        QTest.keyClicks(field, "words")
        page.canvas.setFocus()

    return done


def paste(studio: Studio) -> None:
    key(Qt.Key.Key_C, CTRL, DESK, REFUND)(studio)
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_V, CTRL)


def rename_the_workflow(studio: Studio) -> None:
    studio.window.do("rename_workflow")
    edit = studio.window.tab_bar.findChild(QLineEdit)
    QTest.keyClick(edit, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(edit, "Another name")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    studio.page.canvas.setFocus()


EDITS: dict[str, Do] = {
    "add": add,
    "add a note": note,
    "delete": key(Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier, DESK, REFUND),
    "cut": key(Qt.Key.Key_X, CTRL, DESK),
    "duplicate": key(Qt.Key.Key_D, CTRL, DESK),
    "paste": paste,
    "move by keys": key(Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, DESK),
    "move by hand": drag,
    "connect": connect,
    "connect to": menu("connect_to", DESK, words="End"),
    "delete a connection": cut_an_edge,
    "disconnect": menu("disconnect", DESK),
    "change type": menu("change_type", DESK, words="HTTP"),
    "switch off": key(Qt.Key.Key_E, CTRL, DESK),
    "title": typed("title"),
    "description": typed("description"),
    "setting": typed("Template"),
    "organize": key(Qt.Key.Key_O, CTRL),
    "align": menu("align_left", DESK, "End", "Start"),
    "align the middles": menu("align_middle", DESK, "End", "Start"),
    "rename the workflow": rename_the_workflow,
}


def check_undo(studio: Studio, do: Do) -> None:
    page = studio.page
    studio.activate()
    studio.settle()
    document = page.session.document
    before, steps = content_hash(document.workflow), document.steps()[1]
    nodes = document.workflow.graph.nodes
    do(studio)
    studio.settle()
    after = content_hash(document.workflow)
    assert after != before, "nothing was done"
    assert document.steps()[1] == steps + 1, "it is not one step"
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert content_hash(document.workflow) == before
    assert list(document.workflow.graph.nodes) == list(nodes), "also the order is as it was"
    QTest.keyClick(page.canvas, Qt.Key.Key_Y, CTRL)
    assert content_hash(document.workflow) == after


@pytest.mark.spec("editor.25")
@pytest.mark.parametrize("name", list(EDITS))
def test_each_kind_of_edit_is_one_step_there_and_back(studio: Studio, name: str) -> None:
    page = studio.sample("branch-on-a-condition")
    page.canvas.fit()
    check_undo(studio, EDITS[name])


def test_a_node_leaves_its_container_and_comes_back(studio: Studio) -> None:
    page = studio.sample("for-each-item")
    graph = page.session.document.graph
    room = next(n for n in graph.nodes.values() if n.is_container)
    child = next(n for n in graph.children(room.id) if not n.is_container_start)
    check_undo(studio, menu("move_out", child.title))
    moved = page.session.document.graph.nodes[child.id]
    assert moved.parent is None
    assert not {"iteration_id", "loop_id"} & set(moved.data)
    check_undo(studio, menu("move_in", child.title, words=room.title))
    assert page.session.document.graph.nodes[child.id].parent == room.id


def test_another_type_keeps_title_place_and_connections(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    desk = studio.node(DESK)
    before = page.session.document.graph
    menu("change_type", DESK, words="HTTP")(studio)
    after = page.session.document.graph
    assert after.nodes[desk].type == "http-request"
    assert after.nodes[desk].title == DESK
    assert (after.nodes[desk].x, after.nodes[desk].y) == (before.nodes[desk].x, before.nodes[desk].y)
    ends = lambda graph: sorted((e.source, e.target) for e in graph.edges.values())  # noqa: E731
    assert ends(after) == ends(before)


@pytest.mark.spec("editor.25")
def test_a_container_and_a_note_get_another_size_by_hand(studio: Studio) -> None:
    page = studio.sample("for-each-item")
    canvas = page.canvas
    note_id = canvas.edits.add_node("note", 0, 600)
    assert note_id is not None
    canvas.select([])
    canvas.fit()
    studio.settle()
    room = next(n.id for n in page.session.document.graph.nodes.values() if n.is_container)

    def pull(node_id: str) -> Do:
        def done(studio: Studio) -> None:
            corner = canvas.node_rect(node_id).bottomRight() - QPointF(2, 2)
            studio.hand.drag(corner, corner + QPointF(45, 30))

        return done

    for node_id in (room, note_id):
        before = page.session.document.graph.nodes[node_id].width
        check_undo(studio, pull(node_id))
        after = page.session.document.graph.nodes[node_id].width
        assert before is not None
        assert after is not None
        assert after > before
        canvas.select([])
        canvas.fit()
        studio.settle()
