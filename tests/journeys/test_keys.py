"""Keys: the sheet, other keys for a command, finding nodes, going to anything, the whole path without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from editor.actions import ACTIONS, BY_ID, may_share_keys
from editor.dialogs.goto import GoTo
from editor.dialogs.shortcuts import ShortcutSheet
from editor.keymap import Keymap, native
from editor.panels.forms.beginnings import BeginningButton
from editor.panels.forms.json_edit import JsonEdit
from editor.panels.forms.parts import Grip
from editor.panels.forms.template_edit import TemplateEdit
from editor.panels.palette import BlockSelector, Palette
from editor.panels.variable_picker import VariablePicker
from editor.screenshot import wait_until
from editor.settings import Preferences
from editor.windows.page import WorkflowPage
from editor.windows.starts import StartMenu
from editor.windows.toast import Toast
from tests.helpers.model import made, node
from tests.helpers.studio import Studio, opened_studio
from tests.journeys.test_first_hour import popup

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier


def sheet_of(studio: Studio) -> ShortcutSheet:
    studio.activate()
    QTest.keyClick(studio.window, Qt.Key.Key_F1)
    dialog = studio.dialog(ShortcutSheet)
    assert isinstance(dialog, ShortcutSheet)
    return dialog


def choose(sheet: ShortcutSheet, words: str) -> None:
    sheet.search.clear()
    QTest.keyClicks(sheet.search, words)


@pytest.mark.spec("editor.2")
def test_the_sheet_lists_every_command_and_a_new_key_works_after_a_restart(tmp_path: Path) -> None:
    with opened_studio(tmp_path) as studio:
        studio.sample("parallel-summaries")
        sheet = sheet_of(studio)
        assert set(sheet.items) == {row.id for row in ACTIONS}
        assert sheet.items["undo"].text(1) == native("Ctrl+Z")

        choose(sheet, "tidy")
        assert sheet.action_id == "organize"
        sheet.capture.setFocus()
        QTest.keyClick(sheet.capture, Qt.Key.Key_K, CTRL)
        assert "Go to anything" in sheet.fault.text(), "the conflict is said before anything is saved"
        assert "Ctrl+K" in studio.window.studio.keymap.keys("palette")
        sheet.capture.setFocus()
        QTest.keyClick(sheet.capture, Qt.Key.Key_J, CTRL)
        assert sheet.fault.text() == ""
        QTest.mouseClick(sheet.assign, Qt.MouseButton.LeftButton)
        assert studio.window.studio.keymap.keys("organize") == ("Ctrl+J",)
        sheet.accept()

    with opened_studio(tmp_path) as studio:
        page = studio.sample("parallel-summaries")
        studio.activate()
        page.canvas.setFocus()
        QTest.keyClick(page.canvas, Qt.Key.Key_O, CTRL)
        assert not page.session.document.can_undo, "the old key does nothing any more"
        QTest.keyClick(page.canvas, Qt.Key.Key_J, CTRL)
        assert page.session.document.undo_label == "Tidy up"
        sheet = sheet_of(studio)
        choose(sheet, "tidy")
        QTest.mouseClick(sheet.reset, Qt.MouseButton.LeftButton)
        assert sheet.items["organize"].text(1).startswith(native("Ctrl+O"))
        sheet.accept()


@pytest.mark.spec("editor.2")
def test_keys_that_are_taken_over_leave_the_other_command() -> None:
    keymap = Keymap(Preferences(None))
    assert [row.id for row in keymap.conflicts("undo", "Ctrl+K")] == ["palette"]
    keymap.assign("undo", ("Ctrl+K",))
    assert keymap.keys("palette") == ()
    action = keymap.action_for("Ctrl+K")
    assert action is not None
    assert action.id == "undo"
    keymap.reset("palette")
    assert keymap.keys("undo") == ()
    keymap.reset()
    assert keymap.keys("undo") == ("Ctrl+Z",)


@pytest.mark.spec("editor.2")
@pytest.mark.parametrize(
    ("words", "name", "key", "modifiers"),
    [
        ("format the json", "lay_out", Qt.Key.Key_L, CTRL | ALT),
        ("favourite", "favourite", Qt.Key.Key_F, CTRL | ALT),
        ("about this block", "about_block", Qt.Key.Key_F12, Qt.KeyboardModifier.NoModifier),
        ("move left", "nudge_left", Qt.Key.Key_J, Qt.KeyboardModifier.NoModifier),
        ("move far down", "nudge_far_down", Qt.Key.Key_Down, CTRL),
        ("delete", "delete", Qt.Key.Key_D, CTRL | ALT),
    ],
)
def test_keys_of_parts_of_the_window_can_be_others_after_a_restart(
    tmp_path: Path, words: str, name: str, key: Qt.Key, modifiers: Qt.KeyboardModifier
) -> None:
    with opened_studio(tmp_path) as studio:
        sheet = sheet_of(studio)
        choose(sheet, words)
        sheet.tree.setCurrentItem(sheet.items[name])
        assert sheet.action_id == name
        assert sheet.items[name].text(1).startswith(native(BY_ID[name].keys[0]))
        sheet.capture.setFocus()
        QTest.keyClick(sheet.capture, key, modifiers)
        assert sheet.fault.text() == ""
        QTest.mouseClick(sheet.assign, Qt.MouseButton.LeftButton)
        sheet.accept()

    with opened_studio(tmp_path) as studio:
        page = studio.sample("branch-on-a-condition")
        studio.activate()
        old = QKeySequence(BY_ID[name].keys[0])[0]
        worked = []
        for pressed, held in ((old.key(), old.keyboardModifiers()), (key, modifiers)):
            studio.messages.answers[:] = [True]  # what others read is deleted only when somebody says so
            worked.append(DOES[name](studio, pressed, held))
            studio.settle()
        assert worked == [False, True], "the new key and no longer the old one"
        assert page.session.document.graph.nodes


Tried = Callable[[Studio, Qt.Key, Qt.KeyboardModifier], bool]


def changes_place(studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
    page = studio.page
    desk = studio.node("Senior desk")
    page.canvas.select([desk])
    page.canvas.setFocus()
    before = page.session.document.graph.nodes[desk]
    QTest.keyClick(page.canvas, key, modifiers)
    return page.session.document.graph.nodes[desk] != before


def deletes(studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
    page = studio.page
    page.canvas.select([studio.node("Senior desk")])
    page.canvas.setFocus()
    count = len(page.session.document.graph.nodes)
    QTest.keyClick(page.canvas, key, modifiers)
    return len(page.session.document.graph.nodes) < count


def lays_out(studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
    edit = JsonEdit(studio.window)
    edit.setPlainText('{"a": 1}')
    edit.show()
    edit.setFocus()
    QTest.keyClick(edit, key, modifiers)
    done = "\n" in edit.toPlainText()
    edit.deleteLater()
    return done


def becomes_favourite(studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
    palette = studio.page.panels["palette"]
    assert isinstance(palette, Palette)
    studio.page.show_panel("palette")
    QTest.keyClicks(palette.search, "code")
    palette.search.setFocus()
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    before = list(studio.window.studio.habits.liked)
    QTest.keyClick(palette.search, key, modifiers)
    palette.search.clear()
    return list(studio.window.studio.habits.liked) != before


def tells_about(studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
    from editor.dialogs.block_help import BlockHelpWindow

    studio.page.canvas.setFocus()
    QTest.keyClick(studio.page.canvas, Qt.Key.Key_A)
    selector = popup(BlockSelector)
    assert isinstance(selector, BlockSelector)
    QTest.keyClicks(selector.search, "code")
    QTest.keyClick(selector.search, key, modifiers)
    QApplication.processEvents()
    shown = [w for w in QApplication.allWidgets() if isinstance(w, BlockHelpWindow) and w.isVisible()]
    for each in (*shown, selector):
        each.close()
    QApplication.processEvents()
    return bool(shown)


DOES: dict[str, Tried] = {
    "lay_out": lays_out,
    "favourite": becomes_favourite,
    "about_block": tells_about,
    "nudge_left": changes_place,
    "nudge_far_down": changes_place,
    "delete": deletes,
}


@pytest.mark.spec("editor.1", "editor.2")
def test_keys_that_are_held_or_walk_can_be_others_too(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    canvas = page.canvas
    sheet = sheet_of(studio)
    for name, key in (("hold_relations", Qt.Key.Key_R), ("hold_view", Qt.Key.Key_Shift), ("walk_on", Qt.Key.Key_N),
                      ("walk_back", Qt.Key.Key_B)):  # fmt: skip
        choose(sheet, BY_ID[name].text)
        sheet.tree.setCurrentItem(sheet.items[name])
        sheet.capture.setFocus()
        QTest.keyClick(sheet.capture, key)
        QTest.mouseClick(sheet.assign, Qt.MouseButton.LeftButton)
    assert studio.window.studio.keymap.keys("hold_view") == ("Shift",)
    sheet.accept()
    studio.activate()
    canvas.setFocus()

    QTest.keyClick(canvas, Qt.Key.Key_N)
    first = canvas.selected_nodes()
    assert len(first) == 1
    QTest.keyClick(canvas, Qt.Key.Key_N)
    assert canvas.selected_edge() or canvas.selected_nodes() not in ([], first)
    QTest.keyClick(canvas, Qt.Key.Key_B)
    assert canvas.selected_nodes() == first
    for old in (Qt.Key.Key_Space, Qt.Key.Key_Shift):
        QTest.keyPress(canvas, old)
        assert not canvas.runs.relations
        assert canvas.space_held == (old == Qt.Key.Key_Shift)
        QTest.keyRelease(canvas, old)
        assert not canvas.space_held
    assert canvas.selected_nodes() == [], "a tap selects, or no longer"
    QTest.keyClick(canvas, Qt.Key.Key_Shift)
    assert canvas.selected_nodes() == first
    QTest.keyPress(canvas, Qt.Key.Key_R)
    assert canvas.runs.relations
    QTest.keyRelease(canvas, Qt.Key.Key_R)
    assert not canvas.runs.relations
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert not canvas.hasFocus(), "Tab does what it does everywhere"


@pytest.mark.spec("editor.2")
def test_keys_of_rows_menus_and_texts_can_be_others_too(studio: Studio) -> None:
    keymap = studio.window.studio.keymap
    for name, keys in (("row_down", "Ctrl+Alt+J"), ("begin_all", "X"), ("pick_variable", "Ctrl+Space")):
        keymap.assign(name, (keys,))
    nodes = [node(name, "trigger-schedule", title=name, frequency="daily") for name in ("t1", "t2")]
    cases = [{"case_id": str(n), "id": str(n), "logical_operator": "and", "conditions": []} for n in (1, 2)]
    ways = [node("if", "if-else", title="Way", cases=cases), node("say", "answer", title="Say", answer="")]
    flow = made([*nodes, *ways[:1]], [("t1", "if")])
    page = studio.open_app(studio.services.workflows.create("workflow", "Ways", workflow=flow))
    studio.activate()
    page.canvas.select(["if"])
    studio.settle()
    grip = next(g for g in page.inspector.findChildren(Grip) if g.isVisible())
    grip.setFocus()
    QTest.keyClick(grip, Qt.Key.Key_Down, ALT)
    assert [c["case_id"] for c in page.session.document.graph.nodes["if"].data["cases"]] == ["1", "2"]
    QTest.keyClick(grip, Qt.Key.Key_J, CTRL | ALT)
    assert [c["case_id"] for c in page.session.document.graph.nodes["if"].data["cases"]] == ["2", "1"]

    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_R, ALT)
    menu = popup(StartMenu)
    assert isinstance(menu, StartMenu)
    assert menu.actions()[0].text().endswith("\tX")
    menu.close()

    chat = made([node("start", "start"), ways[1]], [("start", "say")], mode="advanced-chat")
    page = studio.open_app(studio.services.workflows.create("advanced-chat", "Talk", workflow=chat))
    studio.activate()
    page.canvas.select(["say"])
    studio.settle()
    text = studio.field("Answer", TemplateEdit)
    assert isinstance(text, TemplateEdit)
    text.setFocus()
    QTest.keyClicks(text, "{")
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, VariablePicker) and w.isVisible()]
    QTest.keyClick(text, Qt.Key.Key_Space, CTRL)
    picker = popup(VariablePicker)
    assert isinstance(picker, VariablePicker)
    QTest.keyClicks(picker.search, "query")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    assert wait_until(lambda: "sys.query" in page.session.document.graph.nodes["say"].data["answer"], 5)
    assert page.session.document.graph.nodes["say"].data["answer"].startswith("{{{#"), "what was written stays"


@pytest.mark.spec("editor.2")
def test_a_key_of_another_part_that_would_be_lost_is_named_before(studio: Studio) -> None:
    sheet = sheet_of(studio)
    choose(sheet, "favourite")
    sheet.tree.setCurrentItem(sheet.items["favourite"])
    sheet.capture.setFocus()
    QTest.keyClick(sheet.capture, Qt.Key.Key_Left)
    assert "Move left" in sheet.fault.text()
    QTest.keyClick(sheet.capture, Qt.Key.Key_S, CTRL)
    assert "Save now" in sheet.fault.text()
    QTest.mouseClick(sheet.assign, Qt.MouseButton.LeftButton)
    keymap = studio.window.studio.keymap
    assert keymap.keys("save") == ()
    assert keymap.keys("favourite") == ("Ctrl+S",)
    # Keys within a text stand beside those of the window.
    sheet.tree.setCurrentItem(sheet.items["bold"])
    sheet.capture.setFocus()
    QTest.keyClick(sheet.capture, Qt.Key.Key_D, CTRL)
    assert sheet.fault.text() == ""
    sheet.accept()


def test_no_two_commands_have_the_same_keys_from_the_start() -> None:
    pairs = [(a, b) for place, a in enumerate(ACTIONS) for b in ACTIONS[:place] if set(a.keys) & set(b.keys)]
    assert [(a.id, b.id) for a, b in pairs if not may_share_keys(a, b)] == []


def says(page: WorkflowPage, words: str) -> bool:
    """Whether the note that passes by holds these words."""
    return any(words in label.text() for label in page.window().findChildren(Toast)[0].findChildren(QLabel))


@pytest.mark.spec("editor.1")
@pytest.mark.parametrize(
    ("key", "modifiers", "seen"),
    [
        (Qt.Key.Key_H, Qt.KeyboardModifier.NoModifier, lambda p: p.canvas.mode == "hand"),
        (Qt.Key.Key_O, CTRL, lambda p: p.session.document.undo_label == "Tidy up"),
        (Qt.Key.Key_F, Qt.KeyboardModifier.NoModifier, lambda p: not p.chrome and says(p, "F / Esc")),
        (Qt.Key.Key_Exclam, SHIFT, lambda p: p.canvas.zoom == 1.0),
        (Qt.Key.Key_Percent, SHIFT, lambda p: p.canvas.zoom == 0.5),
        (Qt.Key.Key_0, CTRL, lambda p: p.canvas.zoom == 1.0),
        (Qt.Key.Key_H, CTRL | SHIFT, lambda p: p.shown_panel == "versions"),
        (Qt.Key.Key_F, CTRL, lambda p: p.find_bar.isVisible()),
        (Qt.Key.Key_C, Qt.KeyboardModifier.NoModifier, lambda p: p.canvas.gesture is not None),
        (Qt.Key.Key_A, CTRL, lambda p: len(p.canvas.selected_nodes()) == len(p.canvas.graph.nodes)),
        (Qt.Key.Key_R, ALT, lambda p: p.drawer.isVisible()),
    ],
)
def test_a_shortcut_works_on_the_canvas_and_not_in_a_text_field(
    studio: Studio, key: Qt.Key, modifiers: Qt.KeyboardModifier, seen: object
) -> None:
    assert callable(seen)
    page = studio.sample("parallel-summaries")
    page.canvas.zoom_to(0.8)
    studio.activate()
    page.canvas.select([studio.node("Start")])
    page.inspector.title.setFocus()
    if not (key == Qt.Key.Key_F and modifiers == CTRL):  # finding is meant to work everywhere
        QTest.keyClick(page.inspector.title, key, modifiers)
        assert not seen(page), "the field has the key"
    page.canvas.select([])
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, key, modifiers)
    assert seen(page)
    page.canvas.cancel_gesture()


@pytest.mark.spec("editor.32")
@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("positive", {"Positive"}),
        ("template", {"Positive", "Negative"}),
        ("it went well", {"Positive"}),
    ],
)
def test_the_find_bar_finds_titles_types_and_texts(studio: Studio, words: str, titles: set[str]) -> None:
    from engine.model.edits import SetField

    page = studio.sample("branch-on-a-condition")
    document = page.session.document
    found = [n for n in document.graph.nodes.values() if n.type == "template-transform"]
    for each, title in zip(found, ("Positive", "Negative"), strict=False):
        page.session.submit(SetField(each.id, ("title",), title), "t")
    page.session.submit(SetField(found[0].id, ("template",), "So it went well"), "t")
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_F, CTRL)
    bar = page.find_bar
    QTest.keyClicks(bar.edit, words)
    assert {document.graph.node(n).title for n in bar.found} == titles
    QTest.keyClick(bar.edit, Qt.Key.Key_Return)
    assert page.canvas.selected_nodes() == bar.found[:1]
    assert bar.count.text() == f"1 of {len(titles)}"
    rect = page.canvas.node_rect(bar.found[0]).center()
    assert abs(rect.x() - page.canvas.width() / 2) < 40
    assert page.canvas._flash is not None
    QTest.keyClick(bar.edit, Qt.Key.Key_Return)
    assert page.canvas.selected_nodes() == [bar.found[1 % len(bar.found)]]
    QTest.keyClick(bar.edit, Qt.Key.Key_Return, SHIFT)
    assert page.canvas.selected_nodes() == bar.found[:1]
    bar.edit.clear()
    QTest.keyClicks(bar.edit, found[-1].id)
    assert found[-1].id in bar.found
    bar.edit.clear()
    QTest.keyClicks(bar.edit, "nothing like this")
    assert bar.count.text() == "No match found"
    QTest.keyClick(bar.edit, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert page.canvas.hasFocus()


def go_to(studio: Studio) -> GoTo:
    QTest.keyClick(studio.window, Qt.Key.Key_K, CTRL)
    dialog = popup(GoTo)
    assert isinstance(dialog, GoTo)
    return dialog


@pytest.mark.spec("editor.33")
def test_go_to_anything_reaches_commands_nodes_workflows_versions_and_runs(studio: Studio) -> None:
    other = studio.sample("http-and-json")
    page = studio.sample("code-with-an-error-branch")
    app_id = page.session.app_id
    version = studio.services.versions.publish(app_id, name="Milestone", force=True)
    assert studio.run({"total": 42, "people": 4})["status"] == "succeeded"
    studio.activate()

    def titles(words: str) -> list[str]:
        dialog.search.clear()
        if words.isascii():
            QTest.keyClicks(dialog.search, words)
        else:  # QTest types no other characters
            dialog.search.insert(words)
        QApplication.processEvents()
        return [e.title for e in dialog.entries]

    dialog = go_to(studio)
    for row in ACTIONS:
        if row.id not in ("escape", "palette") and studio.window.can(row.id):
            assert row.text in titles(f"@command {row.text}"), row.id
    for each in page.session.document.graph.nodes.values():
        if each.title:
            assert each.title in titles(f"@node {each.title}")
    assert wait_until(lambda: other.session.name in titles(f"@app {other.session.name}"), 10)
    assert wait_until(lambda: "Milestone" in titles("@version mile"), 10)
    assert version.name == "Milestone"
    assert wait_until(lambda: bool(titles("@run ")), 10)
    dialog.search.clear()
    QTest.keyClicks(dialog.search, f"@app {other.session.name}")
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    assert wait_until(lambda: studio.page is other, 10)


@pytest.mark.spec("editor.33")
def test_go_to_anything_finds_one_of_2000_nodes(studio: Studio) -> None:
    from engine.model.edits import AddNode, Group
    from tests.helpers.canvas import node

    page = studio.sample("parallel-summaries")
    many = tuple(AddNode(node(f"n{i}", 300 * (i % 50), 200 * (i // 50), title=f"Step {i}")) for i in range(2000))
    page.session.submit(Group("many", many), "many")
    wait_until(lambda: False, 0.5)
    studio.activate()
    go_to(studio).close()  # what is loaded once is loaded
    dialog = go_to(studio)
    QTest.keyClicks(dialog.search, "@node Step 1999")
    assert [e.title for e in dialog.entries] == ["Step 1999"]
    dialog.close()


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key for whatever has the keyboard; something always must."""
    QApplication.processEvents()
    target = QApplication.focusWidget()
    assert target is not None, "nothing has the keyboard"
    QTest.keyClick(target, key, modifiers)


def tab_to(wanted: QWidget) -> None:
    """Press Tab until a control has the keyboard."""
    for _ in range(60):
        if QApplication.focusWidget() is wanted:
            return
        press(Qt.Key.Key_Tab)
    pytest.fail(f"Tab does not reach {wanted.accessibleName()!r}")


@pytest.mark.spec("editor.81")
def test_the_whole_path_by_keyboard(studio: Studio) -> None:
    studio.activate()
    QTest.keyClick(studio.window, Qt.Key.Key_N, CTRL)
    assert wait_until(lambda: studio.window.page is not None, 20)
    page = studio.page
    document = page.session.document
    canvas = page.canvas
    studio.activate()
    assert wait_until(canvas.hasFocus, 10)

    # What it begins with: Enter goes to the choices of the panel.
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert canvas.selected_nodes() == [studio.node("Workflow start")]
    press(Qt.Key.Key_Return)
    assert isinstance(QApplication.focusWidget(), BeginningButton)
    press(Qt.Key.Key_Space)
    studio.activate()
    assert wait_until(canvas.hasFocus, 5), "what was chosen is there, and one goes on with it"

    # Three nodes, each behind the one before.
    assert canvas.selected_nodes() == [studio.node("Start")]
    for words in ("template", "template", "output"):
        QTest.keyClick(canvas, Qt.Key.Key_A)
        selector = popup(BlockSelector)
        assert isinstance(selector, BlockSelector)
        QTest.keyClicks(selector.search, words)
        QTest.keyClick(selector.search, Qt.Key.Key_Return)
        studio.activate()
        assert wait_until(canvas.hasFocus, 5)
    assert [n.type for n in document.graph.nodes.values()] == [
        "start",
        "template-transform",
        "template-transform",
        "end",
    ]
    assert len(document.graph.edges) == 3

    # One connection more, chosen from the list of what may be connected.
    first, second = [n.id for n in document.graph.nodes.values() if n.type == "template-transform"]
    QTest.keyClick(canvas, Qt.Key.Key_Backtab, SHIFT)
    while canvas.selected_nodes() != [first]:
        QTest.keyClick(canvas, Qt.Key.Key_Backtab, SHIFT)
    QTest.keyClick(canvas, Qt.Key.Key_E)
    chooser = popup(GoTo)
    assert isinstance(chooser, GoTo)
    QTest.keyClicks(chooser.search, "output")
    QTest.keyClick(chooser.search, Qt.Key.Key_Return)
    studio.activate()
    assert len(document.graph.edges) == 4

    # A text with a variable: into the inspector with Enter, to the template with Tab, `{` opens the picker.
    for each in (first, second):
        canvas.select([each])
        canvas.state.focused = each
        canvas.setFocus()
        press(Qt.Key.Key_Return)
        assert page.inspector.isAncestorOf(QApplication.focusWidget())
        tab_to(studio.field("Remove", QAbstractButton))
        press(Qt.Key.Key_Space)
        studio.settle()
    template = studio.field("Template")
    tab_to(template)
    QTest.keyClick(template, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(template, "Read: ")
    QTest.keyClick(template, Qt.Key.Key_Escape)
    assert wait_until(canvas.hasFocus, 5), "Escape leads back to the canvas"
    assert document.graph.node(second).data["template"].startswith("Read: ")

    # The output reads the template's text.
    end = studio.node("Output")
    canvas.select([end])
    canvas.state.focused = end
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    tab_to(studio.field("Add output", QAbstractButton))
    press(Qt.Key.Key_Space)
    studio.settle()
    tab_to(studio.field("Output value", QAbstractButton))
    press(Qt.Key.Key_Space)
    from editor.panels.variable_picker import VariablePicker

    picker = popup(VariablePicker)
    assert isinstance(picker, VariablePicker)
    QTest.keyClicks(picker.search, "output")
    QTest.keyClick(picker.search, Qt.Key.Key_Return)
    studio.activate()
    assert wait_until(lambda: bool(document.graph.node(end).data["outputs"][-1]["value_selector"]), 5)

    # Run, read the trace, publish.
    press(Qt.Key.Key_F5)
    assert wait_until(lambda: page.session.run_state is not None and page.session.run_state.is_over, 30)
    QTest.keyClick(studio.window, Qt.Key.Key_T, CTRL)
    assert page.shown_tab == "trace"
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_P, CTRL | SHIFT)
    from editor.dialogs.publish import PublishDialog

    dialog = studio.dialog(PublishDialog)
    assert isinstance(dialog, PublishDialog)
    QTest.keyClicks(dialog.name, "By keys")
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    assert wait_until(lambda: [v.name for v in studio.services.versions.list(page.session.app_id)] == ["By keys"], 10)


def test_a_slash_means_commands_of_the_palette(studio: Studio) -> None:
    page = studio.sample("branch-on-a-condition")
    studio.activate()
    page.canvas.setFocus()
    QTest.keyClick(page.canvas, Qt.Key.Key_K, CTRL)
    palette = next(w for w in studio.window.findChildren(GoTo) if w.isVisible())
    QTest.keyClicks(palette.search, "/zen")
    assert [e.title for e in palette.entries] == ["Canvas only"]
    palette.search.clear()
    QTest.keyClicks(palette.search, "/language")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    try:
        assert studio.window.studio.preferences.get("language") == "zh_CN"
        assert page.tools.mode_buttons["hand"].toolTip().startswith("手模式")
    finally:
        studio.window.do("language")
    assert page.tools.mode_buttons["hand"].toolTip().startswith("Hand")
