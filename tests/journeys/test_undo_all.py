"""Undo of what is not a step, an edge or a setting: notes with text, variables, features, import, restore; and of
edits within containers, in chat flows and by the menus. All by clicks and keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from editor.canvas import metrics
from editor.canvas.lexical import to_plain
from editor.panels.palette import BlockSelector
from editor.panels.variables import VariableDialog
from editor.screenshot import wait_until
from engine.model.hashing import content_hash
from tests.helpers.hands import write_in
from tests.helpers.model import made, node
from tests.helpers.studio import TEMPLATES, Studio
from tests.journeys.test_first_hour import choose_in_list, popup
from tests.journeys.test_undo import CTRL, Do, check_undo, key
from tests.journeys.test_versions import choose, panel_of, publish, until_listed

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
DESK = "Senior desk"


def press(button: QWidget) -> None:
    QTest.mouseClick(button, LEFT)
    QApplication.processEvents()


def named(place: QWidget, kind: type[QWidget], name: str) -> QWidget:
    """The visible widget of a kind with an accessible name."""
    found = [w for w in place.findChildren(kind) if w.isVisible() and w.accessibleName() == name]
    assert found, f"nothing visible is called {name!r}"
    return found[0]


def choose_in_menu(menu: QMenu, words: str) -> None:
    """A click on a row of an open menu."""
    (row,) = [a for a in menu.actions() if a.text().split("\t")[0] == words]
    assert row.isEnabled(), words
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(row).center())
    QApplication.processEvents()


def open_menu() -> QMenu:
    shown = lambda: [w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible()]  # noqa: E731
    assert wait_until(lambda: bool(shown()), 10), "no menu is open"
    return shown()[-1]


# -- notes --------------------------------------------------------------------------------------------------------


def note_of(studio: Studio) -> str:
    return next(n.id for n in studio.page.session.document.graph.nodes.values() if n.is_note)


def words_of(studio: Studio) -> str:
    return to_plain(str(studio.page.session.document.graph.nodes[note_of(studio)].data["text"]))


def write(words: str) -> Do:
    """Double-click the note, write, and click the ground beside it."""

    def done(studio: Studio) -> None:
        canvas, hand = studio.page.canvas, studio.hand
        at = canvas.node_rect(note_of(studio)).center()
        hand.double_click(at)
        paper = canvas.findChild(QTextEdit)
        assert paper is not None
        QTest.keyClick(paper, Qt.Key.Key_End, CTRL)
        write_in(paper, words)
        canvas.setFocus()
        assert wait_until(lambda: canvas.note_editor is None, 10)

    return done


def paint_it(studio: Studio) -> None:
    canvas = studio.page.canvas
    studio.hand.double_click(canvas.node_rect(note_of(studio)).center())
    button = named(canvas, QAbstractButton, "Colour")
    press_for_menu(button, "Pink")
    canvas.setFocus()
    assert wait_until(lambda: canvas.note_editor is None, 10)


def press_for_menu(button: QWidget, words: str) -> None:
    """A button whose menu opens under the mouse and waits for the answer."""
    from PySide6.QtCore import QTimer

    def answer() -> None:
        choose_in_menu(open_menu(), words)

    QTimer.singleShot(0, button, answer)
    QTest.mouseClick(button, LEFT)


def drop_a_note(studio: Studio) -> None:
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_C)
    place = QPointF(200, studio.page.canvas.height() - 200)
    studio.hand.move(place, Qt.MouseButton.NoButton)
    studio.hand.click(place)
    studio.page.canvas.setFocus()


@pytest.mark.spec("editor.25", "editor.34")
def test_a_note_is_written_painted_copied_and_deleted_in_steps(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    canvas, document = page.canvas, page.session.document
    canvas.fit()
    studio.activate()
    canvas.setFocus()
    start = content_hash(document.workflow)
    drop_a_note(studio)
    check_undo(studio, write("Ask the desk first"))
    assert words_of(studio) == "Ask the desk first"
    check_undo(studio, write(" and 再问一次"))
    assert words_of(studio) == "Ask the desk first and 再问一次"
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert words_of(studio) == "Ask the desk first", "what was written at another time is another step"
    QTest.keyClick(canvas, Qt.Key.Key_Y, CTRL)
    check_undo(studio, paint_it)
    assert document.graph.nodes[note_of(studio)].data["theme"] == "pink"

    def copied(studio: Studio) -> None:
        studio.hand.click(canvas.node_rect(note_of(studio)).center())
        QTest.keyClick(canvas, Qt.Key.Key_C, CTRL)
        QTest.keyClick(canvas, Qt.Key.Key_V, CTRL)

    check_undo(studio, copied)
    texts = [n.data["text"] for n in document.graph.nodes.values() if n.is_note]
    assert len(texts) == 2
    assert texts[0] == texts[1]

    def deleted(studio: Studio) -> None:
        studio.hand.click(canvas.node_rect(note_of(studio)).center())
        QTest.keyClick(canvas, Qt.Key.Key_Delete)

    check_undo(studio, deleted)
    while document.can_undo:
        QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert content_hash(document.workflow) == start


# -- variables and features ---------------------------------------------------------------------------------------


def variable(kind: str, name: str, value: str, row: int | None = None) -> Do:
    """A variable is added, or that of a row gets another name and value, in the dialog."""

    def done(studio: Studio) -> None:
        panel = studio.page.panels["variables"]
        lists = panel.lists  # type: ignore[attr-defined]
        if row is None:
            adders = [b for b in panel.findChildren(QAbstractButton) if b.accessibleName() == "Add a variable"]
            press([b for b in adders if b.isVisible()][list(lists).index(kind)])
        else:
            item = lists[kind].item(row)
            QTest.mouseClick(lists[kind].viewport(), LEFT, pos=lists[kind].visualItemRect(item).center())
        dialog = studio.dialog(VariableDialog)
        field = named(dialog, QLineEdit, "Name")
        QTest.keyClick(field, Qt.Key.Key_A, CTRL)
        write_in(field, name)
        worth = named(dialog, QPlainTextEdit, "Value")
        QTest.keyClick(worth, Qt.Key.Key_A, CTRL)
        write_in(worth, value)
        press(dialog.findChildren(QDialogButtonBox)[0].button(QDialogButtonBox.StandardButton.Ok))
        assert not studio.window.findChildren(VariableDialog), "it is closed"

    return done


def without_variable(kind: str) -> Do:
    def done(studio: Studio) -> None:
        rows = studio.page.panels["variables"].lists[kind]  # type: ignore[attr-defined]
        rows.setFocus()
        rows.setCurrentRow(rows.count() - 1)
        QTest.keyClick(rows, Qt.Key.Key_Delete)

    return done


@pytest.mark.spec("editor.25")
@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        ("branch-on-a-condition", "environment"),
        ("chat-companion", "environment"),
        ("chat-companion", "conversation"),
    ],
)
def test_variables_come_change_and_go_in_steps(studio: Studio, sample: str, kind: str) -> None:
    page = studio.sample(sample)
    page.show_panel("variables")
    studio.settle()
    held = lambda: [  # noqa: E731
        (v.name, v.value) for v in getattr(page.session.document.workflow, f"{kind}_variables")
    ]
    before = len(held())
    check_undo(studio, variable(kind, "limit_of_all", "three"))
    assert held()[before] == ("limit_of_all", "three")
    check_undo(studio, variable(kind, "other_limit", "四", before))
    assert held()[before] == ("other_limit", "四")
    check_undo(studio, without_variable(kind))
    assert len(held()) == before


@pytest.mark.spec("editor.25", "editor.78")
@pytest.mark.parametrize("sample", ["branch-on-a-condition", "chat-companion"])
def test_a_feature_is_switched_on_in_one_step(studio: Studio, sample: str) -> None:
    page = studio.sample(sample)
    page.show_panel("features")
    studio.settle()

    def switched(studio: Studio) -> None:
        box = named(page.panels["features"], QCheckBox, "File upload")
        QTest.mouseClick(box, LEFT, pos=QPointF(8, box.height() / 2).toPoint())
        QApplication.processEvents()

    check_undo(studio, switched)


# -- the whole draft ----------------------------------------------------------------------------------------------


@pytest.mark.spec("editor.25")
@pytest.mark.parametrize("name", ["for-each-item", "loop-until-full"])
def test_an_import_over_the_draft_is_one_step(studio: Studio, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    page = studio.sample("branch-on-a-condition")
    file = str(TEMPLATES / f"{name}.yml")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_more: (file, ""))
    count = len(page.session.document.graph.nodes)

    def imported(studio: Studio) -> None:
        steps = page.session.document.steps()[1]
        canvas = page.canvas
        from PySide6.QtGui import QContextMenuEvent

        at = QPointF(canvas.width() - 20, canvas.height() - 20).toPoint()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.mapToGlobal(at))
        QApplication.sendEvent(canvas, event)
        choose_in_menu(open_menu(), "Import over this workflow")
        assert wait_until(lambda: page.session.document.steps()[1] > steps, 20), studio.messages.__dict__

    check_undo(studio, imported)
    assert any(n.is_container for n in page.session.document.graph.nodes.values())
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CTRL)
    assert len(page.session.document.graph.nodes) == count
    assert set(page.canvas.scene.items) == set(page.session.document.graph.nodes), "the canvas shows it"


@pytest.mark.spec("editor.25")
def test_a_restored_version_is_one_step(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    page.canvas.fit()
    page.show_panel("versions")
    publish(studio, "First")
    key(Qt.Key.Key_Delete, NONE, DESK)(studio)
    until_listed(panel_of(studio), 1)
    studio.messages.answers = [True]

    def restored(studio: Studio) -> None:
        steps = page.session.document.steps()[1]
        choose(panel_of(studio), "First", "Restore")
        assert wait_until(lambda: page.session.document.steps()[1] > steps, 20), studio.messages.__dict__

    check_undo(studio, restored)
    assert studio.node(DESK)


# -- other places -------------------------------------------------------------------------------------------------


def inner(studio: Studio) -> list[str]:
    graph = studio.page.session.document.graph
    room = next(n for n in graph.nodes.values() if n.is_container)
    return [n.id for n in graph.children(room.id) if not n.is_container_start]


def clicked_plus(title: str, choice: str) -> Do:
    """The socket of a node is clicked and a block is chosen."""

    def done(studio: Studio) -> None:
        hand = studio.hand
        node_id = studio.node(title)
        hand.hover(hand.at_node(node_id))
        hand.click(hand.at_socket(node_id))
        selector = popup(BlockSelector)
        assert isinstance(selector, BlockSelector)
        choose_in_list(selector.list, choice)

    return done


@pytest.mark.spec("editor.25")
@pytest.mark.parametrize("sample", ["for-each-item", "loop-until-full"])
def test_edits_within_a_container_are_steps(studio: Studio, sample: str) -> None:
    page = studio.sample(sample)
    document, canvas = page.session.document, page.canvas
    canvas.fit()
    first = inner(studio)[0]
    title = document.graph.nodes[first].title
    start = content_hash(document.workflow)
    check_undo(studio, clicked_plus(title, "Code"))
    assert len(inner(studio)) > 1
    for what in (
        key(Qt.Key.Key_D, CTRL, title),
        key(Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier, title),
        key(Qt.Key.Key_X, CTRL, title),
    ):
        check_undo(studio, what)
    while document.can_undo:
        QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert content_hash(document.workflow) == start
    while document.can_redo:
        QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert first not in document.graph.nodes


@pytest.mark.spec("editor.25")
def test_a_connection_is_cut_by_its_own_button_and_by_the_menu(studio: Studio) -> None:
    page = studio.sample("chat-companion")
    canvas = page.canvas
    canvas.fit()
    studio.settle()

    def cut(studio: Studio) -> None:
        hand = studio.hand
        middle = hand.at_edge(next(iter(page.session.document.graph.edges)))
        hand.hover(middle)
        hand.hover(middle + QPointF(12, 0))
        hand.click(middle + QPointF(12, 0))

    check_undo(studio, cut)
    edges = len(page.session.document.graph.edges)
    assert edges

    def by_menu(studio: Studio) -> None:
        from PySide6.QtGui import QContextMenuEvent

        at = studio.hand.at_edge(next(iter(page.session.document.graph.edges))).toPoint()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.mapToGlobal(at))
        QApplication.sendEvent(canvas, event)
        choose_in_menu(open_menu(), "Delete connection")

    check_undo(studio, by_menu)
    assert len(page.session.document.graph.edges) == edges - 1


@pytest.mark.spec("editor.10", "editor.25")
def test_a_branch_added_in_the_panel_makes_the_container_grow_in_the_same_step(studio: Studio) -> None:
    flow = made(
        [
            node("s", "start", variables=[]),
            {
                **node("room", "loop", x=320, start_node_id="in", loop_count=2, break_conditions=[]),
                "width": 460,
                "height": 240,
            },
            node("in", "loop-start", x=24, y=68, parent="room"),
            node("choice", "if-else", x=120, y=70, parent="room", cases=[], isInLoop=True, loop_id="room"),
        ],
        [("s", "room"), ("in", "choice")],
    )
    page = studio.open_app(studio.services.workflows.create("workflow", "App", workflow=flow))
    studio.activate()
    page.canvas.fit()
    studio.hand.click(studio.hand.at_node("choice"))
    studio.settle()
    items = page.canvas.scene.items

    def branch(studio: Studio) -> None:
        studio.click("Add ELIF")

    height = items["room"].box.height
    for _ in range(4):
        check_undo(studio, branch)
        assert items["choice"].box.bottom + metrics.ROOM_PAD_BOTTOM <= items["room"].box.bottom
    assert items["room"].box.height > height
