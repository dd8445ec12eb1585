"""Every key of the table: what it does on the canvas, and that it does nothing of it while somebody writes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QFileDialog,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from editor.actions import ACTIONS, BY_ID, PLACES
from editor.dialogs.goto import GoTo
from editor.dialogs.preferences import PreferencesDialog
from editor.dialogs.publish import PublishDialog
from editor.dialogs.shortcuts import ShortcutSheet
from editor.screenshot import wait_until
from editor.theme import theme
from tests.helpers.model import made, node
from tests.helpers.studio import Studio

NONE = Qt.KeyboardModifier.NoModifier
SHIFTED = dict(zip("1234567890", "!@#$%^&*()", strict=True))
Seen = Callable[[Studio], bool]


def press(widget: QWidget, keys: str) -> None:
    """Keys in portable words, as a keyboard sends them: Shift with a digit as the sign above it."""
    combination = QKeySequence(keys)[0]
    key, modifiers = combination.key(), combination.keyboardModifiers()
    letter = keys.split("+")[-1]
    if modifiers & Qt.KeyboardModifier.ShiftModifier and letter in SHIFTED:
        key = Qt.Key(ord(SHIFTED[letter]))
    QTest.keyClick(widget, key, modifiers)
    QApplication.processEvents()


def shown(kind: type[QWidget]) -> bool:
    found = [w for w in QApplication.allWidgets() if isinstance(w, kind) and w.isVisible()]
    for each in found:
        each.close()
    QApplication.processEvents()
    return bool(found)


def count(studio: Studio) -> int:
    return len(studio.page.session.document.graph.nodes)


def pressed_before(*keys: str) -> Callable[[Studio], None]:
    def prepare(studio: Studio) -> None:
        for each in keys:
            press(studio.page.canvas, each)

    return prepare


def second_tab(studio: Studio) -> None:
    studio.sample("http-and-json")
    studio.window.show_page(studio.window.workflow_pages()[0])
    studio.page.canvas.setFocus()


def short_flow(studio: Studio) -> None:
    """A workflow that asks for nothing, with its one step selected."""
    flow = made(
        [node("s", "start", variables=[]), node("step", "template-transform", x=320, template="Hi", variables=[])],
        [("s", "step")],
    )
    page = studio.open_app(studio.services.workflows.create("workflow", "Short", workflow=flow))
    studio.activate()
    page.canvas.select(["step"])
    page.canvas.setFocus()


def held(studio: Studio) -> None:
    """A run that holds before its step."""
    short_flow(studio)
    page = studio.page
    press(page.canvas, "F9")
    press(page.canvas, "F5")
    assert wait_until(lambda: page.session.debugging.current is not None, 20)
    page.canvas.setFocus()


# Keys, what is done before, and what is seen after. One node is selected.
DOES: list[tuple[str, Callable[[Studio], None] | None, Seen]] = [
    ("Del", None, lambda s: count(s) == NODES - 1),
    ("Backspace", None, lambda s: count(s) == NODES - 1),
    ("Ctrl+C", None, lambda s: "dify-workflow-clipboard" in QApplication.clipboard().text()),
    ("Ctrl+V", pressed_before("Ctrl+C"), lambda s: count(s) == NODES + 1),
    ("Ctrl+X", None, lambda s: count(s) == NODES - 1),
    ("Ctrl+D", None, lambda s: count(s) == NODES + 1),
    ("Ctrl+Z", pressed_before("Del"), lambda s: count(s) == NODES),
    ("Ctrl+Y", pressed_before("Del", "Ctrl+Z"), lambda s: count(s) == NODES - 1),
    ("Ctrl+Shift+Z", pressed_before("Del", "Ctrl+Z"), lambda s: count(s) == NODES - 1),
    ("V", pressed_before("H"), lambda s: s.page.canvas.mode == "pointer"),
    ("H", None, lambda s: s.page.canvas.mode == "hand"),
    ("C", None, lambda s: s.page.canvas.gesture is not None and s.page.canvas.cancel_gesture()),
    ("Ctrl+O", None, lambda s: s.page.session.document.undo_label == "Tidy up"),
    ("F", None, lambda s: not s.page.chrome and not s.window.top.isVisible()),
    ("Ctrl+1", None, lambda s: s.page.canvas.zoom != 0.8),
    ("Shift+1", None, lambda s: s.page.canvas.zoom == 1.0),
    ("Shift+5", None, lambda s: s.page.canvas.zoom == 0.5),
    ("Ctrl+0", None, lambda s: s.page.canvas.zoom == 1.0),
    ("Ctrl+-", None, lambda s: round(s.page.canvas.zoom, 3) == 0.7),
    ("Ctrl+=", None, lambda s: round(s.page.canvas.zoom, 3) == 0.9),
    ("Ctrl++", None, lambda s: round(s.page.canvas.zoom, 3) == 0.9),
    ("Alt+R", None, lambda s: s.page.drawer.isVisible()),
    ("F5", None, lambda s: s.page.drawer.isVisible()),
    ("Shift+F5", held, lambda s: wait_until(lambda: not s.page.session.is_running, 20)),
    ("Ctrl+Shift+H", None, lambda s: s.page.shown_panel == "versions"),
    ("Ctrl+Shift+P", None, lambda s: shown(PublishDialog)),
    ("Ctrl+K", None, lambda s: shown(GoTo)),
    ("Ctrl+A", None, lambda s: len(s.page.canvas.selected_nodes()) == NODES),
    ("Ctrl+S", None, lambda s: s.window._toast.words.text() == "Saved" and s.page.session.save_state == "saved"),
    ("Ctrl+F", None, lambda s: s.page.find_bar.isVisible()),
    ("F2", None, lambda s: QApplication.focusWidget() is s.page.inspector.title),
    ("Ctrl+Tab", second_tab, lambda s: s.page is s.window.workflow_pages()[1]),
    ("Ctrl+Shift+Tab", second_tab, lambda s: s.window.page is None),
    ("Ctrl+W", None, lambda s: not s.window.workflow_pages()),
    ("Ctrl+N", None, lambda s: wait_until(lambda: len(s.window.workflow_pages()) == 2, 20)),
    ("Ctrl+Shift+S", None, lambda s: ASKED.pop() == "save"),
    ("F10", short_flow, lambda s: wait_until(lambda: s.page.session.node_state("step") is not None, 20)),
    ("Ctrl+,", None, lambda s: shown(PreferencesDialog)),
    ("F1", None, lambda s: shown(ShortcutSheet)),
]
NODES = 7
ASKED: list[str] = []


@pytest.fixture
def desk(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A workflow with one node selected, at 80 %."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (ASKED.append("save"), ("", ""))[1])
    page = studio.sample("branch-on-a-condition")
    assert count(studio) == NODES
    studio.activate()
    QApplication.processEvents()
    page.canvas.look_at(0.8, 30, 30)
    page.canvas.edits.confirm = lambda _question: True  # another node reads the selected one
    page.canvas.select([studio.node("Senior desk")])
    page.canvas.setFocus()
    studio.messages.answers = [True]  # others read the node, which is asked before it goes
    QApplication.processEvents()
    return studio


@pytest.mark.spec("editor.1")
@pytest.mark.parametrize("keys", [keys for keys, _, _ in DOES])
def test_each_key_of_the_specification_does_what_it_says(desk: Studio, keys: str) -> None:
    _, prepare, seen = next(row for row in DOES if row[0] == keys)
    if prepare is not None:
        prepare(desk)
    press(desk.page.canvas, keys)
    assert seen(desk), keys
    if desk.window.page is not None and desk.page.session.is_running:
        desk.window.running.stop(desk.page)
        assert wait_until(lambda: not desk.page.session.is_running, 20)


# -- while somebody writes ----------------------------------------------------------------------------------------


def look(studio: Studio) -> dict[str, Any]:
    """All that keys could change, but for what is written itself."""
    page = studio.page
    graph = page.session.document.graph
    return {
        "nodes": {n.id: (n.x, n.y, n.type, n.parent, n.data.get("disabled")) for n in graph.nodes.values()},
        "edges": sorted(graph.edges),
        "camera": (page.canvas.camera.zoom, page.canvas.camera.x, page.canvas.camera.y),
        "mode": (page.canvas.mode, page.canvas.gesture is None),
        "selected": page.canvas.selected_nodes(),
        "panel": page.shown_panel,
        "drawer": (page.drawer.isVisible(), page.shown_tab),
        "chrome": page.chrome,
        "map": page.tools.minimap.wanted,
        "tabs": (studio.window.tab_bar.count(), studio.window.tab_bar.currentIndex()),
        "run": page.session.run is None,
        "marks": (sorted(page.session.breakpoints), sorted(page.session.pins.pins)),
        "dialogs": sorted(type(w).__name__ for w in QApplication.topLevelWidgets() if w.isVisible()),
        "theme": theme().is_dark,
        "focus": QApplication.focusWidget(),
    }


FIELDS = {
    "a title": ("step", QLineEdit, "Node title"),
    "a prompt": ("step", QTextEdit, "Prompt message 1"),
    "a template": ("jinja", QPlainTextEdit, "Template"),
    "a number": ("ask", QAbstractSpinBox, "After"),
    "the search of blocks": ("", QLineEdit, "Search blocks"),
    "a note": ("note", QTextEdit, "Note text"),
}
SILENT = [
    keys
    for row in ACTIONS
    if not row.in_text and not row.place
    for keys in row.keys
]  # fmt: skip


def written_in(studio: Studio, name: str) -> QWidget:
    """A field of the window with the keyboard in it, over a workflow with all sorts of nodes."""
    model = {"provider": "p", "name": "m", "mode": "chat", "completion_params": {}}
    flow = made(
        [
            node("s", "start", variables=[]),
            node("step", "llm", x=320, model=model, prompt_template=[{"id": "1", "role": "user", "text": "Hello"}]),
            node("jinja", "template-transform", x=640, template="Hello", variables=[]),
            node("ask", "human-input", x=960, form_content="", inputs=[], user_actions=[], timeout=3),
        ],
        [("s", "step"), ("step", "jinja"), ("jinja", "ask")],
    )
    page = studio.open_app(studio.services.workflows.create("workflow", "App", workflow=flow))
    studio.activate()
    chosen, kind, field = FIELDS[name]
    if chosen == "note":
        made_note = page.canvas.edits.add_node("note", 0, 300)
        assert made_note is not None
        page.canvas.fit()
        studio.hand.double_click(page.canvas.node_rect(made_note).center())
    elif chosen:
        page.canvas.select([chosen])
    QApplication.processEvents()
    found = [w for w in page.findChildren(kind) if w.isVisible() and w.accessibleName() == field]
    assert found, sorted({w.accessibleName() for w in page.findChildren(kind) if w.isVisible()})
    found[0].setFocus()
    QApplication.processEvents()
    assert QApplication.focusWidget() is found[0]
    return found[0]


@pytest.mark.spec("editor.1")
@pytest.mark.parametrize("name", list(FIELDS))
def test_no_key_of_the_table_acts_while_somebody_writes(studio: Studio, name: str) -> None:
    field = written_in(studio, name)
    before = look(studio)
    acted = []
    for keys in SILENT:
        press(field, keys)
        after = look(studio)
        if after != before:
            acted.append((keys, [part for part in before if before[part] != after[part]]))
            break
    assert not acted


@pytest.mark.spec("editor.1")
def test_arrows_enter_space_and_tab_belong_to_the_field(studio: Studio) -> None:
    field = written_in(studio, "a prompt")
    before = look(studio)
    for keys in ("Left", "Shift+Left", "Up", "Down", "Return", "Space", "Shift+Right"):
        press(field, keys)
    assert look(studio) == before


# -- the table itself ---------------------------------------------------------------------------------------------


def test_the_keys_of_the_table_are_written_as_they_are_read() -> None:
    for row in ACTIONS:
        for keys in row.keys:
            assert QKeySequence(keys).toString(QKeySequence.SequenceFormat.PortableText) == keys, row.id


def test_each_place_has_keys_and_each_row_a_way_to_them() -> None:
    assert {row.place for row in ACTIONS} == {"", *PLACES}
    for one, other in itertools.combinations(ACTIONS, 2):
        assert one.id != other.id
    assert all(not row.menu for row in ACTIONS if row.place)


@pytest.mark.spec("editor.1")
def test_the_specification_names_keys_that_the_table_has(studio: Studio) -> None:
    known = {keys for row in ACTIONS for keys in row.keys}
    assert {keys for keys, _, _ in DOES} <= known
    assert BY_ID["run"].keys == ("F5", "Alt+R")
